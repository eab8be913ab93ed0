"""Outlines of objects, once read, as masks; and what is wrong with those that cannot be painted."""

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from foveal.data.notes import plural
from foveal.data.objects import Object
from foveal.ops.masks import rle_of_outline
from foveal.types.rle import Rle

if TYPE_CHECKING:
    from foveal.data.catalog import Catalog

MIN_POINTS = 3
"""Of a polygon with an area."""
NO_RUNS = (ValueError, KeyError, TypeError, OverflowError)
"""What reading a run-length mask may raise."""


def instance_masks(catalog: "Catalog", index: int) -> list[Rle]:
    """The masks of one picture's objects, in its full size as a person sees it.

    Args:
        catalog: With objects, and the pictures' sizes.
        index: Of the picture.

    Returns:
        One an object; one without a pixel where the object has no outline, or one that cannot be painted.
    """
    assert catalog.objects is not None and catalog.sizes is not None, "a data set without objects has no masks"
    width, height = (int(side) for side in catalog.sizes[index])
    return [_mask_of(thing, (height, width)) for thing in catalog.objects[index]]


def outline_fault(outline: Any, size: tuple[int, int]) -> str:
    """Why an outline cannot be painted, in words; nothing where it can, or where there is none.

    Args:
        outline: See ``objects.Object.outline``.
        size: (width, height) of the picture in pixels.
    """
    if outline is None:
        return ""
    if isinstance(outline, dict):
        return _mask_fault(outline, size)
    if not isinstance(outline, list) or not outline or not all(isinstance(polygon, list) for polygon in outline):
        return "its outline is neither polygons nor a mask"
    return next((fault for polygon in outline if (fault := _polygon_fault(polygon))), "")


def _mask_of(thing: Object, size: tuple[int, int]) -> Rle:
    """Size is (height, width)."""
    if isinstance(thing.outline, dict) or (thing.outline is not None and not outline_fault(thing.outline, size[::-1])):
        with suppress(*NO_RUNS):
            return rle_of_outline(thing.outline, thing.box, size)
    return Rle(size, np.array([size[0] * size[1]], np.uint32))


def _mask_fault(mask: dict[str, Any], size: tuple[int, int]) -> str:
    told = mask.get("size")
    if told != [size[1], size[0]]:
        said = " x ".join(f"{side}" for side in reversed(told)) if isinstance(told, list) else "of no size"
        return f"its mask is {said}, the picture {size[0]} x {size[1]}"
    try:
        Rle.from_coco(mask)
    except NO_RUNS:
        return f"the runs of its mask do not fill {size[0]} x {size[1]} pixels"
    return ""


def _polygon_fault(polygon: Sequence[Any]) -> str:
    count = len(polygon)
    if count % 2:
        return f"its outline has a polygon of {plural(count, 'number')}, one too many for points"
    if count < 2 * MIN_POINTS:
        return f"its outline has a polygon of {plural(count // 2, 'point')}; an area takes {MIN_POINTS}"
    try:
        finite = math.isfinite(math.fsum(polygon))
    except (ValueError, TypeError, OverflowError):
        finite = False
    return "" if finite else "its outline has a point that is no number"
