"""Datumaro's JSON as a format among others."""

from foveal.data.formats.datumaro import reader
from foveal.data.formats.datumaro.reader import NAME
from foveal.data.formats.listings.sampled import sample
from foveal.data.formats.recognition.evidence import Evidence, Format
from foveal.data.formats.recognition.tree import Tree


def find(tree: Tree) -> Evidence | None:
    """JSON files with a list of items and the labels that they use."""
    found = sample(tree, lambda keys: "categories.label" in keys or "categories.label.labels[]" in keys)
    return None if found is None else found.evidence("datumaro's items")


FORMAT = Format(NAME, "datumaro's JSON", find, reader.read)
