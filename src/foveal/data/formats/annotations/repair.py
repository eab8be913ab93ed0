"""Faults in annotations: found one by one, mended by one policy, listed every time.

Shapes: M objects of all images. Boxes are xyxy pixels of the image as a person sees it.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.catalog import Repair
from foveal.data.catalog.objects import Object
from foveal.data.catalog.segmentations import clip_polygons, extent, outline_fault, polygon_area
from foveal.data.notes import plural
from foveal.errors import DataError
from foveal.types.flags import Flag

if TYPE_CHECKING:
    from foveal.data.formats.annotations.draft import Draft

Bad = Literal["error", "clip", "drop"]
"""Of a faulty annotation: an error; clip what can be clipped and drop what cannot be an object; drop each."""
TOLERANCE_PX = 0.02
"""How far a box may reach outside without being a fault: COCO rounds to hundredths of a pixel, twice."""
AROUND_PX = 1.0
"""How far a side of a box may be from its outline's: some tools round boxes to whole pixels."""
Box = tuple[float, float, float, float]
SEEING = {
    "outside": "box outside the image",
    "no_area": "box without an area",
    "not_finite": "box that is not a number",
    "malformed": "object that cannot be read",
    "unknown_class": "unknown class",
    "outline": "outline that cannot be painted",
    "unknown_image": "object of an unknown image",
    "twice": "object given twice",
    "duplicate_id": "id given twice",
    "missing": "image that is missing",
    "unlisted": "image that nothing lists",
    "no_annotation": "image without an annotation",
    "broken": "annotation file that cannot be read",
    "unreadable": "image that cannot be read",
    "listed_twice": "image listed twice",
    "two_splits": "image in two splits",
    "size": "size that disagrees",
    "turned": "annotation in stored pixels",
}
"""Every kind of fault, in words."""


class Repairs:
    """Faults of one data set as they come up.

    Args:
        policy: What becomes of them.
    """

    def __init__(self, policy: Bad = "clip") -> None:
        self.policy = policy
        self._found: list[Repair] = []

    def add(self, path: str, where: str, kind: str, message: str, action: str) -> None:
        """One fault, and what becomes of it; see ``catalog.Repair``."""
        assert kind in SEEING, kind
        self._found.append(Repair(path, where, kind, message, action))

    def settle(self, root: Path) -> tuple[Repair, ...]:
        """All faults, by image.

        Raises:
            DataError: There is one, and the policy is ``error``; the message names the first.
        """
        if self.policy == "error" and self._found:
            first = self._found[0]
            more = len(self._found) - 1
            tail = f" And {plural(more, 'fault')} more." if more else ""
            raise DataError(
                f"{first.where or root}: {first.path + ': ' if first.path else ''}{first.message}.{tail}",
                f"`foveal data check {root}` lists all; the policy 'clip' mends what can be mended and drops the rest.",
            )
        return tuple(sorted(self._found, key=lambda repair: repair.path))

    def first(self) -> str:
        """The first fault of an image, as the end of a message; nothing where there is no fault."""
        found = min(self._found, key=lambda repair: (not repair.path, repair.path), default=None)
        return "" if found is None else f" The first: {f'{found.path} {found.message}'.strip()}."

    def notes(self) -> list[str]:
        """One line that says how many faults of each kind were met."""
        if not self._found:
            return []
        counts = Counter((r.kind, r.action) for r in self._found)
        said = ", ".join(f"{n:,} x {SEEING[kind]} ({action})" for (kind, action), n in counts.items())
        return [f"{plural(len(self._found), 'fault')} in the annotations: {said}. `foveal data check` lists them."]


def mend_outlines(drafts: "Sequence[Draft]", repairs: Repairs) -> None:
    """Take from objects the outlines that cannot be painted; the boxes stay.

    Args:
        drafts: With ``seen``, the size of each image; changed in place.
        repairs: Takes the faults.
    """
    for draft in drafts:
        assert draft.seen is not None, "look comes first"
        for at, (thing, place) in enumerate(zip(draft.objects, draft.places, strict=True)):
            if thing.outline is not None and (fault := outline_fault(thing.outline, draft.seen)):
                repairs.add(draft.name, place, "outline", fault, "outline dropped")
                draft.objects[at] = replace(thing, outline=None)


def mend_boxes(drafts: "Sequence[Draft]", repairs: Repairs) -> list[list[Object]]:
    """The objects of each image that remain, mended.

    Args:
        drafts: With ``seen``, the size of each image.
        repairs: Takes the faults.
    """
    rows = [draft.objects for draft in drafts]
    counts = np.array([len(row) for row in rows], np.int64)
    boxes = np.array([o.box for row in rows for o in row], np.float64).reshape(-1, 4)
    owners = np.repeat(np.arange(len(rows)), counts)
    limits = np.array([draft.seen for draft in drafts], np.float64).reshape(-1, 2)[owners]
    labels = np.array([o.label for row in rows for o in row], np.int64)
    reaches = np.array([_reach(o) for row in rows for o in row], np.float64).reshape(-1, 4)
    suspects = _suspects(boxes, limits) | _outside(reaches, limits) | _repeated(boxes, owners, labels)
    starts = np.concatenate([[0], np.cumsum(counts)])
    touched = np.unique(owners[suspects])
    out = list(rows)
    for i in touched:
        out[i] = _mend(drafts[i], suspects[starts[i] : starts[i + 1]], repairs)
    return out


