"""CVAT for images as a format among others."""

import re

from foveal.data.formats.cvat import reader
from foveal.data.formats.cvat.record import NAME
from foveal.data.formats.listings.sampled import PER_FOLDER, Sampled
from foveal.data.formats.recognition.evidence import Evidence, Format
from foveal.data.formats.recognition.tree import Tree

ROOT = re.compile(r"\s*(?:<\?[^>]*\?>|<!--.*?-->|\s)*<annotations[\s>/]", re.DOTALL)


def find(tree: Tree) -> Evidence | None:
    """XML files whose root is ``annotations``."""
    where = tree.path(tree.file) if tree.labels is None else tree.labels
    inside = tree if tree.labels is None else Tree(tree.labels)
    by_folder: dict[str, list[str]] = {}
    for name in inside.texts(".xml"):
        by_folder.setdefault(name.rpartition("/")[0], []).append(name)
    fit = [name for names in by_folder.values() for name in names[:PER_FOLDER] if ROOT.match(inside.head(name))]
    return Sampled(where, tuple(fit), frozenset()).evidence("CVAT's images") if fit else None


FORMAT = Format(NAME, "CVAT for images", find, reader.read)
