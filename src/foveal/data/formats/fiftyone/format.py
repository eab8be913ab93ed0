"""FiftyOne's own exports as a format among others."""

from collections.abc import Sequence

from foveal.data.formats.fiftyone import reader
from foveal.data.formats.fiftyone.reader import DATA, NAME
from foveal.data.formats.listings.listing import near
from foveal.data.formats.listings.sampled import sample
from foveal.data.formats.recognition.evidence import Evidence, Format
from foveal.data.formats.recognition.tree import Tree

OWN_KEYS = frozenset({"classes", "labels"})


def find(tree: Tree) -> Evidence | None:
    """``samples.json``, or ``labels.json`` with the labels of each image by its name."""
    found = sample(tree, _fits)
    if found is None:
        return None
    samples = "samples[].filepath" in found.keys
    if not samples and not (tree.file or tree.labels or tree.images or _has_data(tree, found.fit)):
        return None  # a table of class names may look like it
    return found.evidence("FiftyOne's samples" if samples else "FiftyOne's labels of images by their names")


def _has_data(tree: Tree, documents: Sequence[str]) -> bool:
    """Whether the folder of images lies beside a document."""
    return any(DATA in tree.folder(near(name)).folders for name in documents)


def _fits(keys: frozenset[str]) -> bool:
    if "samples[].filepath" in keys:
        return True
    top = {key for key in keys if "." not in key and "[]" not in key}
    return top == OWN_KEYS and any(key.startswith("labels.") for key in keys)


FORMAT = Format(NAME, "FiftyOne's export", find, reader.read)
