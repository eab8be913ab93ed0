"""What makes a run the same run: its settings and its data set. No torch."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foveal.config.schema import RunConfig
from foveal.errors import RunError

FREE_TO_CHANGE = ("data.path", "data.workers", "data.cache", "data.cache_dir", "runtime.device", "runtime.tracker")
"""What a resumed run may do otherwise, because the result does not depend on it."""


def anchored(config: RunConfig) -> RunConfig:
    """The same with full paths where files are named, so that the run goes on from any folder."""
    data, model = config.data, config.model
    if data.path:
        data = data.model_copy(update={"path": str(Path(data.path).resolve())})
    if Path(data.classes).is_file():
        data = data.model_copy(update={"classes": str(Path(data.classes).resolve())})
    if Path(model.weights).is_file() and model.weights not in ("auto", "none"):
        model = model.model_copy(update={"weights": str(Path(model.weights).resolve())})
    return config.model_copy(
        update={name: new for name, new in (("data", data), ("model", model)) if new is not getattr(config, name)}
    )


def unchanged(config: RunConfig, changes: RunConfig | None, folder: Path) -> RunConfig:
    """The run's configuration with the changes that are allowed.

    Raises:
        RunError: A change would make another run of it; the message names the key.
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
    """Refuse to go on where the data set has moved.

    Raises:
        RunError: It is not where the run was started on it.
    """
    if not Path(config.data.path).exists():
        raise RunError(
            f"{config.data.path}: the data set that {folder} was started on is not there.",
            f"Say where it is now: foveal train DATA --resume {shlex.quote(str(folder))}",
        )


def check_same_data(known: Mapping[str, Any], found: Mapping[str, Any], config: RunConfig, folder: Path) -> None:
    """Refuse to go on with another data set.

    Args:
        known: The run's data.json.
        found: What it would be now.
        config: The run's.
        folder: The run's.

    Raises:
        RunError: Images, bytes or labels differ.
    """
    if known["fingerprint"] != found["fingerprint"]:
        raise RunError(
            f"{config.data.path}: the data set is not the one that {folder} was started on"
            f" ({known['images']} images then, {found['images']} now, or other bytes or labels).",
            "Restore the data set, or start a new run with --out.",
        )
