"""A table of paths and labels as a format among others."""

import csv

from foveal.data.formats.recognition.evidence import Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.table import reader
from foveal.data.formats.table.reader import DELIMITERS, IMAGES, LABEL_COLUMNS, NAME, PATH_COLUMNS, SUFFIXES


def find(tree: Tree) -> Evidence | None:
    """A table with a column of paths and one of labels."""
    names = tree.texts(*SUFFIXES) if tree.file else tree.folder().with_suffix(".csv", ".tsv")
    fit = [name for name in names if _fits(tree.head(name))]
    if len(fit) == 1:
        seen = f"{fit[0]} has a column of paths and one of labels"
        return Evidence(tree.path(fit[0]), seen, Sure.CERTAIN, ("labels",), tuple(n for n in names if n != fit[0]))
    alone = tree.file or {*tree.folder().folders} <= {IMAGES}
    if len(names) == 1 and alone:
        return Evidence(tree.path(names[0]), f"{names[0]} is the only table", Sure.POSSIBLE, ("labels",))
    return None


def _fits(head: str) -> bool:
    first = head.partition("\n")[0].strip()
    delimiter = max(DELIMITERS, key=first.count)
    header = {title.strip().lower() for title in next(csv.reader([first], delimiter=delimiter), [])}
    return bool(header.intersection(PATH_COLUMNS)) and bool(header.intersection(LABEL_COLUMNS))


FORMAT = Format(NAME, "a table", find, reader.read)
