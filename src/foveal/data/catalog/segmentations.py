"""Segmentations of objects: rasterising, validation, and clipping of polygons.

A polygon is a list x, y, x, y ... in pixels.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.data.notes import plural
from foveal.ops.masks import rle_of_segmentation
from foveal.ops.polygons import rles_of_polygons
from foveal.types.rle import Rle

MIN_POINTS = 3
"""Minimum number of points of a polygon."""
AREA_DECIMALS = 6
Point = tuple[float, float]
NO_RUNS = (ValueError, KeyError, TypeError, OverflowError)
"""Exceptions of reading an RLE."""


def instance_masks(catalog: Catalog, index: int) -> list[Rle]:
    """The masks of one image's objects, at full size as displayed.

    Args:
        catalog: With objects, and the images' sizes.
        index: Of the image.

    Returns:
        One per object; empty where the object has no segmentation, or an invalid one.
    """
    objects = catalog.objects
    assert objects is not None and catalog.sizes is not None, "a data set without objects has no masks"
    width, height = (int(side) for side in catalog.sizes[index])
    given = [objects.segmentation(i) for i in objects.places(index)]
    drawn = [i for i, one in enumerate(given) if isinstance(one, list) and not segmentation_fault(one, (width, height))]
    rles = dict(zip(drawn, rles_of_polygons([given[i] for i in drawn], (height, width)), strict=True))
    return [rles[i] if i in rles else _mask_of(one, (height, width)) for i, one in enumerate(given)]


def segmentation_fault(segmentation: Any, size: tuple[int, int]) -> str:
    """Why a segmentation is invalid, in words; empty if it is valid or missing.

    Args:
        segmentation: See ``objects.Object.segmentation``.
        size: (width, height) of the image in pixels.
    """
    if segmentation is None:
        return ""
    if isinstance(segmentation, dict):
        return _mask_fault(segmentation, size)
    polygons = segmentation if isinstance(segmentation, list) else []
    if not polygons or not all(isinstance(polygon, list) for polygon in polygons):
        return "its segmentation is neither polygons nor a mask"
    return next((fault for polygon in polygons if (fault := _polygon_fault(polygon))), "")


def extent(polygons: Sequence[Sequence[float]]) -> tuple[float, float, float, float]:
    """The bounding box of polygons: x1, y1, x2, y2."""
    return (
        min(min(polygon[::2]) for polygon in polygons),
        min(min(polygon[1::2]) for polygon in polygons),
        max(max(polygon[::2]) for polygon in polygons),
        max(max(polygon[1::2]) for polygon in polygons),
    )


def polygon_area(polygon: Sequence[float]) -> float:
    """In square pixels, by the shoelace formula, 0 if below the rounding error of coordinates in files."""
    xs, ys = polygon[::2], polygon[1::2]
    return round(abs(sum(xs[i - 1] * ys[i] - xs[i] * ys[i - 1] for i in range(len(xs)))) / 2, AREA_DECIMALS)


def clip_polygons(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> list[list[float]]:
    """Clip polygons to an image (Sutherland and Hodgman, 1974).

    A polygon that leaves the image and comes back stays one, joined along the image's edge.

    Args:
        polygons: Valid polygons.
        size: (width, height) of the image in pixels.

    Returns:
        The parts with an area.
    """
    clipped = []
    for polygon in polygons:
        points = list(zip(polygon[::2], polygon[1::2], strict=True))
        for axis in (0, 1):
            points = _cut(points, axis, 0, side=1)
            points = _cut(points, axis, size[axis], side=-1)
        part = [value for point in _without_spikes(points) for value in point]
        if polygon_area(part) > 0:
            clipped.append(part)
    return clipped


def _cut(points: Sequence[Point], axis: int, limit: float, *, side: int) -> list[Point]:
    """Clip a polygon to one side of a line: 1: beyond the limit, -1: before it."""
    kept: list[Point] = []
    for here, after in zip(points, [*points[1:], *points[:1]], strict=True):
        inside = side * (here[axis] - limit) >= 0
        if inside:
            kept.append(here)
        if inside != (side * (after[axis] - limit) >= 0):
            part = (limit - here[axis]) / (after[axis] - here[axis])
            across = here[1 - axis] + part * (after[1 - axis] - here[1 - axis])
            kept.append((across, limit) if axis else (limit, across))
    return kept


def _without_spikes(points: list[Point]) -> list[Point]:
    """Remove spikes along an edge that clipping a concave polygon may leave."""
    at = 0
    while at < len(points):
        if _is_spike(points[at - 1], points[at], points[(at + 1) % len(points)]):
            del points[at]
            at = 0
        else:
            at += 1
    return points


def _is_spike(before: Point, here: Point, after: Point) -> bool:
    for axis, along in ((0, 1), (1, 0)):
        if before[axis] == here[axis] == after[axis]:
            return (here[along] - before[along]) * (after[along] - here[along]) <= 0
    return False


def _mask_of(segmentation: Any, size: tuple[int, int]) -> Rle:
    """An RLE's mask; empty of anything else. Size is (height, width)."""
    if isinstance(segmentation, dict):
        with suppress(*NO_RUNS):
            return rle_of_segmentation(segmentation, (), size)
    return Rle(size, np.array([size[0] * size[1]], np.uint32))


def _mask_fault(mask: dict[str, Any], size: tuple[int, int]) -> str:
    declared = mask.get("size")
    if declared != [size[1], size[0]]:
        shown = " x ".join(f"{side}" for side in reversed(declared)) if isinstance(declared, list) else "of no size"
        return f"its mask is {shown}, the image {size[0]} x {size[1]}"
    try:
        Rle.from_coco(mask)
    except NO_RUNS:
        return f"the runs of its mask do not fill {size[0]} x {size[1]} pixels"
    return ""


def _polygon_fault(polygon: Sequence[Any]) -> str:
    count = len(polygon)
    if count % 2:
        return f"its segmentation has a polygon with an odd number of coordinates ({count})"
    if count < 2 * MIN_POINTS:
        return f"its segmentation has a polygon of {plural(count // 2, 'point')}; at least {MIN_POINTS} are needed"
    try:
        finite = math.isfinite(math.fsum(polygon))
    except (ValueError, TypeError, OverflowError):
        finite = False
    return "" if finite else "its segmentation has a point that is not finite"
