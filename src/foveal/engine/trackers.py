"""Experiment trackers by name: what has to be installed, where they write, and that they send nothing unasked.

Accelerate speaks to them. Each keeps its records in the run's folder until the user says otherwise by the tracker's own
environment variable, such as ``WANDB_MODE=online``.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np

from foveal.engine.config import TrackerName
from foveal.errors import ConfigError
from foveal.types.arrays import RGB

FOLDER = "tracker"
"""Within the run's folder."""
PROJECT = "foveal"
"""Name of the project in trackers that have projects."""


@dataclass(frozen=True)
class TrackerKind:
    """A tracker that Accelerate knows.

    Attributes:
        module: What is imported.
        package: What is installed with pip.
        offline: Environment variables that keep it offline and quiet, from its folder; the user's own values win.
        options: Arguments of its start, from its folder.
    """

    module: str
    package: str
    offline: Callable[[Path], Mapping[str, str]] = field(default=lambda _: {})
    options: Callable[[Path], Mapping[str, object]] = field(default=lambda _: {})


KINDS: Mapping[TrackerName, TrackerKind] = {
    "tensorboard": TrackerKind("tensorboard", "tensorboard"),
    "wandb": TrackerKind(
        "wandb",
        "wandb",
        lambda folder: {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DIR": str(folder)},
        lambda folder: {"name": folder.parent.name},
    ),
    "mlflow": TrackerKind(
        "mlflow",
        "mlflow",
        lambda folder: {
            "MLFLOW_TRACKING_URI": f"sqlite:///{(folder / 'mlflow.db').as_posix()}",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_LOGGING_LEVEL": "WARNING",
        },
        lambda folder: {"run_name": folder.parent.name, "logging_dir": folder.as_uri()},
    ),
    "comet_ml": TrackerKind(
        "comet_ml",
        "comet_ml",
        lambda folder: {
            "COMET_START_ONLINE": "0",
            "COMET_OFFLINE_DIRECTORY": str(folder),
            "COMET_LOGGING_CONSOLE": "critical",
        },
    ),
    "clearml": TrackerKind("clearml", "clearml", lambda _: {"CLEARML_OFFLINE_MODE": "1"}),
    "aim": TrackerKind("aim", "aim"),
    "dvclive": TrackerKind(
        "dvclive", "dvclive", lambda _: {"DVC_NO_ANALYTICS": "1"}, lambda folder: {"dir": str(folder), "report": None}
    ),
    "swanlab": TrackerKind(
        "swanlab", "swanlab", lambda _: {"SWANLAB_MODE": "offline"}, lambda folder: {"logdir": str(folder)}
    ),
    "trackio": TrackerKind(
        "trackio", "trackio", lambda folder: {"TRACKIO_DIR": str(folder), "GRADIO_ANALYTICS_ENABLED": "False"}
    ),
}


def require(name: Literal["none"] | TrackerName) -> None:
    """Check that a tracker is installed.

    Raises:
        ConfigError: It is not; the message says how to install it.
    """
    if name == "none":
        return
    kind = KINDS[name]
    if find_spec(kind.module) is None:
        raise ConfigError(
            f"The tracker {name!r} needs the package {kind.package!r}, which is not installed.",
            f"Install it with: pip install {kind.package}",
        )


def prepare(name: TrackerName, folder: Path) -> dict[str, object]:
    """Keep a tracker offline, in a folder of its own, as far as the user has not set its variables.

    Args:
        name: The tracker.
        folder: The run's folder.

    Returns:
        Arguments of its start.
    """
    place = folder.resolve() / FOLDER
    place.mkdir(exist_ok=True)
    for variable, value in KINDS[name].offline(place).items():
        os.environ.setdefault(variable, value)
    return dict(KINDS[name].options(place))


def log_images(tracker: Any, name: str, images: Sequence[tuple[str, RGB]], step: int) -> None:
    """Give images, (caption, (H, W, 3) uint8) each, to one of Accelerate's trackers; those without images ignore them.

    Args:
        tracker: As Accelerate holds it.
        name: What they show.
        images: They may differ in size.
        step: The epoch.
    """
    match tracker.name:
        case "tensorboard":
            for caption, image in images:
                tracker.log_images({f"{name}/{caption}": np.asarray(image)[None]}, step=step, dataformats="NHWC")
        case "mlflow":
            mlflow = import_module("mlflow")
            for caption, image in images:
                mlflow.log_image(np.asarray(image), artifact_file=f"{name}/{_file(caption)}.png")
        case "comet_ml":
            for caption, image in images:
                tracker.tracker.log_image(np.asarray(image), name=f"{name}/{caption}", step=step)
        case "wandb" | "aim" | "clearml" | "swanlab":
            tracker.log_images({name: [np.asarray(image) for _, image in images]}, step=step)


def plain_settings(settings: Mapping[str, object], prefix: str = "") -> dict[str, bool | str | float | int]:
    """Nested settings as dotted names, with values that every tracker takes."""
    out: dict[str, bool | str | float | int] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            out |= plain_settings(value, f"{prefix}{name}.")
        else:
            out[prefix + name] = value if isinstance(value, bool | str | float | int) else str(value)
    return out


def _file(caption: str) -> str:
    """A caption as a file's name."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in caption)[:100] or "image"
