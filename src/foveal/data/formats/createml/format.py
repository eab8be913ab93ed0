"""Create ML as a format among others."""

from foveal.data.formats.createml import reader
from foveal.data.formats.createml.reader import IMAGES, LISTS, NAME
from foveal.data.formats.listings.sampled import sample
from foveal.data.formats.recognition.evidence import Evidence, Format
from foveal.data.formats.recognition.tree import Tree

FIRST = frozenset(f"[].{key}" for key in IMAGES)
SECOND = frozenset(f"[].{key}[].{below}" for key in LISTS for below in ("coordinates", "label"))


def find(tree: Tree) -> Evidence | None:
    """A JSON list of images with the coordinates of their objects."""
    found = sample(tree, lambda keys: bool(FIRST & keys) and bool(SECOND & keys))
    return None if found is None else found.evidence("Create ML's annotations")


FORMAT = Format(NAME, "Create ML", find, reader.read)
