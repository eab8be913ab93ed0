"""One object of Supervisely as a shape.

Shapes: H, W rows and columns of the image.
"""

import base64
import binascii
import io
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from foveal.data.formats.listings.documents import items, mapping, number, shown
from foveal.data.formats.listings.shapes import Point, Shape, masked, polygon, rectangle
from foveal.ops.masks import rle_of_segmentation
from foveal.types.rle import Rle

OWN_KEYS = frozenset(
    {"id", "classId", "classTitle", "geometryType", "points", "bitmap", "tags", "nnCreated", "nnUpdated"}
)
MASK_FAULT = "its bitmap is no PNG in base64 and zlib"
LARGEST_PNG = 1 << 28
"""Bytes that a bitmap may unpack to."""
BROKEN = (OSError, SyntaxError, ValueError, zlib.error, binascii.Error, Image.DecompressionBombError)


def shape_of(record: Mapping[str, Any], kind: str, size: tuple[int, int] | None) -> Shape:
    """The box, polygon or mask of an object.

    Args:
        record: As written.
        kind: Its geometry.
        size: Width and height of the image as declared.

    Raises:
        ValueError: It is invalid.
    """
    if kind == "bitmap":
        return _bitmap(mapping(record.get("bitmap")), size)
    if kind not in ("rectangle", "polygon"):
        raise ValueError(f"the geometry {shown(kind)} is none that is read")
    given = mapping(record.get("points"))
    outer = _points(given.get("exterior"), "exterior")
    if kind == "rectangle":
        if len(outer) != 2:
            raise ValueError(f"it is a rectangle of {len(outer)} points, not two")
        return rectangle(*outer[0], *outer[1])
    shape, holes = polygon(outer), [_points(one, "interior") for one in items(given.get("interior"))]
    if not holes:
        return shape
    if size is None:
        raise ValueError("it has holes, and the image's size is not given")
    return _without(shape, [polygon(hole) for hole in holes], size)


def _without(shape: Shape, holes: Sequence[Shape], size: tuple[int, int]) -> Shape:
    """A polygon with holes as a mask."""
    pixels = rle_of_segmentation(shape.segmentation, shape.box, size[::-1]).mask().astype(np.bool_)
    for hole in holes:
        pixels &= ~rle_of_segmentation(hole.segmentation, hole.box, size[::-1]).mask().astype(np.bool_)
    return masked(Rle.of(pixels).to_coco())


def _points(given: object, name: str) -> list[Point]:
    points = items(given)
    if not points or not all(isinstance(one, list) and len(one) == 2 for one in points):
        raise ValueError(f"{name} is {shown(given)}, not a list of x and y")
    return [(number(x, "x"), number(y, "y")) for x, y in points]


def _bitmap(bitmap: Mapping[str, Any], size: tuple[int, int] | None) -> Shape:
    """A PNG whose alpha channel, or values, say which pixels are the object's, placed at its origin."""
    data, origin = bitmap.get("data"), items(bitmap.get("origin"))
    if not isinstance(data, str) or len(origin) != 2:
        raise ValueError("its bitmap has no data or no origin")
    if size is None:
        raise ValueError("it is a bitmap in an image of no declared size")
    left, top = (int(number(value, "origin")) for value in origin)
    try:
        unpacked = zlib.decompressobj().decompress(base64.b64decode(data), LARGEST_PNG)
        with Image.open(io.BytesIO(unpacked), formats=("PNG",)) as image:
            width, height = image.size
            fits = left >= 0 and top >= 0 and left + width <= size[0] and top + height <= size[1]
            alpha = "A" in image.getbands()
            part = np.asarray(image.getchannel("A") if alpha else image.convert("L")) > 0 if fits else None
    except BROKEN:
        raise ValueError(MASK_FAULT) from None
    if part is None:
        raise ValueError(f"its bitmap of {width} x {height} pixels at {left}, {top} does not fit into the image")
    pixels = np.zeros(size[::-1], np.bool_)
    pixels[top : top + height, left : left + width] = part
    return masked(Rle.of(pixels).to_coco())
