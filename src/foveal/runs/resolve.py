"""Fill in every setting left open (None) in a RunConfig, by formulas of the data."""

from dataclasses import dataclass

import numpy as np

from foveal.config.schema import RunConfig, merge
from foveal.data.catalog.catalog import Catalog
from foveal.errors import ConfigError, DataError, ImageError
from foveal.imaging.decode import read_size
from foveal.models.declared import OWN, declared
from foveal.ops.machine import num_cores
from foveal.tasks.contract import Situation
from foveal.tasks.table import get_spec, task_for

SAMPLED = 200
"""Number of images whose headers are read for the typical size."""


@dataclass(frozen=True)
class Resolved:
    """A complete configuration, and notes on how open settings were chosen."""

    config: RunConfig
    notes: tuple[str, ...]


def resolve(config: RunConfig, train: Catalog, *, world: int = 1) -> Resolved:
    """Choose the settings that the configuration leaves open.

    The task's defaults apply where nothing was set; its formulas give the rest.

    Args:
        config: As given.
        train: The training split.
        world: Processes that train together.

    Returns:
        The same configuration without None, except for time budget and checkpoint steps.

    Raises:
        ConfigError: The batch cannot be divided among the processes.
        DataError: The data set lacks the annotations that the task learns from.
    """
    name = task_for(train.annotation) if config.task == "auto" else config.task
    config = with_defaults(config, name)
    spec, small = get_spec(name), config.model.backbone in OWN
    pretrained = not small and config.model.weights != "none"
    choice = spec.choose(
        Situation(
            len(train),
            side_px=median_side(train),
            from_scratch=not pretrained,
            small=small,
            eval_size=config.input.eval_size,
        )
    )
    known = declared(config.model.backbone)
    native = known.size if known.fixed_size else None
    given_size, given_eval = config.input.size, config.input.eval_size
    batch = config.train.batch_size or max(world, choice.batch_size // world * world)
    if batch % world:
        raise ConfigError(
            f"The batch size {batch} cannot be divided among {world} processes.",
            f"Use a multiple of {world} for --batch-size.",
        )
    epochs = config.train.epochs or choice.epochs
    if config.train.time_s is not None and config.train.epochs is None:
        epochs *= 4  # the clock decides; without any limit, a tiny set would be repeated thousands of times
    workers, optim, patience = config.data.workers, config.optim, config.train.patience
    size = given_size or native or choice.size
    settled = spec.settle(config.own(name), train, size)
    chosen = {
        "task": name,
        name: settled.own.model_dump(),
        "input": {"size": size, "eval_size": given_eval or given_size or native or choice.eval_size},
        "optim": {
            "lr": optim.lr or choice.lr,
            "freeze_norm": pretrained if optim.freeze_norm is None else optim.freeze_norm,
        },
        "train": {
            "batch_size": batch,
            "epochs": epochs,
            "patience": choice.patience if patience is None else patience,
            "eval_every": config.train.eval_every or min(choice.eval_every, epochs),
        },
        "data": {"workers": choose_workers() if workers is None else workers, "format": train.format},
    }
    return Resolved(RunConfig.model_validate(merge(config.model_dump(), chosen)), settled.notes)


def with_defaults(config: RunConfig, task: str) -> RunConfig:
    """The configuration with the task's defaults where nothing was set."""
    return RunConfig.model_validate(merge(get_spec(task).defaults, config.model_dump(exclude_unset=True)))


def choose_workers() -> int:
    """0 on a machine with few cores, where they would take time from the network."""
    cores = num_cores()
    return 0 if cores <= 2 else min(cores - 1, 8)


def median_side(catalog: Catalog) -> int:
    """Median of the images' shorter sides, in pixels, from an evenly spread sample.

    Raises:
        DataError: No image's header can be read.
    """
    places = np.unique(np.linspace(0, len(catalog) - 1, min(SAMPLED, len(catalog))).astype(int))
    sides = []
    for i in places:
        try:
            sides.append(min(read_size(catalog.path(int(i)))))
        except ImageError as error:
            first = error
    if not sides:
        raise DataError(f"{catalog.root}: no image can be read. The first: {first.what}", first.hint)
    return int(np.median(sides))
