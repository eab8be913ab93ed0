"""COCO as a format among others."""

from foveal.data.formats.coco import reader
from foveal.data.formats.coco.record import NAME
from foveal.data.formats.coco.source import find as find_files
from foveal.data.formats.recognition.evidence import Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.notes import listed


def find(tree: Tree) -> Evidence | None:
    """JSON files with COCO's lists."""
    path = tree.path(tree.file)
    if tree.file and path.suffix.lower() != ".json":
        return None
    files = find_files(path)[1]
    if not files:
        return None
    names = [file.relative_to(tree.root).as_posix() for file in files]
    verb = "has" if len(names) == 1 else "have"
    return Evidence(path, f"{listed(names)} {verb} COCO's lists", Sure.CERTAIN, ("boxes", "masks"))


FORMAT = Format(NAME, "COCO", find, reader.read)
