"""Which column of a table is what."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from foveal.data.formats.table.joined import Joined
from foveal.data.formats.table.one_hot import EXPORT, class_columns
from foveal.data.formats.table.split_column import SplitColumns, is_split, split_columns
from foveal.data.formats.table.text import Sample, is_image_name
from foveal.data.formats.table.titles import ID_TITLES, LABEL_TITLES, PATH_TITLES, place, plain
from foveal.data.notes import listed
from foveal.errors import DataError

PIXELS = re.compile(r"(pixels?|px|p)?[\s_-]*\d+([x_]\d+)?|pixels", re.IGNORECASE)
"""Titles of columns of pixels, as MNIST has them in a table."""
MANY_PIXELS = 64
LABEL_WORDS = "label, labels, class, classes, category or target"
"""Titles of labels in messages, of many more."""
MANY = 0.5
"""Fraction of different values from which a column of another title holds no classes."""
OBJECTS = ("[{", '{"', "{'")
"""What the fields of annotations as JSON begin with, as Label Studio's table has them."""
ANNOTATIONS = "holds annotations as JSON"
"""In the message on a table whose labels are such."""


@dataclass(frozen=True)
class Columns:
    """A table's columns of paths, labels and splits.

    Attributes:
        titles: Of all columns; without a header, their numbers.
        path: The column of paths.
        by_id: Whether its title may mean something else than images, which must then exist.
        label: The column of labels; -1: ``classes`` has them.
        classes: Columns of 0 and 1, one per class.
        splits: The columns of splits.
        joined: Takes a field of labels apart.
        notes: How columns are read whose titles do not say it.
        guessed: Whether the column of labels is taken only because there is no other.
    """

    titles: tuple[str, ...]
    path: int
    by_id: bool
    label: int
    classes: tuple[int, ...]
    splits: SplitColumns
    joined: Joined
    notes: tuple[str, ...] = ()
    guessed: bool = False

    def unread(self, group: int | None = None) -> list[str]:
        """Titles of the columns that are not read."""
        read = {self.path, self.label, group, *self.classes, *self.splits.columns, *self.splits.told}
        return [title or f"column {at + 1}" for at, title in enumerate(self.titles) if at not in read]


def columns_of(path: Path, sample: Sample) -> Columns:
    """Find the columns.

    Raises:
        DataError: There are none of paths or of labels, or one title is there twice.
    """
    if not sample.rows:
        raise DataError(f"{path} is empty.", "Write a header line with a path and a label column, then the rows.")
    if not sample.has_header:
        return _without_header(path, sample)
    at, by_id = _path_column(path, sample)
    label = _best_label(sample, at)
    splits = split_columns(sample, (at, label), one_hot=label < 0)
    classes: tuple[int, ...] = ()
    named = label >= 0
    notes: list[str] = []
    if label < 0 and path.name != EXPORT:
        label = _only_other(sample, (at, *splits.columns, *splits.told))
        if label >= 0:
            notes.append(f"Column {sample.titles[label]!r} is read as the labels.")
    if label < 0:
        classes = class_columns(sample, (at, *splits.columns), least=1 if path.name == EXPORT else 2)
        if not classes:
            raise _missing(
                path, sample.titles, LABEL_TITLES, "labels", "label, labels, class, classes, category or target"
            )
    found = next((value for value in sample.column(label) if value.startswith(OBJECTS)), "") if label >= 0 else ""
    if found:
        raise DataError(
            f"{path}: column {sample.titles[label]!r} {ANNOTATIONS}, such as {found[:40]}..., not labels.",
            "Export the annotations as JSON or COCO (Label Studio: JSON), or write plain labels.",
        )
    used = (at, label, *classes, *splits.columns)
    for title in {sample.titles[one] for one in used if one >= 0}:
        if sample.titles.count(title) > 1:
            raise DataError(f"{path}: {sample.titles.count(title)} columns are called {title!r}.", "Keep one.")
    joined = Joined(sample.titles[label] if label >= 0 else "", sample.column(label), marked=bool(splits.flags))
    if joined.note and label >= 0:
        notes.append(joined.note)
    return Columns(
        sample.titles, at, by_id, label, classes, splits, joined, (*notes, *splits.notes), label >= 0 and not named
    )


