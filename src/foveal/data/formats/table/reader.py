"""A table (CSV or TSV) with a column of paths and a column of labels, and perhaps columns of splits and groups.

Several labels of an image are joined by ``|``; the table is then multi-label, and an empty label means none.
Paths are relative to the table's folder, or to the folder ``images`` beside it. Rows are streamed: a million of them
take little more memory than the Catalog they become.
"""

import csv
import posixpath
import re
import unicodedata
from array import array
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from foveal.data.catalog.builder import CatalogBuilder
from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.columns import Names
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.splits import split_name
from foveal.data.notes import listed
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories

NAME = "table"
FOLDER_RULE = "folder"
"""The groups rule that is a word and names no column."""
SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
PATH_COLUMNS = ("path", "image", "file", "filename", "file_name", "filepath")
LABEL_COLUMNS = ("label", "labels", "class", "classes", "category", "target")
DELIMITERS = ",\t;"
SEPARATOR = "|"
"""Between the labels of one image."""
IMAGES = "images"
"""Folder beside the table that is searched as well."""


@dataclass
class Row:
    """One line of the table, as written."""

    line: int
    path: str
    label: str
    split: str
    group: str = ""


@dataclass
class Labels:
    """Class names in order of appearance.

    Attributes:
        ids: Provisional id of each name, or the given map's.
        first_line: Line that first names each class.
        trained: Whether a row of the training split, or without a split, has it.
        fixed: A model's class map, to which no class is added.
    """

    fixed: Categories | None = None
    ids: dict[str, int] = field(default_factory=dict)
    first_line: list[int] = field(default_factory=list)
    trained: list[bool] = field(default_factory=list)

    def id(self, name: str, where: str, line: int, *, trained: bool) -> int:
        """The id of a name; a new name gets the next one."""
        if self.fixed is not None:
            return self.fixed.index(name, where=where)
        if name not in self.ids:
            self.ids[name] = len(self.ids)
            self.first_line.append(line)
            self.trained.append(trained)
        label = self.ids[name]
        self.trained[label] |= trained
        return label


def read(path: Path, request: Request | None = None, *, exists: Callable[[Path], bool] = Path.is_file) -> Catalog:
    """Read a table.

    Args:
        path: The table.
        request: What the caller asks; None: nothing in particular. A groups rule that names no column is left to
            ``groups.with_groups``.
        exists: Whether an image exists.

    Raises:
        DataError: A column, a file or a label is missing, a path is listed twice with different labels, a split has an
            unknown name, or the text is not UTF-8; the message names the line.
        CategoryError: A label that the class map lacks.
    """
    request = request or Request()
    categories, groups = request.categories, request.groups
    if not path.is_file():
        raise DataError(f"{path} is a folder, not a table.", "Name the CSV or TSV file itself.")
    builder, labels, lines = CatalogBuilder(), Labels(categories), array("i")
    find = _Finder(path, exists)
    unlabelled, several, rows_of_train = 0, False, False
    members: dict[str, str] = {}
    with closing(_rows(path, groups)) as rows:
        for row in rows:
            where = f"{path}, line {row.line}"
            split = _split(row.split, where)
            trained = split in (UNASSIGNED, SPLITS.index("train"))
            names = [name.strip() for name in row.label.split(SEPARATOR) if name.strip()]
            several |= SEPARATOR in row.label
            rows_of_train |= trained
            unlabelled = unlabelled or (0 if names else row.line)
            ids = dict.fromkeys(labels.id(name, where, row.line, trained=trained) for name in names)
            name = find(row.path, where)
            builder.add(name, tuple(ids), split)
            lines.append(row.line)
            if row.group and members.setdefault(name, row.group) != row.group:
                raise DataError(
                    f"{where}: {name!r} is in group {row.group!r} here and in {members[name]!r} above.",
                    "Keep one line per image.",
                )
    if not len(builder):
        raise DataError(f"{path} has a header but no rows.", "Add one row per image.")
    if unlabelled and not several:
        raise DataError(
            f"{path}, line {unlabelled}: the label is empty.",
            f"Fill it in; several labels are joined with {SEPARATOR!r}.",
        )
    notes = _repeats(path, builder, lines, labels)
    order = _class_map(path, labels, rows_of_train=rows_of_train)
    catalog = builder.build(
        path.parent,
        format=NAME,
        annotation="labels",
        categories=categories or Categories(order),
        renumber=None if categories else _places(labels, order),
        multi_label=several,
        notes=notes,
    )
    return (
        replace(catalog, groups=Names.of([members[catalog.names[i]] for i in range(len(catalog))]))
        if members
        else catalog
    )


class _Finder:
    """Turns a path as written into a name relative to the table's folder."""

    def __init__(self, table: Path, exists: Callable[[Path], bool]) -> None:
        self.root = table.parent
        self.exists = exists

    def __call__(self, written: str, where: str) -> str:
        """The name.

        Raises:
            DataError: The path is empty, or the file does not exist.
        """
        if not written:
            raise DataError(f"{where}: the path is empty.", "Fill it in or remove the line.")
        forms = [written, *(unicodedata.normalize(form, written) for form in ("NFC", "NFD"))]  # a Mac writes NFD
        for spelling in dict.fromkeys(s for form in forms for s in (form, form.replace("\\", "/"))):
            for name in (spelling, f"{IMAGES}/{spelling}"):
                if self.exists(self.root / name):
                    return posixpath.normpath(self._relative(name))
        raise DataError(
            f"{where}: no file {written!r} in {self.root}.",
            f"Paths are relative to the table's folder, or to the folder {IMAGES!r} in it.",
        )

    def _relative(self, name: str) -> str:
        """An absolute path relative to the table's folder, so that an image has one name."""
        path = Path(name)
        if path.is_absolute() and path.is_relative_to(self.root.absolute()):
            return path.relative_to(self.root.absolute()).as_posix()
        return name


