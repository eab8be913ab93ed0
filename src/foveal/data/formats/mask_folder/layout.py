"""Layouts of mask data sets.

Three layouts, and Pascal VOC's: two folders (``images`` and ``masks``), each perhaps with split folders; split folders
with two such folders each; and SegNet's, ``train`` beside ``trainannot``.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats import layout
from foveal.data.formats.splits import split_of
from foveal.errors import DataError
from foveal.imaging.walk import is_hidden

IMAGES = ("images", "jpegimages", "image", "imgs", "img", "pictures")
"""Image folders, likeliest first; case-insensitive."""
MASKS = (
    "masks",
    "segmentationclass",
    "labels",
    "annotations",
    "mask",
    "label",
    "annotation",
    "segmentations",
    "segmentation",
    "segmentationclasspng",
    "gt",
)
"""Mask folders, likeliest first; case-insensitive."""
VOC_IMAGES, VOC_MASKS = "JPEGImages", "SegmentationClass"
BESIDE_SPLIT = re.compile(r"(.+?)[_-]?(?:annotations?|annots?|labels?|masks?|gt|seg)", re.IGNORECASE)
"""A mask folder that is named after its split."""
OF_SPLIT = re.compile(r"(.+?)(?:[_-]?(?:images?|imgs?))?", re.IGNORECASE)
"""An image folder that is named after its split."""
ANY = re.compile(r"(.+)")
TEST = SPLITS.index("test")


@dataclass(frozen=True)
class Folders:
    """A folder of images, its folder of masks, and their split."""

    images: Path
    masks: Path
    split: int = UNASSIGNED


@dataclass(frozen=True)
class Layout:
    """The folders of a data set.

    Attributes:
        root: Folder that names are relative to.
        folders: Folders of images and masks.
        voc: Whether it is a Pascal VOC tree, where lists name the images with masks.
        notes: What was left out.
    """

    root: Path
    folders: tuple[Folders, ...]
    voc: bool = False
    notes: tuple[str, ...] = ()


def find(path: Path) -> Layout | None:
    """The folders of a mask data set, by their names alone; None: not a mask data set.

    Raises:
        DataError: A split has images but no masks, or masks but no images; or there are several VOC trees.
    """
    if not path.is_dir():
        return None
    root = find_voc(path)
    if root is not None:
        return Layout(root, (Folders(root / VOC_IMAGES, root / VOC_MASKS),), voc=True)
    return _beside(path) or _inside_splits(path) or _named_after_splits(path)


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
    masks = layout.images_in(path, path / VOC_MASKS, deep=False)
    return next(images, None) is not None and next(masks, None) is not None


def _beside(path: Path) -> Layout | None:
    pair = _pair_in(path)
    if pair is None:
        return None
    images, masks = (_split_tree(folder) for folder in pair)
    return _joined(path, images, masks) if images or masks else Layout(path, (Folders(*pair),))


def _inside_splits(path: Path) -> Layout | None:
    folders = _splits(path)
    pairs = [(split, _pair_in(folder)) for split, folder in folders]
    if all(pair is None for _, pair in pairs):
        return None
    images = [(split, pair[0]) for split, pair in pairs if pair is not None]
    alone = [(split, f) for (split, f), (_, pair) in zip(folders, pairs, strict=True) if pair is None]
    images += [(split, folder) for split, folder in alone if _holds_images(folder)]
    masks = [(split, pair[1]) for split, pair in pairs if pair is not None]
    return _joined(path, _once(path, images), _once(path, masks))


def _named_after_splits(path: Path) -> Layout | None:
    masks = _splits(path, BESIDE_SPLIT)
    masks = [(split, folder) for split, folder in masks if _holds_images(folder)]
    if not masks:
        return None
    images = [(split, folder) for split, folder in _splits(path, OF_SPLIT) if _holds_images(folder)]
    return _joined(path, _once(path, images), _once(path, masks)) if images else None


def _joined(root: Path, images: Mapping[int, Path], masks: Mapping[int, Path]) -> Layout:
    """Folders of images and of masks, split by split; a test split without masks is left out."""
    notes = []
    for code in sorted({*images, *masks}):
        if code not in images or code not in masks:
            there, what, lacks = (
                (images[code], "images", "masks") if code in images else (masks[code], "masks", "images")
            )
            name = layout.relative(there, root)
            if code == TEST and lacks == "masks":
                notes.append(f"The test split has no masks; {name} was left out.")
                continue
            raise DataError(
                f"{root}: the {SPLITS[code]} split has {what} ({name}) but no {lacks}.",
                "Give each split a folder of images and one of masks.",
            )
    both = sorted({*images} & {*masks})
    return Layout(root, tuple(Folders(images[code], masks[code], code) for code in both), notes=tuple(notes))


def _pair_in(path: Path) -> tuple[Path, Path] | None:
    """The image folder and the mask folder."""
    folders = _folders(path)
    images = next((folders[name] for name in IMAGES if name in folders and _holds_images(folders[name])), None)
    masks = next((folders[name] for name in MASKS if name in folders and _holds_images(folders[name])), None)
    return None if images is None or masks is None else (images, masks)


def _splits(path: Path, named: re.Pattern[str] = ANY) -> list[tuple[int, Path]]:
    """Folders whose names, by the pattern's first group, are splits, and their codes."""
    found = []
    for name, folder in _folders(path).items():
        word = named.fullmatch(name)
        split = UNASSIGNED if word is None else split_of(word[1])
        if split != UNASSIGNED:
            found.append((split, folder))
    return found


def _split_tree(path: Path) -> dict[int, Path]:
    """The split folders, if there are no others."""
    splits = _splits(path)
    alone = next(layout.images_in(path, path, deep=False), None) is None
    return _once(path, splits) if alone and len(splits) == len(_folders(path)) else {}


def _once(path: Path, splits: list[tuple[int, Path]]) -> dict[int, Path]:
    """The folder of each split.

    Raises:
        DataError: A split has two.
    """
    found: dict[int, Path] = {}
    for split, folder in splits:
        known = found.setdefault(split, folder)
        if known != folder:
            raise DataError(
                f"{path} has two folders for the {SPLITS[split]} split: {known.name} and {folder.name}.", "Keep one."
            )
    return found


def _folders(path: Path) -> dict[str, Path]:
    """Sub-folders that are not hidden, by name in lower case."""
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir() and not is_hidden(entry.name))
    return {name.lower(): path / name for name in names}


def _holds_images(folder: Path) -> bool:
    return next(layout.images_in(folder, folder), None) is not None
