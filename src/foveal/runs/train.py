"""``foveal.train``: the entry point to training, for the command line and for Python."""

import os
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from foveal.artifact.free import free_folder
from foveal.artifact.given import given_card
from foveal.config.concerns import check_concerned
from foveal.config.files import read_recipe
from foveal.config.idle import check_used
from foveal.config.schema import RunConfig, merge, parse_config
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.looks import looks_kept_in
from foveal.data.inspection.preflight import Skipped
from foveal.data.outside import check_outside
from foveal.engine.clock import OWN_PROCESS, Began
from foveal.engine.logs.log import Log
from foveal.engine.logs.notebook_log import notebook
from foveal.errors import ConfigError, MissingExtraError
from foveal.inference.backends.process_tuning import wait_quietly
from foveal.ops.collecting import no_collecting
from foveal.ops.quiet import quiet as silently
from foveal.runs.data import data_facts, looks_folder, open_data, task_of
from foveal.runs.streams.settings import data_facts as stream_facts
from foveal.runs.streams.settings import open_stream_data, stream_task

if TYPE_CHECKING:
    from foveal.runs.start import Trained
    from foveal.runs.streams.train import TrainedStream

PACKAGES = ("torch", "torchvision", "timm", "accelerate")
"""What training imports first, and a base install lacks."""


@silently()
def train(
    data: str | Path = "",
    *,
    recipe: str | Path | None = None,
    settings: Mapping[str, object] | Sequence[Mapping[str, object]] = (),
    out: str | Path | None = None,
    resume: str | Path | None = None,
    log: Log | None = None,
    quiet: bool = False,
    began: float | None = None,
) -> "Trained | TrainedStream | None":
    """Train a model.

    Args:
        data: An image folder, a table, or a COCO, VOC or YOLO data set; or a text (.txt). Not needed to resume.
        recipe: A TOML file, or the name of a recipe that ships with Foveal.
        settings: Nested sections that override the recipe, such as ``{"train": {"epochs": 5}}``; later ones win.
        out: Folder of the run; by default ``runs/NAME``, numbered if that exists.
        resume: Folder of a run to resume.
        log: Progress output; by default that of a notebook in a notebook, and none elsewhere.
        quiet: Whether to show nothing, in a notebook too.
        began: When the command began, by ``time.monotonic``, for the time budget; by default now.

    Returns:
        The finished run; None in other processes than the first (torchrun).

    Raises:
        FovealError: Bad data, settings or folders; the message says what to do.
    """
    began = time.monotonic() if began is None else began
    layers = [settings] if isinstance(settings, Mapping) else list(settings)
    log = log or (None if quiet else notebook()) or Log()
    if resume is not None:
        if recipe is not None or out is not None:
            raise ConfigError("--resume uses the settings of the run.", "Leave out --config and --out.")
        if data:
            layers.append({"data": {"path": str(data)}})
        merged = merge({}, *layers)
        changes = parse_config(merged, where="the command line") if merged else None
        check_installed()
        log.begin(f"foveal train --resume {resume}")
        log.doing("loading torch")
        try:
            door, since = open_door(began)
            resumed: Trained | TrainedStream | None = door.resume(Path(resume), changes=changes, log=log, began=since)
        finally:
            log.close()
        return resumed
    config, folder, given = configured(data, recipe=recipe, layers=layers, out=out)
    check_installed()
    if (on_stream := stream_task(config)) is not None:
        return _train_on_stream(config, given, on_stream, out=folder, log=log, began=began)
    try:
        with looks_kept_in(looks_folder(config)):
            catalog, skipped = announce(config, log)
            door, since = open_door_for(catalog, config, given, log=log, began=began)
            trained: Trained | None = door.start(config, catalog, skipped, out=folder, log=log, began=since)
    finally:
        log.close()
    return trained


