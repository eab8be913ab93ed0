"""An experiment as its TOML file describes it: a claim, a data set, sides that differ in settings, what is expected."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foveal.errors import ConfigError

HERE = Path(__file__).resolve().parent
KEYS = {"title", "claim", "source", "data", "settings", "sides", "expect", "limits"}
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Side:
    """One side: the name of its folder, what it is called in the table, and its own settings."""

    key: str
    name: str
    settings: Settings


@dataclass(frozen=True)
class Expected:
    """What a claim says of two sides, by their keys: that the first is better, or that they differ by less."""

    first: str
    second: str
    margin: float | None = None


@dataclass(frozen=True)
class Experiment:
    """All that is written down before an experiment is run.

    Attributes:
        name: Of its file, without ``.toml``.
        title: Heading of its page.
        claim: What is taught.
        source: Where they have it from.
        data: Kind of the data set, and the options of ``data_sets.prepare``.
        settings: What all sides share, as in a recipe.
        sides: At least two.
        expect: What follows from the claim for pairs of sides.
        limits: What an experiment as small as this cannot say.
    """

    name: str
    title: str
    claim: str
    source: str
    data: Settings
    settings: Settings
    sides: Sequence[Side]
    expect: Sequence[Expected]
    limits: str = field(default="")

    def place(self, key: str) -> int:
        """The place of a side among the sides."""
        return [side.key for side in self.sides].index(key)


def names() -> list[str]:
    """All experiments that there are."""
    return sorted(file.stem for file in HERE.glob("*.toml"))


def read(name: str) -> Experiment:
    """The experiment of a name.

    Raises:
        ConfigError: There is none, or its file has an unknown key, misses one, or expects something of no side.
    """
    file = HERE / f"{name}.toml"
    if name not in names():
        raise ConfigError(f"There is no experiment {name!r}.", f"Experiments: {', '.join(names())}.")
    values = tomllib.loads(file.read_text(encoding="utf-8"))
    wrong = sorted(values.keys() ^ KEYS)
    if wrong:
        raise ConfigError(f"{file.name}: unknown or missing: {', '.join(wrong)}.", f"Keys: {', '.join(sorted(KEYS))}.")
    sides = [Side(**{"settings": {}, **one}) for one in values["sides"]]
    expect = [_expected(one, file.name) for one in values["expect"]]
    known = {side.key for side in sides}
    unknown = sorted({key for one in expect for key in (one.first, one.second)} - known)
    if unknown:
        raise ConfigError(f"{file.name}: expects something of {', '.join(unknown)}.", f"Sides: {', '.join(known)}.")
    return Experiment(name, **{**values, "sides": sides, "expect": expect})


def _expected(values: Settings, where: str) -> Expected:
    """``{ better = A, than = B }``, or ``{ alike = A, to = B, margin = 0.01 }``."""
    match dict(values):
        case {"better": str(first), "than": str(second), **rest} if not rest:
            return Expected(first, second)
        case {"alike": str(first), "to": str(second), "margin": float(margin), **rest} if not rest:
            return Expected(first, second, margin)
    raise ConfigError(
        f"{where}: {dict(values)} is not expected of two sides.",
        'Write { better = "a", than = "b" } or { alike = "a", to = "b", margin = 0.01 }.',
    )
