"""Recipes and config.toml: TOML in, TOML out."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from foveal.config.schema import RunConfig, parse_config
from foveal.errors import ConfigError, RunError


def shipped() -> list[str]:
    """Names of the recipes that come with Foveal."""
    folder = resources.files("foveal.config.recipes")
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def read_recipe(name: str | Path) -> dict[str, object]:
    """The values of a recipe, checked.

    Args:
        name: A file, or the name of a recipe that comes with Foveal.

    Raises:
        ConfigError: No such recipe, not TOML, an unknown key or a bad value.
    """
    path = Path(name)
    if path.is_file():
        text = _text(path)
    elif str(name) in shipped():
        text = resources.files("foveal.config.recipes").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    else:
        raise ConfigError(f"{name}: no such recipe.", f"Name a .toml file, or one of: {', '.join(shipped())}.")
    return _parse(text, where=str(name))


def read_config(path: Path) -> RunConfig:
    """A run's config.toml.

    Raises:
        ConfigError: Missing, not TOML, an unknown key or a bad value.
    """
    return parse_config(_parse(_text(path), where=str(path)), where=str(path))


def read_plan_file(file: Path) -> dict[str, Any] | None:
    """The values of a file in which a folder keeps what it plans; None: there is none.

    Raises:
        RunError: It is damaged.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError:
        return None
    except ValueError as error:
        raise damaged(file, error) from None


def damaged(file: Path, why: object) -> RunError:
    """The error of such a file."""
    return RunError(f"{file}: damaged ({why}).", "Restore it, or begin again with --out.")


def to_toml(config: RunConfig) -> str:
    """The text of a config.toml."""
    import tomli_w

    return tomli_w.dumps(config.model_dump(exclude_none=True))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}).", "Check the path and its permissions."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start + 1}).", "Save it as UTF-8.") from None


def _parse(text: str, *, where: str) -> dict[str, object]:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not TOML ({error}).", "Strings need quotes; see the guide on recipes.") from None
    parse_config(values, where=where)
    return values