def _path_column(path: Path, sample: Sample) -> tuple[int, bool]:
    """The column of paths: of several, the first whose values are called as images are."""
    titles = sample.titles
    named, ids = place(titles, PATH_TITLES), place(titles, ID_TITLES)
    for found in (named, ids):
        for at in found:
            if any(map(is_image_name, sample.column(at)[:20])):
                return at, False
    by_values = [at for at in range(len(titles)) if (v := sample.column(at)) and all(map(is_image_name, v))]
    if len(by_values) == 1 and not get_close_matches(plain(titles[by_values[0]]), PATH_TITLES, n=1):
        return by_values[0], False  # a title that is nearly one of the words is a slip, and is told
    if named or ids:
        return (named or ids)[0], not named
    words = "path, image, file, filename, file_name or filepath"
    raise _missing(path, titles, PATH_TITLES, "paths", words)


def _best_label(sample: Sample, path: int) -> int:
    """The column of labels: of several, the first with words."""
    found = [at for at in place(sample.titles, LABEL_TITLES) if at != path]
    words = [at for at in found if not all(value.isdigit() for value in sample.column(at))]
    return (words or found or [-1])[0]


def _only_other(sample: Sample, taken: Sequence[int]) -> int:
    """The only column that is nothing else, where its values recur as those of classes do."""
    rest = [at for at in range(len(sample.titles)) if at not in taken]
    values = sample.column(rest[0]) if len(rest) == 1 else []
    return rest[0] if values and len({*values}) <= max(2, MANY * len(values)) and len(values) > 2 else -1


def _without_header(path: Path, sample: Sample) -> Columns:
    """The columns of a table without a header, where it is plain: a path, a label and perhaps a split."""
    first = sample.rows[0]
    at = next(i for i, value in enumerate(first) if is_image_name(value))
    rest = [i for i in range(len(first)) if i != at]
    split = -1
    if len(rest) > 1:
        split = next((i for i in rest if (v := sample.column(i)) and all(map(is_split, v))), -1)
    rest = [i for i in rest if i != split]
    if len(rest) != 1:
        raise DataError(
            f"{path} has no header: its first line names an image, {first[at]!r}, and has {len(first)} fields.",
            "Write a first line that names the columns, such as path,label,split.",
        )
    titles = tuple(f"column {i + 1}" for i in range(len(first)))
    note = f"The table has no header: column {at + 1} is read as the paths, column {rest[0] + 1} as the labels"
    note += f", column {split + 1} as the splits." if split >= 0 else "."
    joined = Joined("label", sample.column(rest[0]))
    return Columns(titles, at, False, rest[0], (), SplitColumns(split), joined, (note,))


def _missing(path: Path, titles: Sequence[str], wanted: Sequence[str], what: str, words: str) -> DataError:
    known = {*PATH_TITLES, *ID_TITLES, *LABEL_TITLES}
    near = [
        (title, match[0])
        for title in titles
        if plain(title) not in known and (match := get_close_matches(plain(title), wanted, n=1))
    ]
    guess = f" Did you mean {near[0][1]!r} by {near[0][0]!r}?" if near else ""
    pixels = [title for title in titles if PIXELS.fullmatch(title.strip())]
    if len(pixels) >= MANY_PIXELS or "pixels" in map(plain, titles):
        return DataError(
            f"{path} holds the pixels of images as numbers ({listed(pixels)}), which Foveal reads from files.",
            "Write them as files, in folders of their classes or with a table of paths and labels.",
        )
    return DataError(f"{path} has no column for {what} ({words}).", f"Its columns: {listed(titles)}.{guess}")


def note_unread(unread: Sequence[str], noun: str = "Column") -> list[str]:
    """A note that names the columns, or keys, that are not read."""
    if not unread:
        return []
    return [f"{noun if len(unread) == 1 else noun + 's'} not read: {listed(unread)}."]
