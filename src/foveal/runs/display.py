"""Runs and evaluations in one line, in a notebook, and as pandas tables."""

from collections.abc import Sequence
from html import escape
from math import isfinite, isnan
from pathlib import Path
from typing import TYPE_CHECKING

from foveal.metrics.contract import Interval, Results
from foveal.report.findings.classes import COUNTS
from foveal.types.predictions.shown import pandas

if TYPE_CHECKING:
    from pandas import DataFrame

MAX_CLASSES = 40
"""Rows of the table of classes in a notebook."""
STYLE = "text-align:right;padding:2px 12px 2px 0"


def one_line(kind: str, results: Results, *, folder: Path | None = None, unit: str = "images") -> str:
    """One line: ``EvaluationRun(accuracy 0.957 (0.921 to 0.986), 49 images, evaluations/flowers)``."""
    name, interval = next(iter(results.metrics.items()))
    place = "" if folder is None else str(folder)
    where = f", {place if len(place) <= 90 else '…' + place[-89:]}" if place else ""
    return f"{kind}({name} {interval}, {results.images:,} {unit}{where})".replace("\n", " ")


def as_html(
    title: str, results: Results, folder: Path | None, notes: Sequence[str] = (), *, unit: str = "images"
) -> str:
    """Metrics with their intervals, a row per class, and where the files are; escaped."""
    rows = [(name, number(i.value), in_digits(i, 3)[1]) for name, i in results.metrics.items()]
    parts = [f"<b>{escape(title)}</b> on {results.images:,} {unit}", _table(("metric", "value", "95% interval"), rows)]
    if results.per_class:
        names = list(next(iter(results.per_class.values())))
        listed = list(results.per_class.items())
        cells = [
            (name, *(number(values[n], whole=n in COUNTS) for n in names)) for name, values in listed[:MAX_CLASSES]
        ]
        parts.append(_table(("class", *(n.replace("_", " ") for n in names)), cells))
        if len(listed) > MAX_CLASSES:
            parts.append(f"and {len(listed) - MAX_CLASSES} more classes in metrics.json")
    if folder is not None:
        report = folder / "report.html"
        link = f'<a href="{escape(str(report), quote=True)}" target="_blank">report</a> in ' if report.is_file() else ""
        parts.append(f"{link}{escape(str(folder))}")
    parts += [f"<i>{escape(note)}</i>" for note in notes]
    return "".join(f'<div style="margin:4px 0">{part}</div>' for part in parts)


def predictions_table(folder: Path) -> "DataFrame":
    """A ``pandas.DataFrame`` of predictions.csv: a row per image with truth, prediction and scores.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    return pandas().read_csv(folder / "predictions.csv", keep_default_na=False)


def history_table(folder: Path) -> "DataFrame":
    """A ``pandas.DataFrame`` of metrics.csv: a row per epoch.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    return pandas().read_csv(folder / "metrics.csv")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        styles = ["text-align:left;padding:2px 12px 2px 0", *[STYLE] * (len(cells) - 1)]
        pairs = zip(styles, cells, strict=True)
        return "<tr>" + "".join(f'<{tag} style="{style}">{escape(cell)}</{tag}>' for style, cell in pairs) + "</tr>"

    return "<table>" + line("th", header) + "".join(line("td", row) for row in rows) + "</table>"


def in_digits(interval: Interval, places: int, *, undefined: str = "–") -> tuple[str, str]:
    """A value and its interval, dashes for what is undefined."""
    between = f"{interval.low:.{places}f} to {interval.high:.{places}f}"
    known = isfinite(interval.low) and isfinite(interval.high)
    return f"{interval.value:.{places}f}" if isfinite(interval.value) else undefined, between if known else undefined


def number(value: float, *, whole: bool = False, undefined: str = "–") -> str:
    """A count as it is, a fraction with three decimals, a dash where undefined."""
    if isnan(value):
        return undefined
    return f"{value:.0f}" if whole or (float(value).is_integer() and value > 1) else f"{value:.3f}"
