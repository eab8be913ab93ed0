"""One shape of CVAT's XML, as an object: boxes, polygons, ellipses and masks.

Coordinates are continuous pixels. ``attribute`` elements called as a flag is are flags; all others, and ``occluded``,
``z_order`` and the like where they are not the default, are kept.
"""

from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from foveal.data.formats.listings.documents import number, shown
from foveal.data.formats.listings.listing import Thing, flags_of
from foveal.data.formats.listings.shapes import (
    NO_AREA,
    ROTATED,
    ROUND,
    Point,
    Shape,
    Told,
    ellipse,
    masked,
    polygon,
    rotated_rectangle,
)
from foveal.types.rle import Rle

NAME = "cvat"
WITHOUT_AREA = {"polyline": "polyline", "points": "point shape", "cuboid": "cuboid", "skeleton": "skeleton"}
SHAPES = ("box", "polygon", "ellipse", "mask")
GEOMETRY = frozenset(
    [
        "label",
        "xtl",
        "ytl",
        "xbr",
        "ybr",
        "points",
        "cx",
        "cy",
        "rx",
        "ry",
        "rotation",
        "rle",
        "left",
        "top",
        "width",
        "height",
    ]
)
USUAL = {"occluded": "0", "z_order": "0", "source": "manual", "group_id": ""}
"""Defaults, which need not be kept."""
CORNERS = ("xtl", "ytl", "xbr", "ybr")
MAX_PIXELS = 1 << 30
"""Pixels of an image above which a mask in it is refused: runs are turned from rows to columns in memory."""


def thing_of(element: Element, size: tuple[int, int] | None, where: str, told: Told) -> Thing | None:
    """A shape as an object; None: it has no area, which is told.

    Args:
        element: The shape.
        size: Width and height of the image as declared.
        where: For messages.
        told: Counts what is read as something else.

    Raises:
        ValueError: It is invalid.
    """
    if element.tag in WITHOUT_AREA:
        told.add(WITHOUT_AREA[element.tag], NO_AREA if element.tag in ("polyline", "points") else "not read")
        return None
    label = element.get("label", "")
    flags, attributes = flags_of(attributes_of(element))
    extras: dict[str, Any] = {
        key: value for key, value in element.items() if key not in GEOMETRY and USUAL.get(key) != value
    }
    if attributes:
        extras["attributes"] = attributes
    key = " ".join([label, *(element.get(name, "") for name in (*CORNERS, "points", "rle", "cx", "cy"))]).strip()
    group = element.get("group_id", "")
    return Thing(label, _shape(element, size, told), where, key, flags, extras, "" if group == "0" else group)


def attributes_of(element: Element) -> dict[str, Any]:
    """The ``attribute`` elements, by name."""
    return {one.get("name", ""): (one.text or "").strip() for one in element.iter("attribute")}


def _shape(element: Element, size: tuple[int, int] | None, told: Told) -> Shape:
    turn = number(element.get("rotation", "0"), "rotation")
    match element.tag:
        case "box":
            x1, y1, x2, y2 = (number(element.get(side), side) for side in CORNERS)
            if not turn:
                return Shape((x1, y1, x2, y2))
            told.add("rotated box", ROTATED)
            return rotated_rectangle((x1, y1, x2, y2), turn, ((x1 + x2) / 2, (y1 + y2) / 2))
        case "ellipse":
            cx, cy, rx, ry = (number(element.get(name), name) for name in ("cx", "cy", "rx", "ry"))
            told.add("ellipse", ROUND)
            return ellipse((cx, cy), (rx, ry), turn)
        case "polygon":
            return polygon([_point(text) for text in element.get("points", "").split(";") if text.strip()])
    return _mask(element, size)


def _point(text: str) -> Point:
    x, comma, y = text.partition(",")
    if not comma:
        raise ValueError(f"the point {shown(text)} is not x,y")
    return number(x, "x"), number(y, "y")


def _mask(element: Element, size: tuple[int, int] | None) -> Shape:
    """A mask: runs row by row within a box, zeros first, as a mask of the whole image."""
    if size is None or size[0] * size[1] > MAX_PIXELS:
        raise ValueError("it is a mask in an image of no declared or of too large a size")
    left, top, width, height = (int(number(element.get(name), name)) for name in ("left", "top", "width", "height"))
    runs = [int(number(text, "a run of rle")) for text in element.get("rle", "").split(",")]
    inside = left >= 0 and top >= 0 and left + width <= size[0] and top + height <= size[1]
    if min(width, height, *runs, 1) < 0 or not inside or sum(runs) != width * height:
        raise ValueError(f"the runs of its mask do not fill {width} x {height} pixels inside the image")
    pixels = np.zeros(size[::-1], np.bool_)
    ones = np.arange(len(runs)) % 2 == 1
    pixels[top : top + height, left : left + width] = np.repeat(ones, runs).reshape(height, width)
    return masked(Rle.of(pixels).to_coco())
