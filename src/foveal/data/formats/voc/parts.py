"""Where a Pascal VOC data set has its XML files and images: in two folders, beside each other, or so in each split."""

import re
from dataclasses import dataclass
from pathlib import Path

from foveal.data.formats.homes import fold, image_homes, name_of
from foveal.data.formats.recognition.tree import Folder, Tree, common_stems
from foveal.data.formats.splits import split_name, split_name_of_file
from foveal.errors import DataError

PAGE_WORDS = ("annotations", "annotation", "annots", "anns", "ann", "annos", "xmls", "xml", "labels", "label", "bboxes")
"""Names of folders of XML files, in lower case, likeliest first."""
ROOT_TAG = re.compile(r"<([A-Za-z_][\w.-]*)")
SAMPLE = 20
"""Number of XML files that are looked at."""
DEVKIT = "VOCdevkit"


@dataclass(frozen=True)
class Part:
    """Annotations and the images that they belong to.

    Attributes:
        home: Folder of the XML files, relative to the root, with all below it.
        images: Folders of the images, likewise, with all below them.
        base: The folder that both lie in.
        others: Further folders of XML files, which are not read.
    """

    home: str
    images: tuple[str, ...]
    base: str = ""
    others: tuple[str, ...] = ()


def parts_of(tree: Tree, base: str = "") -> list[Part]:
    """The parts of a data set, or of a folder of one; empty: it is none."""
    here = tree.folder(base)
    named = [here.inside(name) for name in here.folders if fold(name) in PAGE_WORDS]
    named = [name for name in named if _has_pages(tree, name)]
    if named:
        first, *others = sorted(named, key=lambda name: PAGE_WORDS.index(fold(name.rpartition("/")[2])))
        return [Part(_innermost(tree, first), tuple(image_homes(tree, base)), base, tuple(others))]
    found = [part for name in here.folders if split_name(name) for part in parts_of(tree, here.inside(name))]
    if found:
        return found
    split_homes = [here.inside(name) for name in here.folders if split_name_of_file(name)]
    found = [
        Part(home, images, base)
        for home in split_homes
        if not tree.holds_images(home)
        and _has_pages(tree, home)
        and (images := tuple(one for one in split_homes if _same_split(one, home) and tree.holds_images(one)))
    ]
    if found:
        return found
    if any(is_page(tree.head(name)) for name in here.with_suffix(".xml")[:SAMPLE]):
        return [Part(base, tuple(image_homes(tree, base)), base)]
    beside = any(_are_beside(tree, folder) for folder in tree.folders(base))
    return [Part(base, (base,), base)] if beside else []


def parts_named(tree: Tree, labels: Path) -> list[Part]:
    """The parts of a data set whose folder of annotations the user named."""
    home = name_of(labels, tree.root)
    own = parts_of(tree, home)
    if own and all(part.images for part in own):
        return own
    return [Part(home, tuple(image_homes(tree)))] if own or _has_pages(tree, home) else []


def find_root(tree: Tree) -> Path | None:
    """The folder with the annotations: the tree's, ``VOCdevkit``, or the only one (``VOC2007``) that has them.

    Raises:
        DataError: There are several.
    """
    path = tree.root
    if tree.file or not path.is_dir():
        return None
    if parts_of(tree):
        return path
    above = path / DEVKIT if (path / DEVKIT).is_dir() else path
    found = [folder for folder in sorted(above.glob("VOC*")) if folder.is_dir() and parts_of(Tree(folder))]
    if len(found) > 1:
        raise DataError(
            f"{path} contains {len(found)} Pascal VOC trees: {', '.join(p.name for p in found)}.", "Name one of them."
        )
    return found[0] if found else None


def is_page(head: str, *, sure: bool = True) -> bool:
    """Whether the beginning of an XML file is that of an annotation.

    Args:
        head: The beginning.
        sure: Whether a file without any element is none.
    """
    match = ROOT_TAG.search(head.replace("\0", ""))
    return match[1] == "annotation" if match else not sure


def _has_pages(tree: Tree, home: str, *, sure: bool = False) -> bool:
    names = (name for folder in tree.folders(home) for name in folder.with_suffix(".xml"))
    return any(is_page(tree.head(name), sure=sure) for _, name in zip(range(SAMPLE), names, strict=False))


def _same_split(one: str, other: str) -> bool:
    """Whether two folders stand for one split, as train_images and train_annots do."""
    return split_name_of_file(one.rpartition("/")[2]) == split_name_of_file(other.rpartition("/")[2])


def _are_beside(tree: Tree, folder: Folder) -> bool:
    """Whether annotations lie beside the images of a folder."""
    pages = [name for name in folder.others if name.lower().endswith(".xml")]
    if not common_stems(folder.images, pages):
        return False
    return any(is_page(tree.head(folder.inside(name))) for name in pages[:SAMPLE])


def _innermost(tree: Tree, home: str) -> str:
    """The folder below which all XML files lie: Annotations, or xmls in it."""
    here = tree.folder(home)
    below = [here.inside(name) for name in here.folders if _has_pages(tree, here.inside(name))]
    if here.with_suffix(".xml") or len(below) != 1 or split_name(below[0].rpartition("/")[2]):
        return home
    return _innermost(tree, below[0])
