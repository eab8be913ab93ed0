"""``foveal.train``: the entry point to training, for the command line and for Python."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from foveal.config.files import read_recipe
from foveal.config.schema import merge, parse_config
from foveal.data.outside import check_outside
from foveal.engine.log import Log
from foveal.errors import ConfigError, MissingExtraError
from foveal.inference.process_tuning import wait_quietly
from foveal.ops.quiet import quiet

if TYPE_CHECKING:
    from foveal.runs.start import Trained


@quiet()
def train(
    data: str | Path = "",
    *,
    recipe: str | Path | None = None,
    settings: Mapping[str, object] | Sequence[Mapping[str, object]] = (),
    out: str | Path | None = None,
    resume: str | Path | None = None,
    log: Log | None = None,
) -> "Trained | None":
    """Train a model.

    Args:
        data: An image folder, a table, or a COCO, VOC or YOLO data set; not needed to resume.
        recipe: A TOML file, or the name of a recipe that ships with Foveal.
        settings: Nested sections that override the recipe, such as ``{"train": {"epochs": 5}}``; later ones win.
        out: Folder of the run; by default ``runs/NAME``, numbered if that exists.
        resume: Folder of a run to resume.
        log: Progress output; by default none.

    Returns:
        The finished run; None in other processes than the first (torchrun).

    Raises:
        FovealError: Bad data, settings or folders; the message says what to do.
    """
    layers = [settings] if isinstance(settings, Mapping) else list(settings)
    log = log or Log()
    if resume is not None:
        if recipe is not None or out is not None:
            raise ConfigError("--resume uses the settings of the run.", "Leave out --config and --out.")
        if data:
            layers.append({"data": {"path": str(data)}})
        merged = merge({}, *layers)
        changes = parse_config(merged, where="the command line") if merged else None
        resumed: Trained | None = _door().resume(Path(resume), changes=changes, log=log)
        return resumed
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
    trained: Trained | None = _door().start(config, out=folder, log=log)
    return trained


def free_folder(data: Path, within: str = "runs") -> Path:
    """``runs/NAME``, or the first of ``runs/NAME-2``, ``runs/NAME-3`` ... that does not exist."""
    name = data.resolve().stem or "run"
    folder, number = Path(within) / name, 2
    while folder.exists():
        folder, number = Path(within) / f"{name}-{number}", number + 1
    return folder


def _door() -> ModuleType:
    wait_quietly()
    try:
        from foveal.runs import start
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "foveal":
            raise
        raise MissingExtraError("train", error.name or "torch") from None
    return start
