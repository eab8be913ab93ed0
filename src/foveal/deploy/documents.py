"""How far apart two paths' answers are, as a user gets them: the JSON objects of ``foveal predict``.

A class is known by its name. Objects are paired by name and box; one that only one path has is a difference, unless its
score lies so near the threshold that rounding decides whether it is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foveal.ops.boxes import iou
from foveal.types.rle import Rle

Document = Mapping[str, Any]
SAME_OBJECT = 0.5
"""IoU from which two boxes of a class are paired; of several the nearest."""
MAX_SCORE, MAX_BOX_PX, MIN_MASK = 1e-4, 0.5, 0.999
ROUNDING = 1e-6
"""Scores are given with six digits."""


@dataclass(frozen=True)
class Apart:
    """How far two paths are apart on some images.

    Attributes:
        images: Number of images.
        same_top: Of them, those with the same best class.
        score: Largest difference of a probability; 1: an object is missing.
        box_px: Largest distance of a box, in pixels; None: there are no boxes.
        mask: Least share of masks' pixels that agree; None: there are no masks.
    """

    images: int
    same_top: int
    score: float
    box_px: float | None = None
    mask: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the two are the same within rounding."""
        boxes = self.box_px is None or self.box_px <= MAX_BOX_PX
        masks = self.mask is None or self.mask >= MIN_MASK
        return boxes and masks and self.score <= MAX_SCORE + ROUNDING and self.same_top == self.images

    def __add__(self, other: "Apart") -> "Apart":
        """Of the images of both."""
        return Apart(
            self.images + other.images,
            self.same_top + other.same_top,
            max(self.score, other.score),
            max((one for one in (self.box_px, other.box_px) if one is not None), default=None),
            min((one for one in (self.mask, other.mask) if one is not None), default=None),
        )


NOTHING = Apart(0, 0, 0.0)


def apart(ours: Document, theirs: Document, *, threshold: float = 0.0) -> Apart:
    """How far two documents of one image are apart.

    Args:
        ours: Of one path.
        theirs: Of the other.
        threshold: Score from which objects are given.
    """
    if set(ours) - {"path", "full"} != set(theirs) - {"path", "full"} or ours.get("size") != theirs.get("size"):
        return Apart(1, 0, 1.0)
    if "objects" in ours:
        return _objects(ours["objects"], theirs["objects"], threshold)
    if "mask" in ours:
        return _class_map(ours["mask"], theirs["mask"])
    return _classes(ours["classes"], theirs["classes"], threshold)


def _classes(ours: Sequence[Document], theirs: Sequence[Document], threshold: float) -> Apart:
    mine, other = ({one["name"]: float(one["score"]) for one in side} for side in (ours, theirs))
    both = mine.keys() & other.keys()
    score = max((abs(mine[name] - other[name]) for name in both), default=0.0)
    if threshold:  # several labels: present ones only
        alone = [{**mine, **other}[name] for name in mine.keys() ^ other.keys()]
        score = max([score, *(abs(one - threshold) for one in alone)])
    return Apart(1, int(_top(ours) == _top(theirs)), score)


def _top(found: Sequence[Document]) -> str:
    """The best name; of equal scores the first by name, so that order decides nothing."""
    return min(((-float(one["score"]), str(one["name"])) for one in found), default=(0.0, ""))[1]


def _objects(ours: Sequence[Document], theirs: Sequence[Document], threshold: float) -> Apart:
    pairs = _pairs(ours, theirs)
    score = box_px = 0.0
    shared = union = 0
    for i, j in pairs:
        mine, other = ours[i], theirs[j]
        score = max(score, abs(mine["score"] - other["score"]))
        box_px = max(box_px, float(np.abs(np.subtract(mine["box"], other["box"])).max()))
        if "mask" in mine:
            a, b = Rle.from_coco(mine["mask"]).mask(), Rle.from_coco(other["mask"]).mask()
            shared, union = shared + int((a & b).sum()), union + int((a | b).sum())
    alone = [ours[i] for i in set(range(len(ours))) - {i for i, _ in pairs}]
    alone += [theirs[j] for j in set(range(len(theirs))) - {j for _, j in pairs}]
    missing = any(abs(one["score"] - threshold) > MAX_SCORE for one in alone)
    same = _top(ours) == _top(theirs) or not missing
    return Apart(1, int(same), 1.0 if missing else score, box_px if pairs else None, shared / union if union else None)


def _pairs(ours: Sequence[Document], theirs: Sequence[Document]) -> list[tuple[int, int]]:
    if not ours or not theirs:
        return []
    mine, other = (np.array([one["box"] for one in side], np.float64) for side in (ours, theirs))
    same = np.array([[a["name"] == b["name"] for b in theirs] for a in ours])
    near = np.abs(mine[:, None] - other[None]).max(-1)
    near[~same | (iou(mine, other) < SAME_OBJECT)] = np.inf
    pairs = []
    for _ in range(min(near.shape)):
        i, j = np.unravel_index(int(near.argmin()), near.shape)
        if not np.isfinite(near[i, j]):
            break
        pairs.append((int(i), int(j)))
        near[i], near[:, j] = np.inf, np.inf
    return pairs


def _class_map(ours: Document, theirs: Document) -> Apart:
    masks = [{name: Rle.from_coco(rle).mask() for name, rle in side.items()} for side in (ours, theirs)]
    pixels = next(iter(masks[0].values())).size
    shared = sum(int((masks[0][name] & masks[1][name]).sum()) for name in masks[0].keys() & masks[1].keys())
    most = [max(side, key=lambda name: int(side[name].sum())) for side in masks]
    return Apart(1, int(most[0] == most[1]), 0.0, None, shared / pixels)
