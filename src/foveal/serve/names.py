"""Under which names models are served. No torch."""

import re
from collections.abc import Sequence
from pathlib import Path

from foveal.errors import ConfigError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Part of an address, a label of a metric: nothing that would have to be escaped in either."""
USUAL_STEM = "model"
"""What every run calls its files; the run's folder is the better name."""


def name_models(given: Sequence[str]) -> dict[str, Path]:
    """Models by name, in the order given.

    Args:
        given: ``PATH``, named after its file or run folder, or ``NAME=PATH``.

    Raises:
        ConfigError: A name that no address can hold; two models with one name.
    """
    models: dict[str, Path] = {}
    for text in given:
        name, path = _parse(text)
        if name in models:
            raise ConfigError(
                f"Two models are called {name}: {models[name]} and {path}.",
                f"Name one of them: {name}-2={path}",
            )
        models[name] = path
    return models


def _parse(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if equals and not Path(text).exists():
        if not NAME.fullmatch(name):
            raise ConfigError(
                f"{name!r} cannot be the name of a model: it becomes part of an address.",
                "Use letters, digits, dots, dashes and underscores.",
            )
        return name, Path(path)
    return _name_of(Path(text)), Path(text)


def _name_of(path: Path) -> str:
    whole = path.resolve()
    stem = whole.name if whole.is_dir() else whole.stem
    if stem == USUAL_STEM and not whole.is_dir():
        stem = whole.parent.name or stem
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64]
    if not name:
        raise ConfigError(f"{path}: a model needs a name of letters or digits.", f"Give it one: NAME={path}")
    return name
