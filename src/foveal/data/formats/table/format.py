"""A table of paths and labels as a format among others."""

from collections.abc import Sequence
from pathlib import Path

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.recognition.evidence import Doubt, Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_name
from foveal.data.formats.table import reader
from foveal.data.formats.table.columns import ANNOTATIONS, columns_of
from foveal.data.formats.table.corners import corners_of, vague_box
from foveal.data.formats.table.images import Images
from foveal.data.formats.table.reader import NAME
from foveal.data.formats.table.tables import Tables, others_of, tables_of
from foveal.data.formats.table.text import is_image_name, sample_of
from foveal.data.notes import listed
from foveal.errors import DataError

IMAGES = "images"
NEARLY = ("no column for labels", "text.")
"""In the messages on a table that names images, but not what they are, and on one in another encoding."""
TRIED = 20
"""Rows whose images are looked for, where the title of their column may mean something else."""


def find(tree: Tree) -> Evidence | Doubt | None:
    """Tables with a column of paths and one of labels."""
    found = tables_of(tree, lambda path: _fits(tree, path))
    if isinstance(found, Doubt):
        return found
    if found is None:
        return _nearly(tree)
    first = found.root / found.names[0]
    one_hot = columns_of(first, sample_of(first)).classes
    what = f"a column of paths and {len(one_hot)} of 0 and 1" if one_hot else "a column of paths and one of labels"
    return Evidence(found.where(tree), seen(found, what), Sure.CERTAIN, ("labels",), found.unread)


def seen(found: Tables, what: str) -> str:
    """What was found, in words."""
    verb = "has" if len(found.names) == 1 else "have"
    codes = [SPLITS[code] for code in found.codes if code != UNASSIGNED]
    of = f", for {', '.join(codes)}" if codes else ""
    return f"{listed(found.names)} {verb} {what}{of}"


def _fits(tree: Tree, path: Path) -> bool:
    try:
        sample = sample_of(path)
        columns = columns_of(path, sample)
    except DataError:
        return False
    if corners_of(sample) is not None or vague_box(sample):
        return False
    if columns.guessed and _in_class_folders(sample.column(columns.path)):
        return False
    if not columns.by_id:
        return True
    images = Images(tree.root, ())
    values = sample.column(columns.path)[:TRIED]
    return any(images.find(name, UNASSIGNED) or images.resolver.why_not(name).startswith("could") for name in values)


def _in_class_folders(paths: Sequence[str]) -> bool:
    """Whether images lie in folders that may be their classes."""
    homes = {path.replace("\\", "/").rpartition("/")[0] for path in paths}
    return "" not in homes and len(homes) > 1 and not any(split_name(home.rpartition("/")[2]) for home in homes)


def _nearly(tree: Tree) -> Evidence | Doubt | None:
    """The only table, whatever its columns: its reader says what it lacks; or a doubt that says it."""
    if tree.labels is not None:
        return None
    names = others_of(tree)
    few = sum(map(tree.holds_images, tree.folder().folders)) < 2  # no folders of classes
    doubts = []
    for name in names:
        names_images = True  # perhaps, if it is in another encoding
        try:
            sample = sample_of(tree.path(name))
            if corners_of(sample) is not None or vague_box(sample):
                return None
            names_images = any(map(is_image_name, (value for row in sample.rows[:TRIED] for value in row)))
            columns_of(tree.path(name), sample)
        except DataError as error:
            if names_images or ANNOTATIONS in error.what:
                doubts.append(Doubt(error.what, error.hint, own=few or ANNOTATIONS in error.what))
    if len(names) == 1 and (tree.file or {*tree.folder().folders} <= {IMAGES}):
        return Evidence(tree.path(names[0]), f"{names[0]} is the only table", Sure.POSSIBLE, ("labels",))
    return next((doubt for doubt in doubts if doubt.own or any(words in doubt.seen for words in NEARLY)), None)


FORMAT = Format(NAME, "a table", find, reader.read)
