"""Images with masks as a format among others."""

from foveal.data.formats.mask_folder import reader
from foveal.data.formats.mask_folder.layout import find as find_layout
from foveal.data.formats.mask_folder.looks import evidence
from foveal.data.formats.mask_folder.reader import NAME
from foveal.data.formats.mask_folder.unread import unread
from foveal.data.formats.recognition.evidence import Doubt, Evidence, Format
from foveal.data.formats.recognition.tree import Tree


def find(tree: Tree) -> Evidence | Doubt | None:
    """A folder of masks beside a folder of images, or in or beside those of the splits, or masks among images."""
    there = find_layout(tree)
    return None if there is None else evidence(tree, there, unread(there))


FORMAT = Format(NAME, "images with masks", find, reader.read)
