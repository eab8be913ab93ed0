"""The table of epochs on a screen: a row per epoch, with the columns that fit, so that no row ever wraps."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

NARROWEST = 6
"""Characters of a column of numbers."""
BEST = "best"
GAP = "  "
NOT_SHOWN = ("epoch", "step", "lr")
SPEED, TIME = "_per_s", "seconds"


@dataclass(frozen=True)
class Column:
    """A column: its name in metrics.csv, and its title."""

    name: str
    title: str

    @property
    def width(self) -> int:
        """Characters."""
        return max(len(self.title), NARROWEST)

    def cell(self, row: Mapping[str, float | None]) -> str:
        """A number as people read it; a dash where it is undefined or was not measured."""
        value = row.get(self.name)
        if value is None or not math.isfinite(value) or (self.name.endswith(SPEED) and not value):
            return "-"
        if self.name.endswith(SPEED):
            return per_second(value)
        return clock(value) if self.name == TIME else f"{value:.3f}"


def columns(names: Sequence[str], *, headline: str, room: int) -> list[Column]:
    """The columns to show: the headline first, then what fits into ``room`` characters, by importance.

    Args:
        names: Names of metrics.csv.
        headline: The metric that selects the best epoch; empty: the first of the scores.
        room: Characters, without the epoch's number and the mark of the best.
    """
    scores = [n for n in names if n not in (*NOT_SHOWN, "train_loss", TIME) and not n.endswith(SPEED)]
    scores.sort(key=lambda name: name != headline)
    rest = ["train_loss", *(name for name in names if name.endswith(SPEED)), TIME]
    shown: list[Column] = []
    for name in [*scores, *rest]:
        column = Column(name, _title(name))
        if shown and sum(c.width + len(GAP) for c in [*shown, column]) > room:
            break
        shown.append(column)
    return shown


class EpochTable:
    """A header, then a line per epoch.

    Args:
        headline: The metric that selects the best epoch.
        width: Characters of the screen.
        epochs: Passes over the training samples.
    """

    def __init__(self, names: Sequence[str], *, headline: str, width: int, epochs: int) -> None:
        self._first = max(len("epoch"), 2 * len(str(epochs)) + 1)
        room = width - 1 - len(GAP) - self._first - len(GAP + BEST)
        self._columns = columns(names, headline=headline, room=room)

    def header(self) -> Text:
        """The titles."""
        titles = (f"{column.title:>{column.width}}" for column in self._columns)
        return Text(GAP + GAP.join([f"{'epoch':>{self._first}}", *titles]), "dim", no_wrap=True, overflow="crop")

    def line(self, row: Mapping[str, float | None], *, epochs: int, best: bool) -> Text:
        """An epoch; the best one so far is marked."""
        line, number = Text(no_wrap=True, overflow="crop"), f"{row['epoch'] or 0:.0f}/{epochs}"
        line.append(f"{GAP}{number:>{self._first}}", "dim")
        for place, column in enumerate(self._columns):
            style = "bold green" if best and place == 0 else "bold" if place == 0 else ""
            line.append(GAP).append(f"{column.cell(row):>{column.width}}", style)
        return line.append(GAP + BEST, "green") if best else line


def per_second(speed: float) -> str:
    """With one decimal below ten."""
    return f"{speed:,.0f}" if speed >= 9.95 else f"{speed:.1f}"


def clock(seconds: float) -> str:
    """For example ``0:08``, ``12:05`` or ``1:02:09``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def _title(name: str) -> str:
    if name.endswith(SPEED):
        return name.removesuffix(SPEED) + "/s"
    return "time" if name == TIME else name.replace("_", " ")
