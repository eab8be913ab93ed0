"""Whether a run can be resumed: the same settings and the same data set. No torch."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foveal.config.schema import RunConfig
from foveal.errors import RunError

FREE_TO_CHANGE = ("data.path", "data.workers", "data.cache", "data.cache_dir", "runtime.device", "runtime.tracker")
"""Settings that may change on resume, because the result does not depend on them."""


def anchored(config: RunConfig) -> RunConfig:
    """The same with absolute paths, so that the run can be resumed from any folder."""
    data, model = config.data, config.model
    if data.path:
        data = data.model_copy(update={"path": str(Path(data.path).resolve())})
    if Path(data.classes).is_file():
        data = data.model_copy(update={"classes": str(Path(data.classes).resolve())})
    if model.weights not in ("auto", "none") and Path(model.weights).exists():
        model = model.model_copy(update={"weights": str(Path(model.weights).resolve())})
    return config.model_copy(
        update={name: new for name, new in (("data", data), ("model", model)) if new is not getattr(config, name)}
    )


def near(path: str) -> str:
    """A path relative to the working directory, if inside it."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def unchanged(config: RunConfig, changes: RunConfig | None, folder: Path) -> RunConfig:
    """The run's configuration with the changes that are allowed.

    Raises:
        RunError: A change affects the result; the message names the key.
    """
    if changes is None:
        return config
    values = config.model_dump()
    for key, new in flat(changes.model_dump(exclude_unset=True)).items():
        section, _, name = key.rpartition(".")
        place = values[section] if section else values
        if place[name] != new and key not in FREE_TO_CHANGE:
            raise RunError(
                f"{folder}: {key} is {place[name]!r} in this run and {new!r} on the command line.",
                "Resume without it, or start a new run with --out.",
            )
        place[name] = new
    return RunConfig.model_validate(values)


def config_key(config: RunConfig) -> str:
    """All values that the result depends on, as text."""
    values = flat(config.model_dump())
    return json.dumps({key: value for key, value in values.items() if key not in FREE_TO_CHANGE}, sort_keys=True)


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nested sections with dotted keys."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            out.update({f"{key}.{name}": inner for name, inner in flat(value).items()})
        else:
            out[key] = value
    return out


def check_data_is_there(config: RunConfig, folder: Path) -> None:
    """Check that the data set is where it was.

    Raises:
        RunError: It is not.
    """
    if not Path(config.data.path).exists():
        raise RunError(
            f"{config.data.path}: the data set of {folder} is not there.",
            f"Name its new path: foveal train DATA --resume {shlex.quote(str(folder))}",
        )


def check_same_data(known: Mapping[str, Any], found: Mapping[str, Any], config: RunConfig, folder: Path) -> None:
    """Check that the data set has not changed.

    Args:
        known: The run's data.json.
        found: The same of the data set as it is now.
        config: The run's.
        folder: The run's.

    Raises:
        RunError: Images, bytes or labels differ.
    """
    if known["fingerprint"] != found["fingerprint"]:
        raise RunError(
            f"{config.data.path}: the data set is not the one that {folder} was started on"
            f" ({known['images']} images before, {found['images']} now, or different files or labels).",
            "Restore the data set, or start a new run from this one's weights:"
            f" foveal train DATA --model.weights {shlex.quote(str(folder))}",
        )
