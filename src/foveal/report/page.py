"""The report of a run: one HTML page that opens from disk and loads nothing from the network."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.errors import MissingExtraError
from foveal.metrics.contract import Interval, Lines, Matrix, Panel, Table
from foveal.report.content import CaptionedImage, Content
from foveal.report.curves import legend
from foveal.report.drawing import svg
from foveal.report.embed import jpeg_uri
from foveal.report.figures import write_figures
from foveal.report.history import training_curves
from foveal.report.palette import DARK, LIGHT
from foveal.report.svg import NAMES
from foveal.report.wording import NOTHING, count, number, sections, spoken

MAX_IMAGES = 24
"""Mistakes shown: at about 15 kB each they keep the page well below 3 MB."""
WIDE, WIDE_SIDE_PX = 1.7, 960
"""Width over height from which an image is wide, such as two side by side; and its width in the file, in pixels."""
WIDE_MATRIX = 7
"""Classes from which a matrix takes the page's full width."""


def write_report(path: Path, content: Content) -> None:
    """Write the page, and its figures as PNG into ``figures/`` beside it.

    The same content gives the same bytes.

    Args:
        path: The HTML file; replaced if it exists.
        content: What to show.

    Raises:
        MissingExtraError: Jinja2 or matplotlib is not installed.
        RunError: The folder cannot be written.
    """
    html = render(content)
    make_folder(path.parent)
    training = training_curves(content.history, _headline(content))
    write_figures(path.parent / "figures", [*training, *content.results.panels])
    write_atomic(path, html.encode("utf-8", "replace"))


def render(content: Content) -> str:
    """The page as a string.

    Raises:
        MissingExtraError: Jinja2 or matplotlib is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingExtraError("write a report", "jinja2") from None
    environment = Environment(
        loader=PackageLoader("foveal.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    results, headline = content.results, _headline(content)
    columns = list(dict.fromkeys(name for row in results.per_class.values() for name in row))
    return environment.get_template("page.html.j2").render(
        content=content,
        headline=Gauge.of(headline, results.metrics[headline]) if headline else None,
        gauges=[Gauge.of(name, value) for name, value in results.metrics.items()],
        training=[Shown.of(panel) for panel in training_curves(content.history, headline)],
        panels=[Shown.of(panel) for panel in results.panels],
        columns=[spoken(name) for name in columns],
        classes=class_rows(results.per_class, columns),
        images=[_shown(p) for p in content.mistakes[:MAX_IMAGES]],
        num_mistakes=max(len(content.mistakes), len(results.worst)),
        splits=list(content.class_counts),
        counts=class_bars(content.class_counts),
        totals=[sum(counts.values()) for counts in content.class_counts.values()],
        sections=sections(content.config),
        whole=count,
        light=LIGHT,
        dark=DARK,
        drawn=NAMES.values(),
    )


def _headline(content: Content) -> str:
    """The metric at the top: the headline if present, else the first; empty where there is none."""
    metrics = content.results.metrics
    return content.headline if content.headline in metrics else next(iter(metrics), "")


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

    @classmethod
    def of(cls, name: str, interval: Interval) -> "Gauge":
        """Format one metric."""
        inside = 0 <= interval.low <= interval.high <= 1
        return cls(
            spoken(name),
            number(interval.value),
            number(interval.low),
            number(interval.high),
            round(interval.low * 100, 2) if inside else None,
            round((interval.high - interval.low) * 100, 2),
            round(interval.value * 100, 2),
        )


@dataclass(frozen=True)
class Cell:
    """A table's number: formatted, its value for sorting, and its bar in percent, if it is a share."""

    text: str
    value: str
    bar: float | None

    @classmethod
    def of(cls, value: str | int | float, *, share: bool = False) -> "Cell":
        """Format one cell; text stays text, and ``share`` draws a bar."""
        if isinstance(value, str):
            return cls(value, "", None)
        if not math.isfinite(value):
            return cls(NOTHING, "", None)
        words = number(value) if share else count(value)
        return cls(words, f"{value:.6g}", round(value * 100, 1) if share else None)


@dataclass(frozen=True)
class Shown:
    """A panel as the page shows it: a figure (SVG) or a table, and the text around it."""

    title: str
    note: str = ""
    figure: str = ""
    wide: bool = False
    legend: Sequence[tuple[str, str, str]] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()

    @classmethod
    def of(cls, panel: Panel) -> "Shown":
        """Draw one panel."""
        match panel:
            case Matrix():
                return cls(panel.title, figure=svg(panel), wide=len(panel.labels) >= WIDE_MATRIX)
            case Lines():
                return cls(panel.title, panel.note, svg(panel), legend=legend(panel))
            case Table():
                rows = [[Cell.of(value) for value in row] for row in panel.rows]
                return cls(panel.title, "" if rows else "Nothing to show.", header=panel.header, rows=rows)


def _shown(image: CaptionedImage) -> tuple[str, str, bool]:
    """An image for the gallery: its data, its caption, whether it is wide."""
    height, width = image.image.shape[:2]
    wide = width > WIDE * height
    return (jpeg_uri(image.image, side=WIDE_SIDE_PX) if wide else jpeg_uri(image.image)), image.caption, wide


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
