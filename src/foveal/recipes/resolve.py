"""From "chosen from the data" to numbers: every None of a RunConfig filled in by formulas that stand here alone."""

import os

import numpy as np

from foveal.data.catalog import Catalog
from foveal.errors import ConfigError, DataError, ImageError
from foveal.imaging.decode import read_size
from foveal.models.declared import declared
from foveal.recipes.schema import RunConfig, merge
from foveal.tasks.table import task_for

RATE_FROM_SCRATCH = 2e-3
SAMPLED = 200
"""Pictures whose headers are read to learn the usual size."""


def resolve(config: RunConfig, train: Catalog, *, world: int = 1) -> RunConfig:
    """Fill in what the configuration leaves open.

    Args:
        config: As given.
        train: The training split.
        world: Processes that train together.

    Returns:
        The same configuration without None, time budget and checkpoint steps apart.

    Raises:
        ConfigError: The processes cannot share the batch.
    """
    small = config.model.backbone == "conv4"
    known = declared(config.model.backbone)
    native = known.size if known.fixed_size else None
    eval_size = (
        config.input.eval_size or config.input.size or native or choose_eval_size(median_side(train), small=small)
    )
    size = config.input.size or native or choose_train_size(eval_size, small=small)
    batch = config.train.batch_size or choose_batch_size(len(train), world=world)
    if batch % world:
        raise ConfigError(
            f"The batch size {batch} cannot be shared by {world} processes.",
            f"Use a multiple of {world} for --batch-size.",
        )
    epochs = config.train.epochs or choose_epochs(len(train), small=small)
    if config.train.time_s is not None and config.train.epochs is None:
        epochs *= 4  # the clock decides; without a limit at all, a tiny set would be seen thousands of times
    workers = config.data.workers
    pretrained = not small and config.model.weights != "none"
    optim = config.optim
    chosen = {
        "task": task_for(train.annotation) if config.task == "auto" else config.task,
        "input": {"size": size, "eval_size": eval_size},
        "optim": {
            "lr": optim.lr or (choose_rate(len(train)) if pretrained else RATE_FROM_SCRATCH),
            "freeze_norm": pretrained if optim.freeze_norm is None else optim.freeze_norm,
        },
        "train": {
            "batch_size": batch,
            "epochs": epochs,
            "patience": config.train.patience if config.train.patience is not None else 2 * pretrained,
        },
        "data": {"workers": choose_workers() if workers is None else workers, "format": train.format},
    }
    return RunConfig.model_validate(merge(config.model_dump(), chosen))


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


def choose_batch_size(num_pictures: int, *, world: int) -> int:
    """32, less for small sets so that an epoch has about eight steps; a multiple of the number of processes."""
    size = min(32, max(8, num_pictures // 8), num_pictures)
    return max(world, size // world * world)


def choose_epochs(num_pictures: int, *, small: bool) -> int:
    """About 12,000 looks at pictures, from 3 to 6 epochs; from random weights more, from 10 to 60."""
    if small:
        return int(np.clip(round(42_000 / num_pictures), 10, 60))
    return int(np.clip(round(12_000 / num_pictures), 3, 6))


def choose_rate(num_pictures: int) -> float:
    """Peak rate of fine-tuning: few pictures move pretrained weights little (docs/LOG.md)."""
    return float(np.clip(1e-7 * num_pictures, 5e-5, 3e-4))


def choose_workers() -> int:
    """None on a machine of few cores, where they would take time from the network."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 0 if cores <= 2 else min(cores - 1, 8)


def median_side(catalog: Catalog) -> int:
    """Median of the pictures' shorter sides, in pixels, from a sample spread over the catalog.

    Raises:
        DataError: No picture's header can be read.
    """
    places = np.unique(np.linspace(0, len(catalog) - 1, min(SAMPLED, len(catalog))).astype(int))
    sides = []
    for i in places:
        try:
            sides.append(min(read_size(catalog.path(int(i)))))
        except ImageError as error:
            first = error
    if not sides:
        raise DataError(f"{catalog.root}: no picture can be read. The first: {first.what}", first.hint)
    return int(np.median(sides))
