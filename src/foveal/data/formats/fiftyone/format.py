"""FiftyOne's own exports as a format among others."""

from foveal.data.formats.fiftyone import reader
from foveal.data.formats.fiftyone.reader import NAME
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
    return found.evidence("FiftyOne's samples" if samples else "FiftyOne's labels of images by their names")


def _fits(keys: frozenset[str]) -> bool:
    if "samples[].filepath" in keys:
        return True
    top = {key for key in keys if "." not in key and "[]" not in key}
    return top == OWN_KEYS and any(key.startswith("labels.") for key in keys)


FORMAT = Format(NAME, "FiftyOne's export", find, reader.read)
