"""Fixing invalid objects: segmentations dropped, boxes clipped or dropped, duplicates dropped.

Shapes: M objects of all images. Boxes are xyxy pixels of the image as displayed.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.objects import Object
from foveal.data.catalog.segmentations import clip_polygons, extent, polygon_area, segmentation_fault
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.repair import Repairs
from foveal.types.arrays import IntArray
from foveal.types.flags import Flag

TOLERANCE_PX = 0.02
"""Tolerance for boxes that reach outside the image: COCO rounds to hundredths of a pixel, twice."""
AROUND_PX = 1.0
"""Tolerance between the sides of a box and of its segmentation: some tools round boxes to whole pixels."""
MIX = np.uint64(0x9E3779B97F4A7C15)
"""An odd number with well-mixed bits (Knuth, 1997, section 6.4)."""
Box = tuple[float, float, float, float]


def fix_segmentations(drafts: Sequence[Draft], repairs: Repairs) -> None:
    """Remove invalid segmentations from objects; the boxes stay.

    Args:
        drafts: With ``seen``, the size of each image; changed in place.
        repairs: Collects the faults.
    """
    for draft in drafts:
        assert draft.seen is not None, "find_images comes first"
        for at, (item, place) in enumerate(zip(draft.objects, draft.places, strict=True)):
            if item.segmentation is not None and (fault := segmentation_fault(item.segmentation, draft.seen)):
                repairs.add(draft.name, place, "segmentation", fault, "segmentation dropped")
                draft.objects[at] = replace(item, segmentation=None)


def fix_boxes(drafts: Sequence[Draft], repairs: Repairs) -> list[list[Object]]:
    """The remaining, fixed objects of each image.

    Args:
        drafts: With ``seen``, the size of each image.
        repairs: Collects the faults.
    """
    rows = [draft.objects for draft in drafts]
    counts = np.array([len(row) for row in rows], np.int64)
    boxes = np.array([o.box for row in rows for o in row], np.float64).reshape(-1, 4)
    owners = np.repeat(np.arange(len(rows)), counts)
    limits = np.array([draft.seen for draft in drafts], np.float64).reshape(-1, 2)[owners]
    labels = np.array([o.label for row in rows for o in row], np.int64)
    reaches = np.array([_reach(o) for row in rows for o in row], np.float64).reshape(-1, 4)
    doubtful = suspects(boxes, limits) | outside(reaches, limits) | repeated(boxes, owners, labels)
    starts = np.concatenate([[0], np.cumsum(counts)])
    touched = np.unique(owners[doubtful])
    out = list(rows)
    for i in touched:
        out[i] = _fixed(drafts[i], doubtful[starts[i] : starts[i + 1]], repairs)
    return out


def suspects(boxes: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(M,) whether a box is not finite, has no area or reaches outside."""
    with np.errstate(invalid="ignore"):
        fine = (boxes[:, 2:] > boxes[:, :2]).all(1) & np.isfinite(boxes).all(1)
    return np.logical_or(np.logical_not(fine), outside(boxes, limits))


