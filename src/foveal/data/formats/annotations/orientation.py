"""Annotations in stored pixels, transformed to the image as displayed (EXIF orientation)."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from foveal.data.catalog.objects import Object
from foveal.imaging.orientation import ORIENTATION_TAG, orient
from foveal.types.rle import Rle

LYING = (5, 6, 7, 8)
"""Orientations that swap width and height."""


def read_orientation(path: Path) -> int:
    """EXIF orientation, 1 to 8; 1 where it is missing or invalid."""
    try:
        with Image.open(path) as image:
            value = Image.Image.getexif(image).get(ORIENTATION_TAG, 1)
    except (OSError, SyntaxError, ValueError):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(item: Object, orientation: int, *, size: tuple[int, int]) -> Object:
    """An object in stored pixels as an object in the image as displayed.

    Args:
        item: In stored pixels.
        orientation: 5 to 8.
        size: (width, height) of the stored pixels.
    """
    if not all(map(math.isfinite, item.box)):
        return item
    x1, y1, x2, y2 = item.box
    ends = ((min(x1, x2), min(y1, y2)), (max(x1, x2), max(y1, y2)))
    (ax, ay), (bx, by) = (_point(x, y, orientation, size) for x, y in ends)
    left, right, top, bottom = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
    # Swapped corners must stay swapped, to be detected as invalid; width and height have changed places.
    if y2 < y1:
        left, right = right, left
    if x2 < x1:
        top, bottom = bottom, top
    box = (left, top, right, bottom)
    return replace(item, box=box, segmentation=_segmentation(item.segmentation, orientation, size))


def _segmentation(segmentation: Any, orientation: int, size: tuple[int, int]) -> Any:
    if isinstance(segmentation, list):
        rotated = []
        for polygon in segmentation:
            points = (_point(x, y, orientation, size) for x, y in zip(polygon[::2], polygon[1::2], strict=False))
            rotated.append([value for point in points for value in point])
        return rotated
    if isinstance(segmentation, dict) and list(segmentation.get("size", ())) == [size[1], size[0]]:
        try:
            pixels = np.repeat(Rle.from_coco(segmentation).mask()[..., None].astype(np.uint8), 3, axis=2)
        except (ValueError, TypeError, IndexError):  # invalid runs cannot be rotated
            return segmentation
        mask = Rle.of(orient(pixels, orientation)[..., 0])
        return mask.to_coco(compressed=isinstance(segmentation["counts"], str))
    return segmentation


def _point(x: float, y: float, orientation: int, size: tuple[int, int]) -> tuple[float, float]:
    """A point in stored pixels as a point in the image as displayed; see ``imaging.orientation.orient``."""
    width, height = size
    match orientation:
        case 5:
            return y, x
        case 6:
            return height - y, x
        case 7:
            return height - y, width - x
    assert orientation == 8, orientation
    return y, width - x
