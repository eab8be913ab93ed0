"""Layouts of mask data sets.

Two folders (``images`` and ``masks``), each perhaps with split folders; split folders with two such folders each;
folders named after splits, as SegNet has it, ``train`` beside ``trainannot``; masks beside the images in one folder;
and Pascal VOC's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats import layout
from foveal.data.formats.mask_folder.alike import alike
from foveal.data.formats.mask_folder.class_table import TABLES
from foveal.data.formats.mask_folder.folders import (
    by_role,
    holding,
    innermost,
    once,
    pair_in,
    split_folders,
    split_tree,
)
from foveal.data.formats.mask_folder.names.among import masks_among, twins
from foveal.data.formats.mask_folder.names.words import Kind, role
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_names
from foveal.data.notes import listed
from foveal.errors import DataError

VOC_IMAGES = "JPEGImages"
VOC_MASKS = ("SegmentationClass", "SegmentationClassAug")
"""The masks of Pascal VOC, and those of SBD's more images, which are taken where there are no others."""
TEST = SPLITS.index("test")
DEEPEST = 3
"""Levels of folders between the root, or a split, and the folders of images and masks."""


@dataclass(frozen=True)
class Folders:
    """A folder of images, its folder of masks (the same, if they lie together), and their split."""

    images: str
    masks: str
    split: int = UNASSIGNED


@dataclass(frozen=True)
class Layout:
    """The folders of a data set.

    Attributes:
        tree: Its files; names are relative to its root.
        folders: Folders of images and masks.
        voc: Whether it is a Pascal VOC tree, where lists name the images with masks.
        guessed: Whether not the folders' names say which holds masks, but the files in them.
        left: Folders of splits without masks, which are left out.
    """

    tree: Tree
    folders: tuple[Folders, ...]
    voc: bool = False
    guessed: bool = False
    left: tuple[tuple[int, str], ...] = ()

    @property
    def notes(self) -> list[str]:
        """What was left out, and which folders are no classes."""
        out = [f"The {SPLITS[code]} split has no masks; {name} was left out." for code, name in self.left]
        together = [one.images for one in self.folders if one.images == one.masks and one.split == UNASSIGNED]
        if len(together) > 1:
            out.append(
                f"The folders {listed(together)} are not read as classes; --data.format image_folder does, without the"
                " masks."
            )
        return out

    @property
    def root(self) -> Path:
        """Folder that names are relative to."""
        return self.tree.root


def find(tree: Tree) -> Layout | None:
    """The folders of a mask data set; None: not a mask data set.

    Raises:
        DataError: A split has images but no masks, or masks but no images; or there are several VOC trees; or
            the folder that the user named does not tell which other one belongs to it.
    """
    if tree.file or not tree.root.is_dir():
        return None
    if tree.labels is not None or tree.images is not None:
        return _named(tree)
    root = find_voc(tree.root)
    if root is not None:
        inner = tree if root == tree.root else Tree(root)
        return Layout(inner, (Folders(VOC_IMAGES, _voc_masks(root)),), voc=True)
    ways = (_beside, _inside_splits, _named_after_splits, _splits_beside_masks, _below, _in_wrapper, _guessed)
    return next((there for way in ways if (there := way(tree)) is not None), None)


def find_voc(path: Path) -> Path | None:
    """The Pascal VOC tree with masks: this folder, or the only one in ``VOCdevkit`` or here.

    Raises:
        DataError: There are several.
    """
    if _is_voc(path):
        return path
    above = path / "VOCdevkit" if (path / "VOCdevkit").is_dir() else path
    found = [folder for folder in sorted(above.glob("VOC*")) if _is_voc(folder)]
    if len(found) > 1:
        raise DataError(
            f"{path} contains {len(found)} Pascal VOC trees: {', '.join(p.name for p in found)}.", "Name one of them."
        )
    return found[0] if found else None


def _is_voc(path: Path) -> bool:
    images = layout.images_in(path, path / VOC_IMAGES, deep=False)
    return next(images, None) is not None and bool(_voc_masks(path))


def _voc_masks(path: Path) -> str:
    """The folder of masks of a Pascal VOC tree; empty: it has none."""
    there = (name for name in VOC_MASKS if next(layout.images_in(path, path / name, deep=False), None) is not None)
    return next(there, "")


def _named(tree: Tree) -> Layout | None:
    """The folders that the user named, and the one that belongs to them."""
    labels, images = (None if path is None else layout.relative(path, tree.root) for path in (tree.labels, tree.images))
    labels, images = ("" if name == "." else name for name in (labels, images))
    if labels is not None and not (tree.path(labels).is_dir() and tree.holds_images(labels)):
        return None
    if labels is not None and images in (None, labels):
        names = tree.folder(labels).images
        if masks_among(names) or twins(names):
            return Layout(tree, (Folders(labels, labels),))
    if labels is not None and images is not None:
        return _of_pair(tree, images, labels)
    given = labels if labels is not None else images or ""
    other: Kind = "images" if labels is not None else "masks"
    there = by_role(tree, given.rpartition("/")[0], other) or by_role(tree, "", other)
    there = [name for name in there if name != given]
    if not there:
        if labels is None:
            return None
        raise DataError(
            f"{tree.root}: the masks are in {given}, and no folder is called like one of their images.",
            "Name it with --data.images.",
        )
    return _of_pair(tree, *((there[0], given) if labels is not None else (given, there[0])))


def _beside(tree: Tree) -> Layout | None:
    pair = pair_in(tree, "")
    return None if pair is None else _of_pair(tree, *pair)


