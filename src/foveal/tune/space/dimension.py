"""The dimensions of a search: a range of numbers, or a few values. A point is a share in [0, 1] of each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foveal.errors import RunError

DIGITS = 3
"""Significant digits of a proposed number, so that a person can type it."""
Value = bool | int | float | str


@dataclass(frozen=True)
class Range:
    """Numbers between two ends, both included.

    Attributes:
        key: The setting, dotted.
        low: The least.
        high: The largest.
        log: Whether its logarithm is spread evenly.
        whole: Whether only whole numbers are allowed.
    """

    key: str
    low: float
    high: float
    log: bool = False
    whole: bool = False

    def at(self, share: float) -> Value:
        """The value at a share of the range."""
        if self.whole:
            last = int(self.high) - int(self.low) + 1
            if not self.log:
                return int(self.low) + min(int(share * last), last - 1)
            return round(math.exp(math.log(self.low) + share * math.log(self.high / self.low)))
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        value = low + share * (high - low)
        value = math.exp(value) if self.log else value
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def share(self, value: Value) -> float | None:
        """Where a value lies; None: outside."""
        if isinstance(value, str) or not self.low <= value <= self.high:
            return None
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def to_dict(self) -> dict[str, object]:
        """For study.toml."""
        return {"key": self.key, "low": self.low, "high": self.high, "log": self.log, "whole": self.whole}

    @property
    def text(self) -> str:
        """For a screen: ``1e-05 to 0.01 (log)``."""
        return f"{self.low:g} to {self.high:g}" + (" (log)" if self.log else "")


@dataclass(frozen=True)
class Choice:
    """A few values.

    Attributes:
        key: The setting, dotted.
        values: At least two.
    """

    key: str
    values: tuple[Value, ...]

    def at(self, share: float) -> Value:
        """The value at a share."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]

    def share(self, value: Value) -> float | None:
        """Where a value lies; None: it is none of them."""
        if value not in self.values:
            return None
        return (self.values.index(value) + 0.5) / len(self.values)

    def to_dict(self) -> dict[str, object]:
        """For study.toml."""
        return {"key": self.key, "values": list(self.values)}

    @property
    def text(self) -> str:
        """For a screen."""
        return ", ".join(map(str, self.values))


Dimension = Range | Choice


@dataclass(frozen=True)
class Space:
    """All dimensions of a search."""

    dimensions: tuple[Dimension, ...]

    def __len__(self) -> int:
        """Their number."""
        return len(self.dimensions)

    def at(self, shares: Sequence[float]) -> dict[str, Value]:
        """The settings at a point."""
        return {one.key: one.at(share) for one, share in zip(self.dimensions, shares, strict=True)}

    def to_list(self) -> list[dict[str, object]]:
        """For study.toml."""
        return [one.to_dict() for one in self.dimensions]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, object]], where: str) -> "Space":
        """From study.toml.

        Raises:
            RunError: It is damaged.
        """
        found: list[Dimension] = []
        for row in rows:
            match row:
                case {"key": str(key), "values": list(values)}:
                    found.append(Choice(key, tuple(values)))
                case {"key": str(key), "low": int() | float() as low, "high": int() | float() as high, **rest}:
                    found.append(Range(key, low, high, log=bool(rest.get("log")), whole=bool(rest.get("whole"))))
                case _:
                    raise RunError(f"{where}: damaged (space).", "Restore it, or begin again with --out.")
        return cls(tuple(found))
