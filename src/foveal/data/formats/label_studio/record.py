"""One result of Label Studio, as a shape; coordinates are percentages of the image's width and height."""

from collections.abc import Mapping
from typing import Any

from foveal.data.formats.listings.documents import items, number, shown, whole_size
from foveal.data.formats.listings.shapes import (
    NO_AREA,
    ROTATED,
    ROUND,
    Shape,
    Told,
    ellipse,
    polygon,
    rotated_rectangle,
)

NAME = "label_studio"
LABEL_KEYS = (
    "rectanglelabels",
    "polygonlabels",
    "ellipselabels",
    "brushlabels",
    "bitmasklabels",
    "keypointlabels",
    "labels",
)
"""Keys of a value that hold its class."""
VIDEO_KEYS = ("sequence", "framesCount")
PERCENT = 100.0


def shape_of(value: Mapping[str, Any], sides: tuple[object, object], told: Told) -> Shape | None:
    """The shape of a value; None: it is not read, which is told.

    Args:
        value: With the coordinates.
        sides: ``original_width`` and ``original_height`` as written.
        told: Counts what is read as something else, or not read.

    Raises:
        ValueError: It is invalid.
    """
    if value.keys() & {"rle", "imageDataURL", "format"}:
        told.add("brush mask", "not read; export from Label Studio as COCO, or with polygons")
        return None
    if value.keys() & {"vertices", "closed"} and "points" not in value:
        told.add("curve", "not read")
        return None
    size = whole_size(*sides)
    if size is None:
        raise ValueError(f"original_width and original_height are {shown(list(sides))}, not numbers of pixels")
    by = (size[0] / PERCENT, size[1] / PERCENT)
    if "points" in value:
        return polygon([_point(point, by) for point in items(value["points"])])
    turn = number(value.get("rotation") or 0, "rotation")
    x, y = number(value.get("x"), "x") * by[0], number(value.get("y"), "y") * by[1]
    if "radiusX" in value:
        told.add("ellipse", ROUND)
        radii = (number(value["radiusX"], "radiusX") * by[0], number(value.get("radiusY"), "radiusY") * by[1])
        return ellipse((x, y), radii, turn)
    if "height" not in value:
        told.add("key point", NO_AREA)
        return None
    width, height = number(value.get("width"), "width") * by[0], number(value.get("height"), "height") * by[1]
    box = (x, y, x + width, y + height)
    if not turn:
        return Shape(box)
    told.add("rotated rectangle", ROTATED)
    return rotated_rectangle(box, turn, (x, y))


def label_of(value: Mapping[str, Any]) -> object:
    """The class of a value: the only label; None: it has none."""
    for key in LABEL_KEYS:
        if key in value:
            labels = value[key]
            return labels[0] if isinstance(labels, list) and len(labels) == 1 else labels
    return None


def _point(point: object, by: tuple[float, float]) -> tuple[float, float]:
    if not isinstance(point, list) or len(point) != 2:
        raise ValueError(f"the point {shown(point)} is not x and y")
    return number(point[0], "x") * by[0], number(point[1], "y") * by[1]
