"""Pairing of images and masks.

By name: a mask has its image's name, perhaps with a suffix such as ``_mask``. Pascal VOC also has lists.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from foveal.data.formats import layout
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.mask_folder.layout import VOC_IMAGES, Layout, find
from foveal.data.formats.mask_folder.survey import looks_drawn
from foveal.data.formats.voc.lists import read_lists

VOC_LISTS = "ImageSets/Segmentation"
STEM = re.compile(r"(.+)_(?:L|P|masks?|labels?|gt|seg)", re.IGNORECASE)
"""A mask's file name with a suffix."""
LOOKED_AT = 3
"""Number of files opened to check that they are masks."""


@dataclass(frozen=True)
class Pair:
    """An image and its mask, relative to the root, and the code of their split."""

    image: str
    mask: str
    split: int


@dataclass
class Match:
    """Images and masks, paired or not.

    Attributes:
        pairs: Images with one mask.
        bare: Images without a mask, and their splits.
        strays: Masks without an image.
        doubles: Images with several masks.
        shared: Masks with several images.
    """

    pairs: list[Pair] = field(default_factory=list)
    bare: list[tuple[str, int]] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    doubles: list[tuple[str, list[str]]] = field(default_factory=list)
    shared: list[tuple[str, list[str]]] = field(default_factory=list)


def looks_like(path: Path) -> bool:
    """Whether a folder contains images and masks, by folder names and by the contents of some masks.

    Raises:
        DataError: As ``find`` does.
    """
    there = find(path)
    if there is None:
        return False
    found = match(there)
    masks = [pair.mask for pair in found.pairs] + [masks[0] for _, masks in found.doubles]
    masks += [mask for mask, _ in found.shared] + found.strays
    return bool(masks) and all(looks_drawn(there.root / mask) for mask in masks[:LOOKED_AT])


def match(there: Layout) -> Match:
    """Pair images and masks by their relative paths without suffixes."""
    found = Match()
    for folders in there.folders:
        images = _by_stem(there.root, folders.images)
        masks: dict[str, list[str]] = defaultdict(list)
        for stem, names in _by_stem(there.root, folders.masks).items():
            longer = STEM.fullmatch(stem)
            own = stem if stem in images or longer is None else longer[1]
            if own in images:
                masks[own] += names
            else:
                found.strays += names
        for stem, names in images.items():
            theirs = masks[stem]
            if not theirs:
                found.bare += [(name, folders.split) for name in names]
            elif len(theirs) > 1:
                found.doubles.append((names[0], theirs))
            elif len(names) > 1:
                found.shared.append((theirs[0], names))
            else:
                found.pairs.append(Pair(names[0], theirs[0], folders.split))
    return found


def keep_listed(there: Layout, found: Match, repairs: Repairs) -> Match:
    """The images in Pascal VOC's lists, with their splits; without lists, all images with masks."""
    images: dict[str, list[str]] = defaultdict(list)
    for name in layout.images_in(there.root, there.folders[0].images):
        images[_stem(name)].append(name)
    lists = read_lists(there.root, images, repairs, folder=VOC_LISTS)
    if not lists.splits:
        return Match(found.pairs, [], found.strays, found.doubles, found.shared)
    splits = lists.splits
    kept = Match(
        [Pair(p.image, p.mask, splits[_stem(p.image)]) for p in found.pairs if _stem(p.image) in splits],
        [(name, splits[_stem(name)]) for name, _ in found.bare if _stem(name) in splits],
        [],
        [(name, masks) for name, masks in found.doubles if _stem(name) in splits],
        [(mask, names) for mask, names in found.shared if _stem(names[0]) in splits],
    )
    for stem in splits:
        if stem not in images:
            repairs.add(
                f"{VOC_IMAGES}/{stem}.jpg",
                lists.places[stem],
                "missing",
                "is listed but does not exist",
                "dropped",
            )
    return kept


def _stem(name: str) -> str:
    return Path(name).stem


def _by_stem(root: Path, folder: Path) -> dict[str, list[str]]:
    """Names of images, relative to the root, by their relative paths below a folder without suffixes."""
    found: dict[str, list[str]] = defaultdict(list)
    start = layout.relative(folder, root)
    for name in layout.images_in(root, folder):
        below = name[len(start) + 1 :]
        found[below[: -len(Path(below).suffix)]].append(name)
    return dict(found)
