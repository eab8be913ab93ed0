"""From "chosen from the data" to numbers: every None of a RunConfig filled in by formulas that stand here alone."""

import os

import numpy as np

from foveal.data.catalog import Catalog
from foveal.errors import DataError, ImageError
from foveal.imaging.decode import read_size
from foveal.recipes.schema import RunConfig, merge

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
    """
    small = config.model.backbone == "conv4"
    size = config.input.size or choose_size(median_side(train), small=small)
    batch = config.train.batch_size or choose_batch_size(len(train), world=world)
    epochs = config.train.epochs or choose_epochs(len(train), small=small)
    if config.train.time_s is not None and config.train.epochs is None:
        epochs *= 4  # the clock decides; without a limit at all, a tiny set would be seen thousands of times
    workers = config.data.workers
    chosen = {
        "task": train.task,
        "input": {"size": size, "eval_size": config.input.eval_size or size},
        "train": {"batch_size": batch, "epochs": epochs},
        "data": {"workers": choose_workers() if workers is None else workers, "format": train.format},
    }
    return RunConfig.model_validate(merge(config.model_dump(), chosen))


def choose_size(side_px: int, *, small: bool) -> int:
    """Side of the input: the usual shorter side, in steps of 32 from 128 to 224.

    A small network of plain convolutions takes 32 to 96.
    """
    if small:
        return int(np.clip(round(side_px / 16) * 16, 32, 96))
    return int(np.clip(round(side_px / 32) * 32, 128, 224))


def choose_batch_size(num_pictures: int, *, world: int) -> int:
    """32, less for small sets so that an epoch has about eight steps; a multiple of the number of processes."""
    size = min(32, max(8, num_pictures // 8), num_pictures)
    return max(world, size // world * world)


def choose_epochs(num_pictures: int, *, small: bool) -> int:
    """About 6,000 looks at pictures for a few hundred, 30,000 for a few thousand; from 3 to 40 epochs."""
    looks = 400 * num_pictures**0.5 * (2 if small else 1)
    return int(np.clip(round(looks / num_pictures), 3, 40))


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