def outside(boxes: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(M,) whether a box reaches outside; limits are (M, 2) widths and heights."""
    return np.logical_or((boxes[:, :2] < -TOLERANCE_PX).any(1), (boxes[:, 2:] > limits + TOLERANCE_PX).any(1))


def _reach(item: Object) -> Box:
    """The box around an object's polygons, or its own."""
    return extent(item.segmentation) if isinstance(item.segmentation, list) else item.box


def repeated(boxes: NDArray[np.float64], owners: IntArray, labels: IntArray) -> NDArray[np.bool_]:
    """(M,) whether another object of the same image has the same class and box; by a hash, so some others, too."""
    sides = [(side + 0.0).view(np.uint64) for side in boxes.T]  # + 0.0: no minus zero
    hashes = np.zeros(len(boxes), np.uint64)
    for column in (*sides, labels.astype(np.uint64), owners.astype(np.uint64)):
        hashes ^= column
        hashes *= MIX
        hashes ^= hashes >> np.uint64(29)
    order = np.argsort(hashes)
    same = hashes[order][1:] == hashes[order][:-1]
    twin = np.zeros(len(boxes), np.bool_)
    twin[order[1:][same]] = True
    twin[order[:-1][same]] = True
    return twin


def _fixed(draft: Draft, suspect: NDArray[np.bool_], repairs: Repairs) -> list[Object]:
    out: list[Object] = []
    met: list[Object] = []
    for item, place, doubtful in zip(draft.objects, draft.places, suspect, strict=True):
        if not doubtful:
            out.append(item)
            continue
        if any(_same(item, other) for other in met):
            repairs.add(
                draft.name, place, "twice", f"{_box_text(item.box)} is given twice with the same class", "dropped"
            )
            continue
        met.append(item)
        fixed = _fixed_one(item, draft, place, repairs)
        if fixed is not None:
            out.append(fixed)
    return out


def _fixed_one(item: Object, draft: Draft, where: str, repairs: Repairs) -> Object | None:
    assert draft.seen is not None, "find_images comes first"
    (width, height), (x1, y1, x2, y2) = draft.seen, item.box
    if not all(map(math.isfinite, item.box)):
        repairs.add(
            draft.name, where, "not_finite", f"{_box_text(item.box)} has coordinates that are not finite", "dropped"
        )
        return None
    if x2 <= x1 or y2 <= y1:
        message = f"{_box_text(item.box)} is {x2 - x1:g} wide and {y2 - y1:g} high"
        repairs.add(draft.name, where, "no_area", message, "dropped")
        return None
    of_box = _apart(_cut(item.box, draft.seen), item.box) > TOLERANCE_PX
    if not of_box and _apart(_cut(_reach(item), draft.seen), _reach(item)) <= TOLERANCE_PX:
        return item
    fixed = _clipped(item, draft.seen)
    remains = fixed is not None and (of_box or fixed.segmentation is not None)
    shown = _box_text(item.box) if of_box else f"the segmentation of {_box_text(item.box)}"
    message = f"{shown} {'reaches' if remains else 'lies'} outside the image of {width} x {height}"
    if fixed is None or repairs.policy == "drop":
        repairs.add(draft.name, where, "outside", message, "dropped")
        return None
    repairs.add(draft.name, where, "outside", message, "clipped" if remains else "segmentation dropped")
    return fixed


def _clipped(item: Object, size: tuple[int, int]) -> Object | None:
    """An object clipped to the image, None: nothing left; a box around its segmentation stays around it."""
    box, segmentation = _cut(item.box, size), item.segmentation
    if isinstance(segmentation, list) and _apart(_cut(_reach(item), size), _reach(item)) > TOLERANCE_PX:
        segmentation = clip_polygons(segmentation, size) or None
        if box != item.box and _apart(item.box, _reach(item)) <= AROUND_PX:
            if segmentation is None:
                return None
            box = extent(segmentation)
    if min(box[2] - box[0], box[3] - box[1]) <= TOLERANCE_PX:
        return None
    return replace(item, box=box, segmentation=segmentation, area=_area_after(item, box, segmentation))


def _area_after(item: Object, box: Box, segmentation: Any) -> float | None:
    """The declared area if the segmentation is unchanged; at most the box's area without one."""
    if item.area is None or (segmentation is not None and segmentation == item.segmentation):
        return item.area
    if segmentation is None:
        return min(item.area, (box[2] - box[0]) * (box[3] - box[1]))
    return sum(map(polygon_area, segmentation))


def _cut(box: Box, size: tuple[int, int]) -> Box:
    width, height = map(float, size)
    return (max(box[0], 0.0), max(box[1], 0.0), min(box[2], width), min(box[3], height))


def _apart(one: Box, other: Box) -> float:
    """The largest distance between two sides."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _same(one: Object, other: Object) -> bool:
    return (one.box, one.label, one.segmentation, one.flags & Flag.CROWD) == (
        other.box,
        other.label,
        other.segmentation,
        other.flags & Flag.CROWD,
    )


def _box_text(box: Box) -> str:
    return f"the box {', '.join(f'{v:g}' for v in box)}"
