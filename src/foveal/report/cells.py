"""Numbers, tables and figures as the template writes them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from foveal.metrics.contract import Interval, Lines, Matrix, Panel, Passage, Passages, Table
from foveal.report.content import CaptionedImage
from foveal.report.embed import webp_uri
from foveal.report.figures.busiest import MAX_WHOLE, busiest, every_row
from foveal.report.figures.curves import legend
from foveal.report.figures.density import Density
from foveal.report.figures.drawing import svg
from foveal.report.figures.matrix import columns_of, in_percent
from foveal.report.figures.readout import readout
from foveal.report.wording import NOTHING, count, heading, number, spoken

WIDE, WIDE_SIDE_PX, SIDE_PX = 1.7, 1200, 448
"""Width over height from which an image is wide, such as two side by side; its width in the file in pixels, and the
longest side of others: what they are enlarged to."""
LOOKED_PX = 320
"""Longest side of an image that shows where the model looked: the maps are coarse."""
THUMB_PX = 224
"""Longest side of an image of the batch."""
WIDE_MATRIX = 7
"""Classes from which a matrix takes the page's full width."""
LONG_TABLE = 20
"""Rows from which a table has a filter."""


@dataclass(frozen=True)
class Gauge:
    """A metric as the page shows it, and where its interval lies on a scale of 0 to 1, in percent, if it does."""

    name: str
    value: str
    low: str
    high: str
    start: float | None
    length: float
    at: float
    lower: bool = False

    @classmethod
    def of(cls, name: str, interval: Interval, *, lower: bool = False) -> "Gauge":
        """Format one metric; ``lower``: less of it is better."""
        inside = 0 <= interval.low <= interval.high <= 1
        written = _thousandths if inside else number
        return cls(
            heading(name),
            written(interval.value),
            written(interval.low),
            written(interval.high),
            round(interval.low * 100, 2) if inside else None,
            round((interval.high - interval.low) * 100, 2),
            round(interval.value * 100, 2),
            lower,
        )


def _thousandths(value: float) -> str:
    """A share, on the scale that is drawn beside it."""
    return f"{value:.3f}"


@dataclass(frozen=True)
class Cell:
    """A table's number: formatted, its value for sorting, and its bar in percent, if it is a share."""

    text: str
    value: str
    bar: float | None

    @classmethod
    def of(cls, value: str | int | float, *, share: bool = False, decimals: bool = False) -> "Cell":
        """Format one cell; text stays text, ``share`` draws a bar, ``decimals`` are written though they be zeros."""
        if isinstance(value, str):
            return cls(value, "", None)
        if not math.isfinite(value):
            return cls(NOTHING, "", None)
        words = number(value) if share or decimals else count(value)
        return cls(words, f"{value:.6g}", round(value * 100, 1) if share else None)


