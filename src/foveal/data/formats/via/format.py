"""VGG Image Annotator as a format among others."""

from foveal.data.formats.listings.sampled import Sampled, sample
from foveal.data.formats.recognition.evidence import Evidence, Format
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.via import reader
from foveal.data.formats.via.files import PROJECT, VERSION_3
from foveal.data.formats.via.record import NAME
from foveal.data.formats.via.rows import header_of


def find(tree: Tree) -> Evidence | None:
    """JSON or CSV files with regions of images."""
    found = sample(tree, _fits)
    if found is not None:
        return found.evidence("VIA's regions", ("boxes", "masks"))
    where = tree.path(tree.file) if tree.labels is None else tree.labels
    inside = tree if tree.labels is None else Tree(tree.labels)
    tables = [name for name in inside.texts(".csv") if header_of(inside.head(name)[:4096])]
    if not tables:
        return None
    return Sampled(where, tuple(tables), frozenset()).evidence("VIA's regions", ("boxes", "masks"))


def _fits(keys: frozenset[str]) -> bool:
    if PROJECT in keys or VERSION_3 | {"project"} <= keys or {"project", "config", "attribute"} <= keys:
        return True
    named = {key.removesuffix(".filename") for key in keys if key.endswith(".filename")}
    return any(f"{name}.regions" in keys for name in named)


FORMAT = Format(NAME, "VGG Image Annotator", find, reader.read)
