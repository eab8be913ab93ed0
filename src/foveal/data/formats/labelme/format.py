"""LabelMe as a format among others."""

from foveal.data.formats.labelme import reader
from foveal.data.formats.labelme.record import NAME
from foveal.data.formats.listings.sampled import sample
from foveal.data.formats.recognition.evidence import Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree

PAGE = frozenset({"imagePath", "imageData", "imageHeight", "shapes[].shape_type"})


def find(tree: Tree) -> Evidence | None:
    """JSON files with the shapes of one image each; some beside many images may be there by chance."""
    found = sample(tree, lambda keys: "shapes[]" in keys and bool(PAGE & keys))
    if found is None:
        return None
    images = 1 if tree.file else sum(len(folder.images) for folder in tree.folders())
    sure = Sure.CERTAIN if 2 * len(found.fit) >= images else Sure.LIKELY
    return found.evidence("LabelMe's shapes", sure=sure)


FORMAT = Format(NAME, "LabelMe", find, reader.read)