@dataclass(frozen=True)
class Shown:
    """A panel as the page shows it: a figure (SVG) or a table or both, and the text around them.

    Attributes:
        title: Heading.
        note: Below.
        figure: SVG.
        narrow: The same for phones; empty where one fits all.
        percent: A matrix of counts in percent of its rows, for both; empty where there are no counts.
        values: The numbers behind the curves, as JSON.
        wide: Whether it takes the page's full width.
        legend: Name, colour and kind of line of each curve.
        header: Of the table.
        rows: Of the table.
        filtered: Whether the table has a field that filters its rows.
        passages: Caption of each piece of text, and its runs of one shade, in percent.
    """

    title: str
    note: str = ""
    figure: str = ""
    narrow: str = ""
    percent: Sequence[str] = ()
    values: str = ""
    wide: bool = False
    legend: Sequence[tuple[str, str, str]] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()
    filtered: bool = False
    passages: Sequence[tuple[str, Sequence[tuple[str, int]]]] = ()

    @classmethod
    def of(cls, panel: Panel | Density, classes: Sequence[str] = ()) -> "Shown":
        """Draw one panel; ``classes`` have the same colours in all of them."""
        match panel:
            case Matrix():
                return cls._matrix(panel)
            case Lines():
                lines = legend(panel, classes)
                return cls(panel.title, panel.note, svg(panel, classes), values=readout(panel), legend=lines)
            case Density():
                return cls(panel.title, panel.note, svg(panel))
            case Table():
                broken = {k for row in panel.rows for k, v in enumerate(row) if isinstance(v, float) and v % 1}
                rows = [[Cell.of(v, decimals=k in broken) for k, v in enumerate(row)] for row in panel.rows]
                note = "" if rows else "Nothing to show."
                return cls(panel.title, note, header=panel.header, rows=rows, filtered=len(rows) > LONG_TABLE)
            case Passages():
                texts = [(passage.caption, _shaded(passage)) for passage in panel.passages]
                return cls(panel.title, panel.note, passages=texts, wide=True)

    @classmethod
    def _matrix(cls, panel: Matrix) -> "Shown":
        """Whole for few classes; else the busiest rows, and all rows as a table that can be filtered."""
        if max(len(panel.labels), len(columns_of(panel))) <= MAX_WHOLE:
            wide = len(panel.labels) >= WIDE_MATRIX
            drawn = [(svg(p), svg(p, narrow=True)) for p in ([panel, in_percent(panel)] if panel.of else [panel])]
            percent = drawn[1] if panel.of else ()
            return cls(panel.title, figure=drawn[0][0], narrow=drawn[0][1], percent=percent, wide=wide)
        part, table = cls._matrix(busiest(panel)), cls.of(every_row(panel))
        note = "All classes are in the table, and in the figure's file."
        return replace(
            table, title=part.title, note=note, figure=part.figure, narrow=part.narrow, percent=part.percent, wide=True
        )


def _shaded(passage: Passage) -> list[tuple[str, int]]:
    """Runs of characters of one shade, in steps of 10 percent."""
    shades = [round(shade * 10) * 10 for shade in passage.shades] or [0] * len(passage.text)
    pairs = groupby(zip(passage.text, shades, strict=True), key=lambda pair: pair[1])
    return [("".join(character for character, _ in run), shade) for shade, run in pairs]


@dataclass(frozen=True)
class Photo:
    """An image of the gallery: its data, its caption, its file, whether it is wide, and where the model looked."""

    uri: str
    caption: str
    name: str
    wide: bool
    looked: str = ""

    @classmethod
    def of(cls, image: CaptionedImage, *, side: int = SIDE_PX) -> "Photo":
        """Encode one image."""
        height, width = image.image.shape[:2]
        wide = width > WIDE * height
        looked = "" if image.looked is None else webp_uri(image.looked, side=WIDE_SIDE_PX if wide else LOOKED_PX)
        return cls(webp_uri(image.image, side=WIDE_SIDE_PX if wide else side), image.caption, image.name, wide, looked)


def class_rows(per_class: Mapping[str, Mapping[str, float]], columns: Sequence[str]) -> list[tuple[str, list[Cell]]]:
    """By class: a cell per column; a column whose numbers all lie in [0, 1] has bars."""
    bars = {c: all(not row.get(c, 0) > 1 and not row.get(c, 0) < 0 for row in per_class.values()) for c in columns}
    return [(name, [Cell.of(row.get(c, math.nan), share=bars[c]) for c in columns]) for name, row in per_class.items()]


def class_bars(counts: Mapping[str, Mapping[str, int]]) -> list[tuple[str, list[tuple[int, float]]]]:
    """By class: its images in each split, and the bar's length in percent of the largest class over all splits."""
    names = list(dict.fromkeys(name for split in counts.values() for name in split))
    rows = [(name, [split.get(name, 0) for split in counts.values()]) for name in names]
    largest = max((sum(row) for _, row in rows), default=0) or 1
    return [(name, [(n, round(100 * n / largest, 2)) for n in row]) for name, row in rows]


def column_names(columns: Sequence[str]) -> list[str]:
    """Heads of the table of classes."""
    return [spoken(name) for name in columns]
