"""Images with masks as a format among others."""

from foveal.data.formats.mask_folder import reader
from foveal.data.formats.mask_folder.layout import find as find_layout
from foveal.data.formats.mask_folder.pairs import looks_like
from foveal.data.formats.mask_folder.reader import NAME
from foveal.data.formats.recognition.evidence import Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.notes import listed


def find(tree: Tree) -> Evidence | None:
    """A folder of masks beside a folder of images, or such folders in or beside those of the splits."""
    there = None if tree.file else find_layout(tree.root)
    if there is None or not looks_like(tree.root):
        return None
    names = [folders.masks.relative_to(tree.root).as_posix() for folders in there.folders]
    verb = "has" if len(names) == 1 else "have"
    return Evidence(tree.root, f"{listed(names)} {verb} masks of images", Sure.CERTAIN, ("masks",))


FORMAT = Format(NAME, "images with masks", find, reader.read)