def _of_pair(tree: Tree, images: str, masks: str) -> Layout:
    """Two folders, each perhaps with split folders."""
    first, second = split_tree(tree, images), split_tree(tree, masks)
    if first and not holding(tree, masks):
        return Layout(tree, tuple(Folders(name, masks, code) for code, name in sorted(first.items())))
    if first or second:
        return _joined(tree, first, second)
    return Layout(tree, (Folders(*innermost(tree, images, masks)),))


def _inside_splits(tree: Tree) -> Layout | None:
    homes = [(code, name) for code, name, one in split_folders(tree, "") if one.kind != "masks"]
    pairs = {name: _pairs_below(tree, name) for _, name in homes}
    if not any(pairs.values()):
        return None
    alone = {code: name for code, name in homes if not pairs[name] and tree.holds_images(name)}
    once(tree, "", [(code, name) for code, name in homes if pairs[name] or name in alone.values()])
    found = [Folders(*pair, code) for code, name in homes for pair in pairs[name]]
    together = any(one.images == one.masks for one in found)
    for code, name in alone.items():
        if code != TEST and not together:
            raise _lacks(tree, code, name, "images", "masks")
    return Layout(tree, tuple(found), left=tuple(alone.items()))


def _named_after_splits(tree: Tree) -> Layout | None:
    there = [(code, name, one) for code, name, one in split_folders(tree, "") if tree.holds_images(name)]
    masks = [(code, name) for code, name, one in there if one.kind == "masks"]
    images = [(code, name) for code, name, one in there if one.kind != "masks"]
    return _joined(tree, once(tree, "", images), once(tree, "", masks)) if images and masks else None


def _below(tree: Tree) -> Layout | None:
    """Folders of images and masks, or of both, deeper down."""
    found = [_of_pair(tree, *pair) for pair in _pairs_below(tree, "")]
    if not found:
        return None
    folders = [one if one.split != UNASSIGNED else _with_split(tree, one) for there in found for one in there.folders]
    return Layout(tree, tuple(folders), left=tuple(one for there in found for one in there.left))


def _splits_beside_masks(tree: Tree) -> Layout | None:
    """Images in folders named after splits, and one folder beside them with the masks of all splits."""
    images = [(code, name) for code, name, one in split_folders(tree, "") if one.kind != "masks"]
    images = [(code, name) for code, name in images if tree.folder(name).images]
    for home in by_role(tree, "", "masks") if images else ():
        masks = once(
            tree, home, [(code, name) for code, name, _ in split_folders(tree, home) if tree.holds_images(name)]
        )
        if masks:
            return _joined(tree, once(tree, "", images), masks)
    return None


def _in_wrapper(tree: Tree) -> Layout | None:
    """The layout in the only folder, where a class table lies beside that."""
    top = tree.folder()
    if len(top.folders) != 1 or top.images or not TABLES & {*top.others}:
        return None
    home = top.folders[0]
    there = find(Tree(tree.path(home)))
    if there is None or there.voc:
        return None
    folders = tuple(replace(one, images=f"{home}/{one.images}", masks=f"{home}/{one.masks}") for one in there.folders)
    return replace(there, tree=tree, folders=folders, left=tuple((code, f"{home}/{name}") for code, name in there.left))


def _guessed(tree: Tree) -> Layout | None:
    """Two folders with the same names of which one holds masks, or masks that only the suffix tells from the images."""
    beside = tuple(Folders(one.name, one.name) for one in tree.folders() if one.images and twins(one.images))
    if beside:
        return Layout(tree, tuple(_with_split(tree, one) for one in beside), guessed=True)
    pair = alike(tree, "")
    if pair is not None:
        return replace(_of_pair(tree, *pair), guessed=True)
    pairs = [(code, alike(tree, home)) for code, home, _ in split_folders(tree, "")]
    found = tuple(Folders(*pair, code) for code, pair in pairs if pair is not None)
    return Layout(tree, found, guessed=True) if found and len(found) == len(pairs) else None


def _with_split(tree: Tree, one: Folders) -> Folders:
    parts = one.images.split("/")
    splits = [found.split for part in parts if (found := role(part)).split != UNASSIGNED]
    beside = split_names(tree.folder().folders)
    if not splits and parts[0] in beside:
        splits = [SPLITS.index(beside[parts[0]])]
    return Folders(one.images, one.masks, splits[0] if splits else UNASSIGNED)


def _pairs_below(tree: Tree, home: str, depth: int = 0) -> list[tuple[str, str]]:
    """Folders of images and of masks in a folder or below it."""
    if pair := pair_in(tree, home):
        return [innermost(tree, *pair)]
    folder = tree.folder(home)
    if masks_among(folder.images):
        return [(home, home)]
    if depth == DEEPEST:
        return []
    return [pair for name in folder.folders for pair in _pairs_below(tree, folder.inside(name), depth + 1)]


def _joined(tree: Tree, images: Mapping[int, str], masks: Mapping[int, str]) -> Layout:
    """Folders of images and of masks, split by split; a test split without masks is left out."""
    left = []
    for code in sorted({*images, *masks}):
        if code not in masks:
            if code != TEST:
                raise _lacks(tree, code, images[code], "images", "masks")
            left.append((code, images[code]))
        elif code not in images:
            raise _lacks(tree, code, masks[code], "masks", "images")
    both = sorted({*images} & {*masks})
    pairs = [(*innermost(tree, images[code], masks[code]), code) for code in both]
    return Layout(tree, tuple(Folders(*pair) for pair in pairs), left=tuple(left))


def _lacks(tree: Tree, code: int, name: str, what: str, lacks: str) -> DataError:
    return DataError(
        f"{tree.root}: the {SPLITS[code]} split has {what} ({name}) but no {lacks}.",
        "Give each split a folder of images and one of masks.",
    )
