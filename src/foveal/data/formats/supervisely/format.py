"""Supervisely as a format among others."""

from foveal.data.formats.listings.sampled import sample
from foveal.data.formats.recognition.evidence import Evidence, Format
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.supervisely import reader
from foveal.data.formats.supervisely.reader import NAME

PAGE = frozenset({"size.width", "tags", "objects"})


def find(tree: Tree) -> Evidence | None:
    """A JSON file for each image, in ``ann`` beside ``img``, with the objects' classes."""
    found = sample(tree, lambda keys: "objects[].classTitle" in keys or keys >= PAGE)
    return None if found is None else found.evidence("Supervisely's objects")


FORMAT = Format(NAME, "Supervisely", find, reader.read)
