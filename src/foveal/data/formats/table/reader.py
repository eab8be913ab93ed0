"""A table (CSV or TSV) with a column of paths and a column of labels, and perhaps columns of splits and groups.

Several labels of an image are joined by ``|``, or have a column of 0 and 1 per class; the table is then multi-label,
and an empty label means none. Paths are relative to the table's folder, or to a folder of images beside it. There may
be a table per split. Rows are streamed: a million of them take little more memory than the Catalog they become.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from foveal.data.catalog.catalog import UNASSIGNED, Catalog
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.table.columns import Columns, columns_of, note_unread
from foveal.data.formats.table.images import Images
from foveal.data.formats.table.labels import Labels
from foveal.data.formats.table.one_hot import EXPORT, classes_of
from foveal.data.formats.table.rows import NO_COLUMN, TRAIN, Row, Rows
from foveal.data.formats.table.tables import open_tables
from foveal.data.formats.table.text import Sample, rows_of, sample_of
from foveal.errors import DataError

NAME = "table"
NEW = -2
"""No code of a split."""
FOLDER_RULE = "folder"
"""The groups rule that is a word and names no column."""


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read a table, or a folder with one per split.

    Args:
        path: The table, or the folder.
        request: What the caller asks; None: nothing in particular. A groups rule that names no column is left to
            ``groups.with_groups``.

    Raises:
        DataError: A column, a file or a label is missing, a path is listed twice with different labels, a split has an
            unknown name, or the text is not UTF-8; the message names the line.
        CategoryError: A label that the class map lacks.
    """
    request = request or Request()
    missing = DataError(f"{path} is a folder, not a table.", "Name the CSV or TSV file itself.")
    tables = open_tables(path, request, has_labels, missing=missing)
    images = Images(tables.root, tables.names, request.images)
    rows = Rows(images, Labels(request.categories))
    notes: dict[str, None] = {}
    for name, code in zip(tables.names, tables.codes, strict=True):
        table = path if path.is_file() else tables.root / name
        sample = sample_of(table)
        columns = columns_of(table, sample)
        group = _group_column(table, columns.titles, request.groups)
        notes |= dict.fromkeys([*columns.notes, *note_unread(columns.unread(group))])
        if columns.classes:
            _all_classes(rows, columns, table, code)
        rows.add(table, _rows(table, sample, columns, code, group))
        rows.several |= columns.joined.several
    return rows.catalog(tables.root, path, format=NAME, notes=list(notes))


def has_labels(path: Path) -> bool:
    """Whether a file is a table with a column of paths and one of labels."""
    try:
        columns_of(path, sample_of(path))
    except DataError:
        return False
    return True


def _rows(table: Path, sample: Sample, columns: Columns, code: int, group_at: int | None) -> Iterator[Row]:
    at, label, classes, splits, joined = (
        columns.path, columns.label, columns.classes, columns.splits, columns.joined,
    )  # fmt: skip
    known: dict[str | tuple[str, ...], tuple[str, ...]] = {}
    codes: dict[tuple[str, ...], int] = {(): NO_COLUMN if code == UNASSIGNED else code}
    split_at = splits.columns
    for line, fields in rows_of(table, sample):
        key = tuple([fields[one] for one in classes]) if classes else fields[label]
        names = known.get(key)
        if names is None:
            if classes:
                names = tuple(classes_of(fields, classes, columns.titles, f"{table}, line {line}"))
            else:
                names = tuple(joined(fields[label]))
            known[key] = names
        written = tuple([fields[one] for one in split_at]) if split_at else ()
        split = codes.get(written, NEW)
        if split == NEW:
            split = codes[written] = splits.code(fields, f"{table}, line {line}", code)
        group = "" if group_at is None else fields[group_at].strip()
        if group_at is not None and not group:
            raise DataError(
                f"{table}, line {line}: the group is empty.",
                "Fill it in; an image that stands alone is a group of its own.",
            )
        yield Row(line, fields[at].strip(), split, names, group)


def _all_classes(rows: Rows, columns: Columns, table: Path, code: int) -> None:
    """Every column of 0 and 1 is a class, even if no image is of it."""
    trained = code in (UNASSIGNED, TRAIN)
    for at in columns.classes:
        rows.labels.id(columns.titles[at], str(table), trained=trained)
    rows.several |= table.name == EXPORT


def _group_column(path: Path, titles: tuple[str, ...], groups: str) -> int | None:
    """Where the column lies; None if the rule is another than a column.

    Raises:
        DataError: A single word, which can be nothing but a column, and there is none.
    """
    for at, title in enumerate(titles):
        if groups and title.lower() == groups.lower():
            return at
    if groups != FOLDER_RULE and re.fullmatch(r"\w+", groups):
        near = get_close_matches(groups, titles, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise DataError(f"{path} has no column {groups!r} for the groups.", f"Its columns: {', '.join(titles)}.{guess}")
    return None