def configured(
    data: str | Path, *, recipe: str | Path | None, layers: Sequence[Mapping[str, object]], out: str | Path | None
) -> tuple[RunConfig, Path, dict[str, object]]:
    """The settings of a new run, its folder, and what the user gave of them; arguments as for ``train``.

    Raises:
        ConfigError: No data set, a bad recipe or setting, or no folder for several processes.
        DataError: The folder would lie in the data set.
    """
    if not data:
        raise ConfigError("No data set is given.", "Name a folder of images: foveal train IMAGES/")
    if any("\ud800" <= letter <= "\udfff" for letter in str(Path(data).resolve())):
        raise ConfigError(f"{data}: this path is not UTF-8, so config.toml cannot hold it.", "Rename the folder.")
    base = read_recipe(recipe) if recipe is not None else {}
    config = parse_config(merge(base, *layers, {"data": {"path": str(data)}}), where="the command line")
    if out is None and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ConfigError("Training with several processes needs an output folder.", "Name it with --out.")
    folder = Path(out) if out is not None else free_folder(Path(data))
    if out is None:
        check_outside(folder, Path(data))
    given = merge({}, *layers)
    if config.task != "auto":
        check_concerned(given, config.task)
    return config, folder, given


def _train_on_stream(
    config: RunConfig, given: Mapping[str, object], task: str, *, out: Path, log: Log, began: float
) -> "TrainedStream | None":
    """A text or a series in place of images."""
    from foveal.runs.streams.resolve import with_defaults

    check_concerned(given, task)
    config = with_defaults(config, task)
    check_used(given, config)
    try:
        if Path(config.data.path).exists():
            log.begin(f"foveal train {config.data.path}")
            log.doing(f"reading {config.data.path}")
        stream = open_stream_data(config)
        log.say(stream_facts(config, stream))
        log.doing("loading torch")
        _, since = open_door(began)
        from foveal.runs.streams import train as door

        trained: TrainedStream | None = door.start(config, stream, out=out, log=log, began=since)
    finally:
        log.close()
    return trained


def announce(config: RunConfig, log: Log) -> tuple[Catalog, Sequence[Skipped]]:
    """Say what is trained on while it is read: before torch is loaded, which takes seconds."""
    if Path(config.data.path).exists():  # else there is only an error to say
        log.begin(f"foveal train {config.data.path}")
        log.doing(f"reading {config.data.path}")
    catalog, skipped = open_data(config)
    log.say(data_facts(config, catalog))
    return catalog, skipped


def open_door_for(
    catalog: Catalog, config: RunConfig, given: Mapping[str, object], *, log: Log, began: float
) -> tuple[ModuleType, Began]:
    """As ``open_door``, once the settings that the user gave are known to matter for the data set's task.

    Raises:
        ConfigError: One of them does not.
        FovealError: No task fits, or a package is missing.
    """
    card = given_card(config.model.weights)
    task = task_of(config, catalog, card)
    check_concerned(given, task, data_format=catalog.format)
    log.doing("loading torch")
    door, since = open_door(began)
    from foveal.runs.resolve import with_defaults

    check_used(given, with_defaults(config, task, card))
    return door, since


def check_installed(action: str = "train") -> None:
    """Check that the packages that training needs are there, without the seconds that loading them takes.

    Args:
        action: What they are needed for, for the message.

    Raises:
        MissingExtraError: One is missing.
    """
    for package in PACKAGES:
        try:
            found = find_spec(package)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise MissingExtraError(action, package)


def open_door(began: float) -> tuple[ModuleType, Began]:
    """The module that trains, imported with torch, and when the command began.

    Raises:
        MissingExtraError: A package is missing.
    """
    wait_quietly()
    before = time.monotonic()
    try:
        with no_collecting(stays=OWN_PROCESS.get()):
            from foveal.runs import start
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "foveal":
            raise
        raise MissingExtraError("train", error.name or "torch") from None
    return start, Began(began, imports_s=time.monotonic() - before)
