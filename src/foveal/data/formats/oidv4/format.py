"""OIDv4 ToolKit's folders as a format among others."""

from foveal.data.formats.listings.documents import shown
from foveal.data.formats.oidv4 import reader
from foveal.data.formats.oidv4.reader import NAME, label_folders, parts_of
from foveal.data.formats.recognition.evidence import Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.notes import listed

LOOKED_AT = 20


def find(tree: Tree) -> Evidence | None:
    """Folders called Label beside images, with lines of a class and a box in pixels."""
    if tree.file:
        return None
    inside = tree if tree.labels is None else Tree(tree.labels)
    folders = label_folders(inside)
    files = [name for folder in folders for name in inside.folder(folder).with_suffix(".txt")]
    lines = [line for name in files[:LOOKED_AT] for line in inside.head(name).splitlines()[:LOOKED_AT] if line.strip()]
    good = [line.strip() for line in lines if parts_of(line)]
    if 2 * len(good) < max(1, len(lines)) or all(max(parts[1]) <= 1 for line in good if (parts := parts_of(line))):
        return None  # parts of the image's sides are YOLO's
    seen = f"{listed(folders)} {'has' if len(folders) == 1 else 'have'} lines such as {shown(good[0])}"
    return Evidence(tree.labels or tree.root, seen, Sure.CERTAIN, ("boxes",))


FORMAT = Format(NAME, "OIDv4 ToolKit's", find, reader.read)
