"""Pascal VOC as a format among others."""

from foveal.data.formats.recognition.evidence import Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.voc import reader
from foveal.data.formats.voc.record import ANNOTATIONS, NAME


def find(tree: Tree) -> Evidence | None:
    """A folder of XML files beside a folder of images."""
    root = None if tree.file else reader.find(tree.root)
    if root is None:
        return None
    where = (root / ANNOTATIONS).relative_to(tree.root).as_posix()
    return Evidence(tree.root, f"{where} has XML files", Sure.CERTAIN, ("boxes",))


FORMAT = Format(NAME, "Pascal VOC", find, reader.read)
