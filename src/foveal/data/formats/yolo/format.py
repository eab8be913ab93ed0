"""YOLO as a format among others."""

from foveal.data.formats.recognition.evidence import Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.yolo import reader
from foveal.data.formats.yolo.layout import find as find_layout
from foveal.data.formats.yolo.record import NAME


def find(tree: Tree) -> Evidence | None:
    """A YAML file with names and splits, or images and labels."""
    where = find_layout(tree.path(tree.file))
    if where is None:
        return None
    if where.is_file():
        return Evidence(where, f"{where.name} names classes and splits", Sure.CERTAIN, ("boxes", "masks"))
    return Evidence(where, "labels has text files for images", Sure.CERTAIN, ("boxes", "masks"))


FORMAT = Format(NAME, "YOLO", find, reader.read)
