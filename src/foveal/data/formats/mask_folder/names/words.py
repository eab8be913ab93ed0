"""Folders as their names say: of images or of masks, and of which split."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.splits import PARTS, split_of

IMAGES = (
    "images", "jpegimages", "image", "imgs", "img", "img_dir", "imgdir", "image_dir", "leftimg8bit", "images_png",
    "pictures", "photos", "rgb", "input", "inputs", "frames", "original", "originals",
)  # fmt: skip
"""Image folders, likeliest first; in lower case, with underscores for blanks and dashes."""
MASKS = (
    "1st_manual", "masks", "segmentationclass", "labels", "annotations", "mask", "label", "annotation", "segmentations",
    "segmentation", "segmentationclasspng", "gt", "ann_dir", "anndir", "anns", "annos", "anno", "gtfine", "gtcoarse",
    "masks_png", "ground_truth", "groundtruth", "ground_truths", "groundtruths", "gts", "trimaps", "trimap", "segs",
    "seg", "annots", "annot", "label_dir", "mask_dir", "masks_machine", "stuffthingmaps", "pixelmaps",
)  # fmt: skip
"""Mask folders, likeliest first; likewise."""
OF_MASKS = frozenset(
    {
        *("mask", "masks", "label", "labels", "annot", "annots", "annotation", "annotations", "anno", "annos", "gt"),
        *(
            "manual",
            "stuffthingmaps",
            "pixelmaps",
            "gts",
            "truth",
            "groundtruth",
            "seg",
            "segs",
            "segmentation",
            "segmentations",
            "trimap",
            "trimaps",
        ),
    }
)
"""Words in longer names of mask folders, such as ISIC2018_Task1_Training_GroundTruth."""
OF_IMAGES = frozenset({"image", "images", "img", "imgs", "input", "inputs", "data", "photo", "photos", "rgb"})
"""Words in longer names of image folders."""
NNUNET = re.compile(r"(images|labels)(tr|ts)")
GLUED = re.compile(r"(.+?)_?(?:annotations?|annots?|labels?|masks?|gt|seg)")
"""A mask folder whose name is its split's and a word, such as trainannot."""
GLUED_IMAGES = re.compile(r"(.+?)_?(?:images?|imgs?)")

Kind = Literal["images", "masks", ""]


@dataclass(frozen=True)
class Role:
    """What a folder's name says.

    Attributes:
        kind: What it holds; empty: not told.
        split: Code of its split.
        rank: Place among names of its kind, the likeliest first.
    """

    kind: Kind
    split: int = UNASSIGNED
    rank: int = 0


def role(name: str) -> Role:
    """The role of a folder."""
    word = re.sub(r"[\s-]+", "_", unicodedata.normalize("NFKC", name).casefold())
    if word in IMAGES:
        return Role("images", rank=IMAGES.index(word))
    if word in MASKS:
        return Role("masks", rank=MASKS.index(word))
    if match := NNUNET.fullmatch(word):
        return Role(
            "images" if match[1] == "images" else "masks", SPLITS.index("train" if match[2] == "tr" else "test")
        )
    parts = [part for part in PARTS.split(word) if part]
    whole = split_of(word)
    found = {split_of(part) for part in parts} - {UNASSIGNED}
    split = whole if whole != UNASSIGNED or len(found) != 1 else found.pop()
    if OF_MASKS & {*parts}:
        return Role("masks", split, len(MASKS))
    if OF_IMAGES & {*parts}:
        return Role("images", split, len(IMAGES))
    if (match := GLUED.fullmatch(word)) and split_of(match[1]) != UNASSIGNED:
        return Role("masks", split_of(match[1]))
    if (match := GLUED_IMAGES.fullmatch(word)) and split_of(match[1]) != UNASSIGNED:
        return Role("images", split_of(match[1]))
    return Role("", whole)