def _suspects(boxes: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(M,) whether a box is not finite, has no area or reaches outside."""
    with np.errstate(invalid="ignore"):
        fine = (boxes[:, 2:] > boxes[:, :2]).all(1) & np.isfinite(boxes).all(1)
    return np.logical_or(np.logical_not(fine), _outside(boxes, limits))


def _outside(boxes: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(M,) whether a box reaches outside; limits are (M, 2) widths and heights."""
    return np.logical_or((boxes[:, :2] < -TOLERANCE_PX).any(1), (boxes[:, 2:] > limits + TOLERANCE_PX).any(1))


def _reach(thing: Object) -> Box:
    """The box around an object's polygons, or its own."""
    return extent(thing.outline) if isinstance(thing.outline, list) else thing.box


def _repeated(boxes: NDArray[np.float64], owners: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(M,) whether another object of the same image has the same class and box."""
    keys = np.column_stack([boxes, labels, owners])
    order = np.lexsort(keys.T)
    same = (keys[order][1:] == keys[order][:-1]).all(1)
    twin = np.zeros(len(keys), np.bool_)
    twin[order[1:][same]] = True
    twin[order[:-1][same]] = True
    return twin


def _mend(draft: "Draft", suspect: NDArray[np.bool_], repairs: Repairs) -> list[Object]:
    out: list[Object] = []
    met: list[Object] = []
    for thing, place, doubtful in zip(draft.objects, draft.places, suspect, strict=True):
        if not doubtful:
            out.append(thing)
            continue
        if any(_same(thing, other) for other in met):
            repairs.add(draft.name, place, "twice", f"{_said(thing.box)} is given twice with one class", "dropped")
            continue
        met.append(thing)
        mended = _mend_one(thing, draft, place, repairs)
        if mended is not None:
            out.append(mended)
    return out


def _mend_one(thing: Object, draft: "Draft", where: str, repairs: Repairs) -> Object | None:
    assert draft.seen is not None, "look comes first"
    (width, height), (x1, y1, x2, y2) = draft.seen, thing.box
    if not all(map(math.isfinite, thing.box)):
        repairs.add(draft.name, where, "not_finite", f"{_said(thing.box)} is not a box of finite numbers", "dropped")
        return None
    if x2 <= x1 or y2 <= y1:
        message = f"{_said(thing.box)} is {x2 - x1:g} wide and {y2 - y1:g} high"
        repairs.add(draft.name, where, "no_area", message, "dropped")
        return None
    of_box = _apart(_cut(thing.box, draft.seen), thing.box) > TOLERANCE_PX
    if not of_box and _apart(_cut(_reach(thing), draft.seen), _reach(thing)) <= TOLERANCE_PX:
        return thing
    mended = _clipped(thing, draft.seen)
    remains = mended is not None and (of_box or mended.outline is not None)
    said = _said(thing.box) if of_box else f"the outline of {_said(thing.box)}"
    message = f"{said} {'reaches' if remains else 'lies'} outside the image of {width} x {height}"
    if mended is None or repairs.policy == "drop":
        repairs.add(draft.name, where, "outside", message, "dropped")
        return None
    repairs.add(draft.name, where, "outside", message, "clipped" if remains else "outline dropped")
    return mended


def _clipped(thing: Object, size: tuple[int, int]) -> Object | None:
    """What of an object lies in the image, None: nothing; a box around its outline stays around it."""
    box, outline = _cut(thing.box, size), thing.outline
    if isinstance(outline, list) and _apart(_cut(_reach(thing), size), _reach(thing)) > TOLERANCE_PX:
        outline = clip_polygons(outline, size) or None
        if box != thing.box and _apart(thing.box, _reach(thing)) <= AROUND_PX:
            if outline is None:
                return None
            box = extent(outline)
    if min(box[2] - box[0], box[3] - box[1]) <= TOLERANCE_PX:
        return None
    return replace(thing, box=box, outline=outline, area=_area_after(thing, box, outline))


def _area_after(thing: Object, box: Box, outline: Any) -> float | None:
    """A declared area stays while its outline does, and never exceeds a box without one."""
    if thing.area is None or (outline is not None and outline == thing.outline):
        return thing.area
    if outline is None:
        return min(thing.area, (box[2] - box[0]) * (box[3] - box[1]))
    return sum(map(polygon_area, outline))


def _cut(box: Box, size: tuple[int, int]) -> Box:
    width, height = map(float, size)
    return (max(box[0], 0.0), max(box[1], 0.0), min(box[2], width), min(box[3], height))


def _apart(one: Box, other: Box) -> float:
    """The largest distance between two sides."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _same(one: Object, other: Object) -> bool:
    return (one.box, one.label, one.outline, one.flags & Flag.CROWD) == (
        other.box,
        other.label,
        other.outline,
        other.flags & Flag.CROWD,
    )


def _said(box: Box) -> str:
    return f"the box {', '.join(f'{v:g}' for v in box)}"
