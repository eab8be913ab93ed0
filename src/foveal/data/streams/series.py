"""Series of numbers: a CSV or TSV file with a column of times and one or more of values."""

import csv
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np

from foveal.data.notes import listed
from foveal.data.streams.stream import Piece, Stream
from foveal.errors import DataError
from foveal.types.streams.series_spec import Column, SeriesSpec

SUFFIXES = (".csv", ".tsv")
TIMES = frozenset(
    [
        "t",
        "time",
        "times",
        "timestamp",
        "datetime",
        "date",
        "year",
        "month",
        "week",
        "day",
        "hour",
        "minute",
        "second",
        "seconds",
        "step",
        "index",
        "period",
    ]
)
"""Names of columns of times."""
UNEVEN = 1.5
"""Multiple of the usual distance of two times from which a gap is told."""


def is_series(path: Path) -> bool:
    """Whether a table begins with a header and a row of numbers after a time.

    A number counts as a time only under a name that says so: tables of images may begin with numbers of images.
    """
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return False
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, first = (list(row) for row in islice(csv.reader(file, delimiter=_delimiter(path)), 2))
    except (OSError, ValueError, csv.Error):
        return False
    cells = [cell.strip() for cell in first]
    named = len(header) == len(cells) >= 2 and not any(_number(name) is not None for name in header)
    dated = moment(cells[0]) is not None and (_number(cells[0]) is None or header[0].strip().lower() in TIMES)
    return named and dated and all(_number(cell) is not None for cell in cells[1:])


def read_series(path: Path, *, time: str = "", columns: Sequence[str] = (), spec: SeriesSpec | None = None) -> Stream:
    """Read a table of values, one row per time.

    Args:
        path: The file.
        time: Name of the column of times; empty: the first.
        columns: Names of the columns of values; empty: all others.
        spec: The input of a trained model, whose columns are then read; None: with the table's own statistics.

    Raises:
        DataError: It cannot be read, a column is missing, a value is no number, or the times do not rise; file, line
            and column are named.
    """
    header, rows = _rows(path)
    time = time or header[0]
    wanted = [column.name for column in spec.columns] if spec else list(columns)
    wanted = wanted or [name for name in header if name != time]
    for name in (time, *wanted):
        if name not in header:
            raise DataError(f"{path}: no column {name!r}.", f"Its columns: {listed(header)}.")
    if not wanted:
        raise DataError(f"{path}: has a column of times and none of values.", "Add a column of numbers.")
    places = [header.index(name) for name in wanted]
    values = np.array([[_value(path, line, header[p], row[p]) for p in places] for line, row in rows], np.float64)
    at = header.index(time)
    times = [row[at].strip() for _, row in rows]
    notes = _check_times(path, time, [(line, text) for (line, _), text in zip(rows, times, strict=True)])
    known = spec or SeriesSpec(columns=tuple(map(_column, wanted, values.T)))
    return Stream(path, known, (Piece(path.name, values, times=times),), notes)


def statistics(spec: SeriesSpec, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> SeriesSpec:
    """The same columns with the mean and standard deviation of some values (N, F)."""
    return SeriesSpec(columns=tuple(_column(c.name, column) for c, column in zip(spec.columns, values.T, strict=True)))


def moment(text: str) -> float | None:
    """A time as a number: itself, or seconds of a date as ISO 8601 writes it; None: neither."""
    number = _number(text)
    if number is not None:
        return number
    for form in (text, f"{text}-01"):
        try:
            found = datetime.fromisoformat(form)
        except ValueError:
            continue
        return (found.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds() - (
            offset.total_seconds() if (offset := found.utcoffset()) else 0.0
        )
    return None


def _delimiter(path: Path) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        line = file.readline()
    return ";" if line.count(";") > line.count(",") else ","


def _rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, and each row with its line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=_delimiter(path))
            read = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).", "Name a CSV file of a series.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text (byte {error.start + 1:,}).", "Save it as UTF-8.") from None
    except csv.Error as error:
        raise DataError(f"{path}: not a table ({error}).", "Save it as CSV.") from None
    if len(read) < 2:
        raise DataError(
            f"{path}: {'has a header and no rows' if read else 'the file is empty'}.", "Add rows of values."
        )
    header = [name.strip() for name in read[0][1]]
    for line, row in read[1:]:
        if len(row) != len(header):
            raise DataError(
                f"{path}, line {line}: {len(row)} cells where the header has {len(header)}.", "Fix the line."
            )
    return header, read[1:]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _value(path: Path, line: int, column: str, text: str) -> float:
    number = _number(text)
    if number is None or not np.isfinite(number):
        what = "is empty" if not text.strip() else f"is {text.strip()!r}, not a number"
        raise DataError(
            f"{path}, line {line}: {column} {what}.",
            "Fill it in, or leave the column out of the columns that are learnt.",
        )
    return number


def _column(name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Column:
    spread = float(values.std())
    return Column(name=name, mean=float(values.mean()), std=spread if spread > 0 else 1.0)


def _check_times(path: Path, column: str, times: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    moments: list[float] = []
    for line, text in times:
        now = moment(text)
        if now is None:
            raise DataError(
                f"{path}, line {line}: {column} is {text!r}, not a time.",
                "Write times as numbers or as 2026-01-31 or 2026-01-31T12:00.",
            )
        if moments and now <= moments[-1]:
            how = "is that of the line before" if now == moments[-1] else "is earlier than that of the line before"
            raise DataError(f"{path}, line {line}: the time {text} {how}.", "Sort the rows by time, one row per time.")
        moments.append(now)
    gaps = np.diff(moments)
    wide = int((gaps > UNEVEN * np.median(gaps)).sum()) if len(gaps) else 0
    return (f"{wide} of {len(gaps):,} steps are longer than usual; each counts as one step",) if wide else ()
