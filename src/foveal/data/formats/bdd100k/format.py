"""BDD100K as a format among others."""

from foveal.data.formats.bdd100k import reader
from foveal.data.formats.bdd100k.record import NAME
from foveal.data.formats.listings.sampled import sample
from foveal.data.formats.recognition.evidence import Evidence, Format
from foveal.data.formats.recognition.tree import Tree


def find(tree: Tree) -> Evidence | None:
    """JSON files with frames that have a name and labels with a category."""
    found = sample(tree, _fits)
    return None if found is None else found.evidence("BDD100K's labels", ("boxes", "masks"))


def _fits(keys: frozenset[str]) -> bool:
    frames = any(
        f"{start}[].name" in keys and {f"{start}[].labels[].category", f"{start}[].labels[].box2d"} & keys
        for start in ("", "frames")
    )
    return frames or {"name", "frames[].objects[].category"} <= keys


FORMAT = Format(NAME, "BDD100K", find, reader.read)
