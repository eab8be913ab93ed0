"""OIDv4 ToolKit's downloads of Open Images: ``train/Apple/1.jpg`` with ``train/Apple/Label/1.txt``.

A line is the class, which may have blanks in it, and left, top, right and bottom in pixels. An image of two classes is
downloaded into the folder of each, with that one's boxes alone; it is read once, with the objects of all.
"""

import re
from pathlib import Path, PurePosixPath

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.listings.documents import shown
from foveal.data.formats.listings.listing import Entry, Listing, Thing
from foveal.data.formats.listings.sampled import read_documents
from foveal.data.formats.listings.shapes import rectangle
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.text_file import read_text

NAME = "oidv4"
FOLDER = "label"
"""Name of the folders of label files, in lower case."""
SUFFIX = ".jpg"
"""Of the images that it downloads."""
NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
LINE = re.compile(rf"(?P<name>\S.*?)((?:\s+{NUMBER.pattern}){{4}})")


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read the folders of classes, of one split or of several.

    Args:
        path: The folder.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No label file, no image or no object is left, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    first: dict[tuple[int, str], Entry] = {}

    def take(document: object, title: str, split: int, listing: Listing) -> bool:
        return _take(str(document), title, split, listing, first)

    return read_documents(path, request, NAME, take, load={".txt": read_text})


def label_folders(tree: Tree) -> list[str]:
    """The folders called Label whose folder above has images."""
    found = [folder.name for folder in tree.folders() if folder.name.rpartition("/")[2].lower() == FOLDER]
    return [name for name in found if tree.folder(name.rpartition("/")[0]).images]


def parts_of(line: str) -> tuple[str, list[float]] | None:
    """The class and the four numbers of a line; None: it has another form."""
    match = LINE.fullmatch(line.strip())
    if match is None or any(NUMBER.fullmatch(word) for word in match["name"].split()):
        return None
    return match["name"], [float(text) for text in match[2].split()]


def _take(text: str, title: str, split: int, listing: Listing, first: dict[tuple[int, str], Entry]) -> bool:
    place = PurePosixPath(title)
    if place.parent.name.lower() != FOLDER:
        return False
    entry = Entry(f"{place.stem}{SUFFIX}", title, str(place.parent.parent), split)
    known = first.setdefault((split, place.stem), entry)
    if known is entry:
        listing.entries.append(entry)
    else:
        listing.told.add("image", "in the folders of several classes, read once, with the objects of all")
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{title}, line {number}"
        parts = parts_of(line)
        if parts is None:
            if line.strip():
                known.fault(where, f"the line {shown(line.strip())} is not a class and four numbers")
            continue
        name, (x1, y1, x2, y2) = parts
        shape = rectangle(x1, y1, x2, y2)
        if any(thing.label == name and thing.shape == shape for thing in known.things) and known is not entry:
            continue  # both folders have the boxes of both classes
        known.things.append(Thing(name, shape, where, line.strip()))
    return True
