"""Pascal VOC as a format among others."""

from pathlib import Path

from foveal.data.formats.homes import fold, name_of
from foveal.data.formats.recognition.evidence import Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree, common_stems
from foveal.data.formats.voc import reader
from foveal.data.formats.voc.parts import PAGE_WORDS, Part, find_root, parts_named, parts_of
from foveal.data.formats.voc.record import NAME
from foveal.data.notes import listed


def find(tree: Tree) -> Evidence | None:
    """XML files of VOC's kind, in a folder beside one of images or beside the images themselves."""
    if tree.file:
        return None
    if tree.labels is not None:
        named = parts_named(tree, tree.labels) if tree.labels.is_dir() else []
        return _evidence(tree, tree.labels, named, tree.root) if named else None
    root = find_root(tree)
    return None if root is None else _evidence(tree, tree.root, parts_of(Tree(root)), root)


def _evidence(tree: Tree, where: Path, parts: list[Part], root: Path) -> Evidence:
    homes = [name_of(root / part.home, tree.root) or "the folder" for part in parts]
    has = "has" if len(homes) == 1 else "have"
    beside = " beside the images" if all(part.images == (part.home,) for part in parts) else ""
    sure = Sure.POSSIBLE if any(_has_masks(Tree(root), part) for part in parts) else Sure.CERTAIN
    return Evidence(where, f"{listed(homes)} {has} XML files of annotations{beside}", sure, ("boxes",))


def _has_masks(tree: Tree, part: Part) -> bool:
    """Whether a folder beside that of the XML files has an image, as a mask, for each of them.

    Oxford-IIIT Pet has ``annotations/trimaps`` for all images and ``annotations/xmls`` for half of them: the masks are
    what it is read for, unless boxes are wanted.
    """
    above, _, own = part.home.rpartition("/")
    if fold(above) not in PAGE_WORDS:
        return False
    pages = tree.folder(part.home).with_suffix(".xml")
    others = [tree.folder(f"{above}/{name}").images for name in tree.folder(above).folders if name != own]
    return any(common_stems(images, [name.rpartition("/")[2] for name in pages]) == len(pages) for images in others)


FORMAT = Format(NAME, "Pascal VOC", find, reader.read)
