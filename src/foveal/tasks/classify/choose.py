"""Defaults of a classifier, by the number and the size of the images."""

import numpy as np

from foveal.tasks.contract import Choice, Situation
from foveal.types.size import Size

RATE_FROM_SCRATCH = 2e-3
FULL_RATE_ERROR = 0.25
"""Error of the fitted head, relative to guessing, from which fine-tuning takes the full learning rate."""
SMALLEST_FACTOR = 0.02


def choose(situation: Situation) -> Choice:
    """Input sizes, batch size, epochs, learning rate and patience."""
    num, small = situation.num_images, situation.small
    eval_size = situation.eval_size or choose_eval_size(situation.side_px, small=small)
    return Choice(
        size=choose_train_size(eval_size, small=small),
        eval_size=eval_size,
        batch_size=choose_batch_size(num),
        epochs=choose_epochs(num, from_scratch=small and situation.from_scratch),
        lr=RATE_FROM_SCRATCH if situation.from_scratch else choose_rate(num),
        patience=0 if situation.from_scratch else 2,
    )


def choose_eval_size(side_px: int, *, small: bool) -> Size:
    """A square input at inference: the median shorter side, in steps of 32 from 128 to 224.

    Small plain networks take 32 to 96, in steps of 16.
    """
    if small:
        return Size.square(int(np.clip(round(side_px / 16) * 16, 32, 96)))
    return Size.square(int(np.clip(round(side_px / 32) * 32, 128, 224)))


def choose_train_size(eval_size: Size, *, small: bool) -> Size:
    """Size of the input in training: a little smaller, sides of at least 128.

    Random crops show objects larger than at inference (Touvron et al. 2019, "Fixing the train-test resolution
    discrepancy"), and steps are faster; at three quarters the two sizes are too far apart (docs/LOG.md). A small
    network, trained from scratch, keeps the size.
    """
    if small:
        return eval_size
    width, height = (max(128, round(side * 0.85 / 32) * 32) for side in eval_size.sides)
    return Size(width, height)


def choose_batch_size(num_images: int) -> int:
    """32, less for small sets so that an epoch has about eight steps."""
    return min(32, max(8, num_images // 8), num_images)


def choose_epochs(num_images: int, *, from_scratch: bool) -> int:
    """About 24,000 training samples in 3 to 8 epochs; for a small network from random weights more, in 10 to 60."""
    if from_scratch:
        return int(np.clip(round(42_000 / num_images), 10, 60))
    return int(np.clip(round(24_000 / num_images), 3, 8))


def choose_rate(num_images: int) -> float:
    """Head learning rate for fine-tuning: lower for small data sets (docs/LOG.md)."""
    return float(np.clip(1e-7 * num_images, 5e-5, 3e-4))


def choose_rate_factor(error_left: float) -> float:
    """Factor of the learning rate for a fitted head: the less it gets wrong, the more gently everything is fine-tuned.

    Where the pretrained network knows the images already, a full rate only takes away from that (docs/LOG.md).

    Args:
        error_left: Cross-validated error of the fitted head, relative to that of guessing.
    """
    return float(np.clip(error_left / FULL_RATE_ERROR, SMALLEST_FACTOR, 1.0))
