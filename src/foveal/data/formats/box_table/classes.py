"""Tables that name classes, beside tables of boxes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.table.text import rows_of, sample_of

DESCRIPTIONS = re.compile(r".*class-descriptions.*\.csv|.*metadata/classes\.csv", re.IGNORECASE)
"""Open Images: ``/m/0k4j,Car`` in each row, without a header."""
CLASSES = re.compile(r"_?class(es)?(_map(ping)?)?\.csv", re.IGNORECASE)
"""RetinaNet: ``car,0`` in each row, without a header; or ``0,car``."""
FIELDS = 2
MOST_DIGITS = 10
"""Of the id of a class."""


@dataclass(frozen=True)
class ClassTable:
    """What a table says about classes.

    Attributes:
        files: Their names; there may be one per split.
        titles: The class of each key.
        order: Classes in the order of their ids; empty: none are given.
    """

    files: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()


def class_table(tree: Tree, names: Sequence[str], *, open_images: bool) -> ClassTable:
    """The table of classes among other tables.

    Args:
        tree: The data set.
        names: Tables that may be it.
        open_images: Whether keys such as ``/m/0k4j`` are to be named; else ids are to be put in order.

    Raises:
        DataError: It is not text.
    """
    files: list[str] = []
    titles: dict[str, str] = {}
    order: tuple[str, ...] = ()
    for name in names:
        if open_images:
            rows = _rows(tree, name) if DESCRIPTIONS.fullmatch(name) else []
            titles |= dict(rows)
            files += [name] if rows else []
        elif CLASSES.fullmatch(name.rpartition("/")[2]):
            pairs = ((first, second) if second.isdecimal() else (second, first) for first, second in _rows(tree, name))
            rows = [(title, number) for title, number in pairs if number.isdecimal() and len(number) < MOST_DIGITS]
            numbered = sorted((int(number), title) for title, number in rows)
            found = tuple(dict.fromkeys(title for _, title in numbered))
            if found and found == (order or found):
                order = found
                titles |= {str(number): title for number, title in numbered}
                files.append(name)
    return ClassTable(tuple(files), titles, order)


def _rows(tree: Tree, name: str) -> list[tuple[str, str]]:
    """Rows of two fields; none where they are others."""
    sample = sample_of(tree.path(name))
    if {len(row) for row in sample.rows} != {FIELDS}:
        return []
    rows = [(row[0], row[1]) for row in sample.rows[:1] if sample.has_header]
    return rows + [(first.strip(), second.strip()) for _, (first, second) in rows_of(tree.path(name), sample)]
