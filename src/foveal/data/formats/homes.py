"""Where the images of an annotated data set lie: folders of images, in the folders of splits or not."""

import unicodedata
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.layout import relative
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_name, split_of

IMAGE_WORDS = frozenset(
    {"images", "image", "imgs", "img", "jpegimages", "jpgimages", "pngimages", "pictures", "photos", "frames"}
)
"""Names of folders of all images, in lower case."""


def fold(name: str) -> str:
    """A name in the form in which names are compared."""
    return unicodedata.normalize("NFC", name).casefold()


def name_of(path: Path, root: Path) -> str:
    """A folder's name relative to the root; empty: the root itself."""
    name = relative(path, root)
    return "" if name == "." else name


def image_homes(tree: Tree, base: str = "") -> list[str]:
    """Folders, relative to the root, that hold the images of a data set together with their sub-folders.

    A folder called images or the like in ``base``; else those in the folders of splits; else ``base``, if it holds
    images anywhere.
    """
    here = tree.folder(base)
    named = [
        here.inside(name) for name in here.folders if fold(name) in IMAGE_WORDS and tree.holds_images(here.inside(name))
    ]
    if named:
        return named
    splits = [here.inside(name) for name in here.folders if split_name(name)]
    found = [home for name in splits for home in image_homes(tree, name)]
    if found:
        return found
    return [base] if tree.holds_images(base) else []


def folders_below(tree: Tree, homes: Iterable[str]) -> list[str]:
    """The folders with images in the homes, the homes among them."""
    return [folder.name for home in homes for folder in tree.folders(home) if folder.images]


def split_in(path: str) -> int:
    """Code of the split that the last folder of a path that is called like one stands for; else UNASSIGNED."""
    codes = (split_of(part) for part in reversed(path.split("/")))
    return next((code for code in codes if code != UNASSIGNED), UNASSIGNED)


def splits_of(folders: Collection[str]) -> dict[str, int]:
    """The split of each folder of images by the words in its path: all have one, or none has."""
    codes = {name: split_in(name) for name in folders}
    return codes if UNASSIGNED not in codes.values() else dict.fromkeys(folders, UNASSIGNED)


def find_below(tree: Tree, depth: int, fits: Callable[[str], bool], base: str = "") -> list[str]:
    """Files that are no images, relative to the root, whose names fit; those of upper folders first."""
    waiting, found = [(base, 0)], []
    while waiting:
        name, level = waiting.pop(0)
        here = tree.folder(name)
        found += [here.inside(other) for other in here.others if fits(other)]
        if level < depth:
            waiting += [(here.inside(below), level + 1) for below in here.folders]
    return found
