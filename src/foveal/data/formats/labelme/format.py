"""LabelMe as a format among others."""

from foveal.data.formats.labelme import reader
from foveal.data.formats.labelme.record import NAME
from foveal.data.formats.listings.sampled import sample
from foveal.data.formats.recognition.evidence import Evidence, Format
from foveal.data.formats.recognition.tree import Tree

PAGE = frozenset({"imagePath", "imageData", "imageHeight", "shapes[].shape_type"})


def find(tree: Tree) -> Evidence | None:
    """JSON files with the shapes of one image each."""
    found = sample(tree, lambda keys: "shapes[]" in keys and bool(PAGE & keys))
    return None if found is None else found.evidence("LabelMe's shapes")


FORMAT = Format(NAME, "LabelMe", find, reader.read)
