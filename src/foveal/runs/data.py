"""The data set of a RunConfig, and facts about it in words. No torch."""

from collections.abc import Sequence
from pathlib import Path

from foveal.artifact.card import Card
from foveal.artifact.given import given_card
from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.data.catalog.fraction import thinned
from foveal.data.formats.read import read
from foveal.data.inspection.folds import Fold
from foveal.data.inspection.preflight import Skipped, find_bad, split_without
from foveal.data.outside import cache_folder, check_outside
from foveal.errors import DataError
from foveal.runs.identity import near
from foveal.tasks.table import TASKS, get_spec, task_for
from foveal.types.reading import Reading


def read_data(config: RunConfig) -> Catalog:
    """Read a run's data set, with the annotations that the task learns from.

    Raises:
        DataError: No such path, or its content is invalid; the message names the file and the reason.
    """
    data = config.data
    return read(
        Path(data.path),
        format=data.format,
        bad=data.bad,
        classes=data.classes,
        ignore=data.ignore,
        groups=data.groups,
        images=data.images,
        labels=data.labels,
        annotations=None if config.task == "auto" else get_spec(config.task).annotations,
    )


def looks_folder(config: RunConfig) -> Path | None:
    """Where what was seen of files is kept: in the cache folder; None: nowhere, as with ``--data.cache off``."""
    return None if config.data.cache == "off" else cache_folder(config.data.cache_dir)


def open_data(config: RunConfig, *, skipped: Sequence[Skipped] | None = None) -> tuple[Catalog, Sequence[Skipped]]:
    """The data set with a training and a validation split, and the images that were left out.

    The split is that of all images, so that the others stay where they are when one of them is left out.

    Args:
        config: The run's.
        skipped: Images that the run left out when it began; None looks for them, if it leaves out any.

    Raises:
        RunError: The disk cache would lie inside it.
        DataError: It cannot be read.
    """
    if config.data.cache == "disk":
        check_outside(cache_folder(config.data.cache_dir), Path(config.data.path), option="--data.cache-dir")
    catalog = read_data(config)
    if skipped is None:
        reading = Reading(bands=config.data.band_numbers)
        skipped = find_bad(catalog, reading=reading) if config.data.bad_images == "skip" else []
    names = {one.path for one in skipped}
    data = config.data
    seed = config.seed if data.split_seed is None else data.split_seed
    folds = Fold(data.folds, data.fold) if data.folds else None
    whole = split_without(catalog, names, val_fraction=data.val_fraction, seed=seed, fold=folds)
    return thinned(whole, data.train_fraction, seed=config.seed), skipped


def task_of(config: RunConfig, train: Catalog, card: Card | None) -> str:
    """The task: as asked for, else the given model's if the data set is made for it, else the annotations'."""
    if config.task != "auto":
        return config.task
    usual = task_for(train.annotation)
    if card is None or card.task not in TASKS or get_spec(card.task).annotations[0] != train.annotation:
        return usual
    try:
        get_spec(card.task).begin(config.own(card.task), train).accept(train)
    except DataError:
        return usual
    return card.task


def data_facts(config: RunConfig, catalog: Catalog) -> dict[str, str]:
    """What is known once the data set is read, in words."""
    splits = ", ".join(f"{count:,} {name}" for name, count in split_sizes(catalog).items())
    card = given_card(config.model.weights) if config.task == "auto" else None  # a resumed run needs the file no more
    names = catalog.categories.names
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    return {
        "data": f"{near(config.data.path)}  ({catalog.format.replace('_', ' ')}: {splits})",
        **({"reason": catalog.why} if catalog.why else {}),
        "task": task_of(config, catalog, card),
        "classes": f"{len(names)}  ({shown})",
    }


def split_sizes(catalog: Catalog) -> dict[str, int]:
    """Number of images of each split that the data set has."""
    return {name: len(catalog.split(name)) for name in SPLITS if catalog.has(name)}