def _rows(path: Path, groups: str) -> Generator[Row, None, None]:
    with closing(_lines(path)) as lines:
        reader = csv.reader(lines, delimiter=_delimiter(path))
        try:
            header = [name.strip() for name in next(reader, [])]
            if not header:
                raise DataError(
                    f"{path} is empty.", "Write a header line with a path and a label column, then the rows."
                )
            at = _column(path, header, PATH_COLUMNS, "paths")
            label_at = _column(path, header, LABEL_COLUMNS, "labels")
            split_at = next((i for i, name in enumerate(header) if name.lower() == "split"), None)
            group_at = _group_column(path, header, groups)
            for fields in reader:
                if not fields or not any(value.strip() for value in fields):
                    continue
                if len(fields) != len(header):
                    raise DataError(
                        f"{path}, line {reader.line_num}: {len(fields)} fields under a header of {len(header)}.",
                        "Write as many fields as the header has; quote fields that contain the delimiter.",
                    )
                split = "" if split_at is None else fields[split_at].strip()
                group = "" if group_at is None else fields[group_at].strip()
                if group_at is not None and not group:
                    raise DataError(
                        f"{path}, line {reader.line_num}: the group is empty.",
                        "Fill it in; an image that stands alone is a group of its own.",
                    )
                yield Row(reader.line_num, fields[at].strip(), fields[label_at].strip(), split, group)
        except csv.Error as error:
            raise DataError(f"{path}, line {reader.line_num}: {error}.", "Correct the line.") from None


def _lines(path: Path) -> Generator[str, None, None]:
    """The lines as text without a byte-order mark, decoded one by one so that an error has its line."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    raise DataError(
                        f"{path}, line {number}: byte {error.start + 1} (0x{line[error.start]:02x}) is not UTF-8 text.",
                        "Save the table as UTF-8.",
                    ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None


def _delimiter(path: Path) -> str:
    """The most frequent delimiter in the header."""
    with closing(_lines(path)) as lines:
        header = next(lines, "")
    return max(DELIMITERS, key=header.count)


def _column(path: Path, header: list[str], wanted: tuple[str, ...], what: str) -> int:
    for name in wanted:
        for at, title in enumerate(header):
            if title.lower() == name:
                return at
    near = [(title, match[0]) for title in header if (match := get_close_matches(title.lower(), wanted, n=1))]
    guess = f" Did you mean {near[0][1]!r} by {near[0][0]!r}?" if near else ""
    raise DataError(
        f"{path} has no column for {what} ({', '.join(wanted[:-1])} or {wanted[-1]}).",
        f"Its columns: {', '.join(header)}.{guess}",
    )


def _group_column(path: Path, header: list[str], groups: str) -> int | None:
    """Where the column lies; None if the rule is another than a column.

    Raises:
        DataError: A single word, which can be nothing but a column, and there is none.
    """
    for at, title in enumerate(header):
        if groups and title.lower() == groups.lower():
            return at
    if groups != FOLDER_RULE and re.fullmatch(r"\w+", groups):
        near = get_close_matches(groups, header, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise DataError(f"{path} has no column {groups!r} for the groups.", f"Its columns: {', '.join(header)}.{guess}")
    return None


def _split(written: str, where: str) -> int:
    if not written:
        return UNASSIGNED
    name = split_name(written)
    if name is None:
        raise DataError(f"{where}: unknown split {written!r}.", "Use train, val or test, or leave it empty.")
    return SPLITS.index(name)


def _repeats(path: Path, builder: CatalogBuilder, lines: "array[int]", labels: Labels) -> list[str]:
    """A note on images that are listed twice with one label; an error where the labels differ."""
    names, rows, repeated = builder.names, builder.labels, 0
    titles = list(labels.fixed or labels.ids)
    for twin in builder.twins():
        first, second = sorted(rows[twin.first]), sorted(rows[twin.second])
        if first != second:
            joined = [SEPARATOR.join(titles[i] for i in row) for row in (first, second)]
            raise DataError(
                f"{path}, line {lines[twin.second]}: {names[twin.second]!r} is labelled {joined[1]!r} here and"
                f" {joined[0]!r} in line {lines[twin.first]}.",
                f"Keep one line per image; several labels are joined with {SEPARATOR!r}.",
            )
        repeated += 1
    if not repeated:
        return []
    many = "1 line repeats" if repeated == 1 else f"{repeated} lines repeat"
    return [f"{many} an image with the same label; each image counts once."]


def _class_map(path: Path, labels: Labels, *, rows_of_train: bool) -> tuple[str, ...]:
    """Class names in order; where there are training rows, they alone make the map."""
    if labels.fixed is not None:
        return labels.fixed.names
    order = tuple(sorted(labels.ids))
    for name, label in labels.ids.items():
        if rows_of_train and not labels.trained[label]:
            known = [other for other in order if labels.trained[labels.ids[other]]]
            raise CategoryError(
                f"{path}, line {labels.first_line[label]}: the class {name!r} has no training images.",
                f"Classes of the training split: {listed(known)}.",
            )
    if len(order) < 2:
        only = f"only one class, {order[0]!r}" if order else "no labels at all"
        raise DataError(f"{path} has {only}; classification needs at least two.", "Add images of other classes.")
    return order


def _places(labels: Labels, order: tuple[str, ...]) -> list[int]:
    place = {name: at for at, name in enumerate(order)}
    return [place[name] for name in labels.ids]
