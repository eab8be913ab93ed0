"""A table of boxes as a format among others."""

from foveal.data.formats.box_table import reader
from foveal.data.formats.box_table.columns import box_columns_of
from foveal.data.formats.box_table.reader import NAME, has_boxes
from foveal.data.formats.recognition.evidence import Doubt, Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.table.corners import corners_of, vague_box
from foveal.data.formats.table.format import seen
from foveal.data.formats.table.tables import others_of, tables_of
from foveal.data.formats.table.text import sample_of
from foveal.errors import DataError


def find(tree: Tree) -> Evidence | Doubt | None:
    """Tables with columns of paths, boxes and classes."""
    found = tables_of(tree, has_boxes)
    if isinstance(found, Doubt):
        return found
    if found is None:
        return _nearly(tree)
    classes = {*found.unread} & {*reader.named_classes(Tree(found.root), found)}
    unread = tuple(name for name in found.unread if name not in classes)
    return Evidence(
        found.where(tree), seen(found, "columns of paths, boxes and classes"), Sure.CERTAIN, ("boxes",), unread
    )


def _nearly(tree: Tree) -> Doubt | None:
    """A table with boxes that cannot be read: what it lacks."""
    names = others_of(tree) if tree.labels is None else []
    for name in names:
        path = tree.path(name)
        try:
            sample = sample_of(path)
            if corners_of(sample) is not None or vague_box(sample):
                box_columns_of(path, sample)
        except DataError as error:
            return Doubt(error.what, error.hint, own=bool(tree.file))
    return None


FORMAT = Format(NAME, "a table of boxes", find, reader.read)
