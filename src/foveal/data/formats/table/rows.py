"""The rows of all tables of a data set, collected into a Catalog."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from foveal.data.catalog.builder import CatalogBuilder, Twin
from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.columns import Names
from foveal.data.formats.table.images import Images
from foveal.data.formats.table.joined import SEPARATOR
from foveal.data.formats.table.labels import Labels
from foveal.errors import DataError
from foveal.types.categories import Categories

TRAIN = SPLITS.index("train")
NO_COLUMN = -1
"""In place of a split, where a table says nothing of splits: the image's folder does."""


class Row(NamedTuple):
    """One image as a table has it.

    Attributes:
        line: Number of its line.
        path: As written.
        split: Its code, or ``NO_COLUMN``.
        labels: Names of its classes.
        group: Its group; empty: none is asked for.
    """

    line: int
    path: str
    split: int
    labels: tuple[str, ...]
    group: str = ""


@dataclass
class Rows:
    """Collects the rows of all tables of a data set.

    Attributes:
        images: Finds their images.
        labels: Their classes.
        several: Whether a row has, or may have, several labels.
        of_train: Whether a row is of the training split, or of none.
        unlabelled: Where the first row without a label is; empty: none.
        groups: The group of each image, by its name.
    """

    images: Images
    labels: Labels
    builder: CatalogBuilder = field(default_factory=CatalogBuilder)
    several: bool = False
    of_train: bool = False
    unlabelled: str = ""
    groups: dict[str, str] = field(default_factory=dict)
    _lines: "array[int]" = field(default_factory=lambda: array("i"))
    _starts: list[int] = field(default_factory=list)
    _tables: list[Path] = field(default_factory=list)

    def add(self, table: Path, rows: Iterator[Row]) -> None:
        """Add all rows of a table.

        Raises:
            DataError: An image does not exist, or is in two groups; the message names the line.
        """
        self._starts.append(len(self.builder))
        self._tables.append(table)
        known: dict[tuple[tuple[str, ...], bool], tuple[int, ...]] = {}
        find, add, add_line = self.images.find, self.builder.add, self._lines.append
        split_of = self.images.split_of
        for row in rows:
            name = find(row.path, row.split)
            if name is None:
                raise self._missing(row, f"{table}, line {row.line}")
            split = row.split if row.split != NO_COLUMN else split_of(name)
            trained = split in (UNASSIGNED, TRAIN)
            key = (row.labels, trained)
            ids = known.get(key)
            if ids is None:
                ids = known[key] = self._ids(row, f"{table}, line {row.line}", trained=trained)
            if not ids:
                self.unlabelled = self.unlabelled or f"{table}, line {row.line}"
            add(name, ids, split)
            add_line(row.line)
            if row.group and self.groups.setdefault(name, row.group) != row.group:
                raise DataError(
                    f"{table}, line {row.line}: {name!r} is in group {row.group!r} here and in {self.groups[name]!r}"
                    " above.",
                    "Keep one line per image.",
                )

    def _ids(self, row: Row, where: str, *, trained: bool) -> tuple[int, ...]:
        self.of_train |= trained
        self.several |= len(row.labels) > 1
        return tuple(dict.fromkeys(self.labels.id(name, where, trained=trained) for name in row.labels))

    def _missing(self, row: Row, where: str) -> DataError:
        if not row.path:
            return DataError(f"{where}: the path is empty.", "Fill it in or remove the line.")
        why = self.images.resolver.why_not(row.path)
        if why.startswith("could"):
            return DataError(
                f"{where}: {row.path!r} {why}.", "Write its folder too, or name the folder with --data.images."
            )
        return DataError(
            f"{where}: no file {row.path!r} in {self.images.tree.root}.",
            f"Paths are relative to the table's folder, or to the folder {'images'!r} in it.",
        )

    def repeats(self) -> list[str]:
        """A note on images that are listed twice with one label; an error where the labels or the splits differ."""
        names, rows = self.builder.names, self.builder.labels
        titles = list(self.labels.fixed or self.labels.ids)
        repeated, unlike = self.builder.unlike_twins()
        for twin in unlike:
            first, second = sorted(rows[twin.first]), sorted(rows[twin.second])
            if first != second:
                joined = [SEPARATOR.join(titles[i] for i in row) for row in (first, second)]
                raise DataError(
                    f"{self._where(twin.second)}: {names[twin.second]!r} is labelled {joined[1]!r} here and"
                    f" {joined[0]!r} in {self._above(twin)}.",
                    f"Keep one line per image; several labels are joined with {SEPARATOR!r}.",
                )
            here, before = self.builder.splits[twin.second], self.builder.splits[twin.first]
            if here != before:
                in_words = [SPLITS[code] if code != UNASSIGNED else "no split" for code in (here, before)]
                raise DataError(
                    f"{self._where(twin.second)}: {names[twin.second]!r} is in {in_words[0]} here and in {in_words[1]}"
                    f" in {self._above(twin)}.",
                    "Keep one line per image.",
                )
        if not repeated:
            return []
        many = "1 line repeats" if repeated == 1 else f"{repeated} lines repeat"
        return [f"{many} an image with the same label; each image counts once."]

    def _where(self, at: int) -> str:
        return f"{self._tables[bisect_right(self._starts, at) - 1]}, line {self._lines[at]}"

    def _above(self, twin: Twin) -> str:
        """The line of the first of two entries, with its table if that is another."""
        place = self._where(twin.first)
        table = self._where(twin.second).rpartition(", ")[0]
        return place.removeprefix(f"{table}, ")

    def catalog(self, root: Path, path: Path, *, format: str, notes: list[str]) -> Catalog:  # noqa: A002
        """The data set.

        Args:
            root: Folder that names are relative to.
            path: The table, or the folder of several, for messages.
            format: Name of the reader.
            notes: Its notes.

        Raises:
            DataError: There are no rows or too few classes, an image has two labels, or a label is empty.
            CategoryError: A class without training images.
        """
        if not len(self.builder):
            raise DataError(f"{path} has a header but no rows.", "Add one row per image.")
        if self.unlabelled and not self.several:
            raise DataError(
                f"{self.unlabelled}: the label is empty.",
                f"Fill it in; several labels are joined with {SEPARATOR!r}.",
            )
        repeated = self.repeats()
        absent = self.several and bool(self.unlabelled)  # then one class is something to learn: is it there?
        order = self.labels.class_map(path, rows_of_train=self.of_train, least=1 if absent else 2)
        places = {name: at for at, name in enumerate(order)}
        fixed = self.labels.fixed
        catalog = self.builder.build(
            root,
            format=format,
            annotation="labels",
            categories=fixed or Categories(order),
            renumber=None if fixed else [places[name] for name in self.labels.ids],
            multi_label=self.several,
        )
        unlisted = self.images.unlisted((catalog.names[i] for i in range(len(catalog))), len(catalog))
        found = (*notes, *repeated, *self.labels.notes(), *self.images.notes(unlisted))
        groups = Names.of([self.groups[catalog.names[i]] for i in range(len(catalog))]) if self.groups else None
        return replace(catalog, notes=found, groups=groups)
