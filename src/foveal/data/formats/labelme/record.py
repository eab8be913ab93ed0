"""One JSON file of LabelMe, as Foveal's objects and extras.

A shape has a label, points, a shape type and flags of its own; polygons of one label and group are one object, as in
LabelMe's own converter to COCO. Shapes of ``__ignore__`` are regions that count for no class.
"""

import math
from collections.abc import Mapping
from typing import Any

from foveal.data.formats.labelme.mask import read_mask
from foveal.data.formats.listings.documents import is_true, items, mapping, number, shown
from foveal.data.formats.listings.listing import Entry, Thing, flags_of, united
from foveal.data.formats.listings.shapes import (
    NO_AREA,
    ROTATED,
    ROUND,
    Point,
    Shape,
    Told,
    ellipse,
    polygon,
    rectangle,
)
from foveal.types.flags import Flag

NAME = "labelme"
SHAPE_KEYS = frozenset({"label", "points", "shape_type", "flags", "mask"})
PAGE_KEYS = frozenset({"version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"})
NOTHING: tuple[object, ...] = (None, "", [], {})
IGNORED = ("__ignore__",)
WITHOUT_AREA = ("line", "linestrip", "point", "points")
CORNERS = 4
AXIS_PX = 1e-3
"""Corners closer to one line than this lie on it."""


def take_shapes(page: Mapping[str, Any], entry: Entry, told: Told) -> None:
    """Add a file's shapes to an image."""
    things = []
    for at, shape in enumerate(items(page.get("shapes"))):
        where = f"{entry.where}, shapes[{at}]"
        if not isinstance(shape, dict):
            entry.fault(where, f"{shown(shape)} is not a JSON object")
            continue
        kind = shape.get("shape_type") or "polygon"
        if kind in WITHOUT_AREA:
            told.add(kind, NO_AREA)
            continue
        try:
            things.append(thing_of(shape, where, told, entry.size))
        except ValueError as error:
            entry.fault(where, str(error))
    entry.things += united(things, told)


def thing_of(shape: Mapping[str, Any], where: str, told: Told, size: tuple[int, int] | None) -> Thing:
    """A shape with an area as an object.

    Raises:
        ValueError: Its points are invalid, or its type is unknown.
    """
    given = _points(shape.get("points"))
    label = shape.get("label")
    flags, rest = flags_of(mapping(shape.get("flags")))
    if is_true(shape.get("difficult")):
        flags |= Flag.DIFFICULT
    extras = {key: value for key, value in shape.items() if key not in SHAPE_KEYS and value not in NOTHING}
    if isinstance(shape.get("difficult"), bool):
        extras.pop("difficult", None)
    if rest:
        extras["flags"] = rest
    if label in IGNORED:
        label, flags = "", flags | Flag.IGNORE
    group = shape.get("group_id")
    key = f"{shown(shape.get('label'))} {shape.get('points')}"
    return Thing(
        label, _shape(shape, given, told, size), where, key, flags, extras, "" if group is None else shown(group)
    )


def page_extras(page: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the file besides its shapes and its image."""
    return {key: value for key, value in page.items() if key not in PAGE_KEYS and value not in NOTHING}


def _shape(shape: Mapping[str, Any], points: list[Point], told: Told, size: tuple[int, int] | None) -> Shape:
    kind = shape.get("shape_type") or "polygon"
    if kind == "polygon":
        return polygon(points)
    if kind in ("rectangle", "rotation", "oriented_rectangle"):
        return _rectangle(points, told)
    if kind == "circle":
        if len(points) != 2:
            raise ValueError(f"a circle has {len(points)} points, not 2")
        told.add("circle", ROUND)
        radius = math.dist(points[0], points[1])
        return ellipse(points[0], (radius, radius))
    if kind == "mask":
        return read_mask(shape.get("mask"), points, size)
    raise ValueError(f"the shape type {shown(kind)} is unknown")


def _rectangle(points: list[Point], told: Told) -> Shape:
    if len(points) not in (2, CORNERS):
        raise ValueError(f"a rectangle has {len(points)} points, not 2")
    xs, ys = [x for x, _ in points], [y for _, y in points]
    box = rectangle(min(xs), min(ys), max(xs), max(ys))
    straight = all(min(abs(v - low), abs(v - high)) < AXIS_PX for v, low, high in _sides(xs, ys))
    if len(points) == CORNERS and not straight:
        told.add("rotated rectangle", ROTATED)
        return polygon(points)
    return box


def _sides(xs: list[float], ys: list[float]) -> list[tuple[float, float, float]]:
    return [(v, min(values), max(values)) for values in (xs, ys) for v in values]


def _points(value: object) -> list[Point]:
    points = []
    for point in items(value):
        if not isinstance(point, list) or len(point) != 2:
            raise ValueError(f"the point {shown(point)} is not x and y")
        points.append((number(point[0], "x"), number(point[1], "y")))
    if not points:
        raise ValueError("it has no points")
    return points
