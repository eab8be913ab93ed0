"""What a classifier takes for settings that were left open: formulas of the number and the size of the images."""

import numpy as np

from foveal.tasks.contract import Choice, Situation

RATE_FROM_SCRATCH = 2e-3


def choose(situation: Situation) -> Choice:
    """Sizes, batch, epochs, rate and patience."""
    num, small = situation.num_images, situation.small
    eval_size = situation.eval_size or choose_eval_size(situation.side_px, small=small)
    return Choice(
        size=choose_train_size(eval_size, small=small),
        eval_size=eval_size,
        batch_size=choose_batch_size(num),
        epochs=choose_epochs(num, small=small),
        lr=RATE_FROM_SCRATCH if situation.from_scratch else choose_rate(num),
        patience=0 if situation.from_scratch else 2,
    )


def choose_eval_size(side_px: int, *, small: bool) -> int:
    """Side of the input in use: the usual shorter side, in steps of 32 from 128 to 224.

    A small network of plain convolutions takes 32 to 96, in steps of 16.
    """
    if small:
        return int(np.clip(round(side_px / 16) * 16, 32, 96))
    return int(np.clip(round(side_px / 32) * 32, 128, 224))


def choose_train_size(eval_size: int, *, small: bool) -> int:
    """Side of the input in training: a little less, 128 at least.

    Random crops show things larger than they are in use (Touvron et al. 2019, "Fixing the train-test resolution
    discrepancy"), and a step is quicker; at three quarters the two sizes are too far apart (docs/LOG.md). A small
    network, trained from nothing, keeps the size.
    """
    return eval_size if small else max(128, round(eval_size * 0.85 / 32) * 32)


def choose_batch_size(num_images: int) -> int:
    """32, less for small sets so that an epoch has about eight steps."""
    return min(32, max(8, num_images // 8), num_images)


def choose_epochs(num_images: int, *, small: bool) -> int:
    """About 24,000 looks at images, from 3 to 8 epochs; from random weights more, from 10 to 60."""
    if small:
        return int(np.clip(round(42_000 / num_images), 10, 60))
    return int(np.clip(round(24_000 / num_images), 3, 8))


def choose_rate(num_images: int) -> float:
    """Peak rate of fine-tuning: few images move pretrained weights little (docs/LOG.md)."""
    return float(np.clip(1e-7 * num_images, 5e-5, 3e-4))
