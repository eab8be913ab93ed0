"""How several labels of one image are written in one field."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from foveal.data.formats.table.titles import SEVERAL_TITLES, plain

SEPARATOR = "|"
"""Between the labels of one image, whatever the column is called."""
OTHERS = (" ", ";", ",")
"""Separators of other tools, taken where the column's title and its values say so."""
LIST = re.compile(r"\[.*\]|\(.*\)")
ITEMS = re.compile(r"""'([^']*)'|"([^"]*)"|([^,\s'"][^,'"]*)""")


class Joined:
    """Takes a field apart.

    Args:
        title: The column's.
        values: A sample of its values, none of them empty.
        marked: Whether the table has a column such as ``is_valid``, as fastai's do, which joins labels with blanks.

    Attributes:
        several: Whether the table is multi-label whatever its rows.
        note: How labels are taken apart, where it is not by ``SEPARATOR``; empty: nothing to tell.
    """

    def __init__(self, title: str, values: Sequence[str], *, marked: bool = False) -> None:
        self.split: Callable[[str], list[str]] = partial(_parts, separator=SEPARATOR)
        self.several, self.note = False, ""
        if values and all(map(LIST.fullmatch, values)):
            self.split, self.several = _items, True
            self.note = f"Column {title!r} holds lists of labels, such as {values[0]!r}."
            return
        if plain(title) not in SEVERAL_TITLES or any(SEPARATOR in value for value in values):
            return
        for separator in OTHERS:
            first = next((value for value in values if separator in value), None)
            if first is None:
                continue
            if _recur(values, separator) >= (0.01 if marked or plain(title) == "tags" else 0.51):
                self.split, self.several = partial(_parts, separator=separator), True
                name = "blanks" if separator == " " else repr(separator)
                self.note = f"Column {title!r}: several labels of an image are joined by {name}, such as {first!r}."
            else:
                self.note = (
                    f"Column {title!r}: {first!r} is read as one label; several labels of an image are joined by"
                    f" {SEPARATOR!r}."
                )
            return

    def __call__(self, text: str) -> list[str]:
        """The labels in a field; a separator anywhere says that there may be several."""
        self.several |= SEPARATOR in text
        return [name for part in self.split(text) if (name := part.strip())]


def _parts(text: str, *, separator: str) -> list[str]:
    return text.split(separator)


def _items(text: str) -> list[str]:
    inside = text.strip()
    inside = inside[1:-1] if LIST.fullmatch(inside) else inside
    return [match[match.lastindex] for match in ITEMS.finditer(inside) if match.lastindex]


def _recur(values: Sequence[str], separator: str) -> float:
    """The fraction of the parts of joined values that are in at least two different values."""
    rows = [{part.strip() for part in value.split(separator)} - {""} for value in {*values}]
    counts = Counter(part for row in rows for part in row)
    parts = {part for row in rows if len(row) > 1 for part in row}
    return sum(counts[part] > 1 for part in parts) / len(parts) if parts else 0.0
