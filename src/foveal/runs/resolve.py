"""Fill in every setting left open (None) in a RunConfig, by formulas of the data."""

from dataclasses import dataclass

import numpy as np

from foveal.artifact.card import Card
from foveal.artifact.given import UNNAMED, given_card
from foveal.config.schema import RunConfig, merge
from foveal.data.catalog.catalog import Catalog
from foveal.data.loading.levels import DataLevels, learn_levels
from foveal.errors import ConfigError, DataError, ImageError
from foveal.imaging.header import read_size
from foveal.models.classic.table import own
from foveal.models.declared import declared
from foveal.models.pyramid import early_stages
from foveal.ops.machine import num_cores
from foveal.runs.data import task_of
from foveal.runs.going_on.inherit import inheritance_notes, inherited
from foveal.tasks.contract import Choice, Situation
from foveal.tasks.table import get_section, get_spec
from foveal.types.arrays import IntArray
from foveal.types.reading import Reading
from foveal.types.size import Size

SAMPLED = 200
"""Number of images whose headers are read for the typical size."""
SUITED = 0.9
"""The part of the images that a rectangular input must suit."""


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
        The same configuration without None, except for time budget, checkpoint steps and, where a time budget decides
        about the epochs, those between evaluations.

    Raises:
        ConfigError: The batch cannot be divided among the processes.
        DataError: The data set lacks the annotations that the task learns from.
    """
    card = given_card(config.model.weights)
    name = task_of(config, train, card)
    plain, config = with_defaults(config, name), with_defaults(config, name, card)
    spec, situation = get_spec(name), situation_of(config, train)
    choice = spec.choose(situation)
    known = declared(config.model.backbone)
    native = Size.square(known.size) if known.fixed_size else None
    given_size, given_eval = config.input.size, config.input.eval_size
    batch = config.train.batch_size or max(world, choice.batch_size // world * world)
    if batch % world:
        raise ConfigError(
            f"The batch size {batch} cannot be divided among {world} processes.",
            f"Use a multiple of {world} for --batch-size.",
        )
    epochs = config.train.epochs or choice.epochs
    by_clock = config.train.time_s is not None and config.train.epochs is None
    if by_clock:
        epochs *= 4  # the clock decides; without any limit, a tiny set would be repeated thousands of times
    workers, optim, patience = config.data.workers, config.optim, config.train.patience
    size = given_size or native or choice.size
    settled = spec.settle(config.own(name), train, size)
    levels = choose_levels(config, train)
    chosen = {
        "task": name,
        name: settled.own.model_dump(),
        "input": {"size": size, "eval_size": given_eval or given_size or native or choice.eval_size, **levels[0]},
        "optim": {
            **optim.rates(choice.lr),
            "adapt_lr": optim.lr is None if optim.adapt_lr is None else optim.adapt_lr,
            "freeze": choose_freeze(config, choice) if optim.freeze is None else optim.freeze,
            "freeze_norm": not situation.from_scratch if optim.freeze_norm is None else optim.freeze_norm,
        },
        "train": {
            "batch_size": batch,
            "epochs": epochs,
            "patience": choice.patience if patience is None else patience,
            "eval_every": config.train.eval_every or (None if by_clock else choose_eval_every(epochs, name)),
        },
        "data": {"workers": choose_workers() if workers is None else workers, "format": train.format},
    }
    complete = RunConfig.model_validate(merge(config.model_dump(), chosen))
    return Resolved(complete, (*settled.notes, *levels[1], *inheritance_notes(complete, plain, card)))


def situation_of(config: RunConfig, train: Catalog) -> Situation:
    """What a task's formulas go by.

    Raises:
        DataError: No image's header can be read.
    """
    built, sizes = own(config.model.backbone), sample_sizes(train)
    pretrained = config.model.weights not in UNNAMED or (built is None and config.model.weights != "none")
    return Situation(
        len(train),
        side_px=int(np.median(sizes.min(1))),
        from_scratch=not pretrained,
        small=built is not None and built.small,
        eval_size=config.input.eval_size,
        aspect=choose_aspect(sizes),
    )


def with_defaults(config: RunConfig, task: str, card: Card | None = None) -> RunConfig:
    """The configuration with a given model's settings and the task's defaults where nothing was set."""
    layers = inherited(config, task, card), config.model_dump(exclude_unset=True)
    return RunConfig.model_validate(merge(get_spec(task).defaults, *layers))


def choose_freeze(config: RunConfig, choice: Choice) -> int:
    """Backbone stages, from the input on, that stay frozen."""
    return early_stages(config.model.backbone, choice.freeze_stride) if choice.freeze_stride else 0


def choose_eval_every(epochs: int, task: str) -> int:
    """Epochs between evaluations."""
    return max(1, epochs // get_section(task).evaluations)


def choose_workers() -> int:
    """0 on a machine with few cores, where they would take time from the network."""
    cores = num_cores()
    return 0 if cores <= 2 else min(cores - 1, 8)


def choose_levels(config: RunConfig, train: Catalog) -> tuple[dict[str, float], tuple[str, ...]]:
    """Settings of the levels of deep images, and a note if they were learnt from the data.

    Raises:
        DataError: A deep image cannot be read.
    """
    given = config.input
    if given.white_level is not None:
        return {}, ()
    reading = Reading(given.black_level, None, config.data.band_numbers)
    found: DataLevels | None = learn_levels(train, reading, seed=config.seed)
    if found is None:
        return {}, ()
    note = f"Images of more than 8 bits: {found.text}; --input.white-level sets it."
    return {"white_level": found.white, "black_level": found.black}, (note,)


def sample_sizes(catalog: Catalog) -> IntArray:
    """(N, 2) widths and heights of an evenly spread sample of the images, in pixels.

    Raises:
        DataError: No image's header can be read.
    """
    places = np.unique(np.linspace(0, len(catalog) - 1, min(SAMPLED, len(catalog))).astype(int))
    sizes = []
    for i in places:
        try:
            sizes.append(read_size(catalog.path(int(i))))
        except ImageError as error:
            first = error
    if not sizes:
        raise DataError(f"{catalog.root}: no image can be read. The first: {first.what}", first.hint)
    return np.array(sizes, np.int64)


def choose_aspect(sizes: IntArray) -> float:
    """Width over height of the input: the images' median, where it suits nearly all of them; else 1, a square.

    It suits an image that it shows no smaller than a square of as many pixels does. Where some photographs lie and some
    stand, the square suits both alike.

    Args:
        sizes: (N, 2) widths and heights of images.
    """
    aspect = float(np.median(sizes[:, 0] / sizes[:, 1]))
    rectangle, square = np.array([aspect**0.5, aspect**-0.5]), np.ones(2)
    suited = (rectangle / sizes).min(1) >= (square / sizes).min(1) * (1 - 1e-9)
    return aspect if suited.mean() >= SUITED else 1.0
