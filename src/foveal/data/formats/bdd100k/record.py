"""One label of BDD100K, as a shape, flags and extras."""

from collections.abc import Mapping
from typing import Any

from foveal.data.formats.listings.documents import items, mapping, number, shown
from foveal.data.formats.listings.listing import flags_of
from foveal.data.formats.listings.shapes import NO_AREA, Box, Point, Shape, Told, joined, masked, polygon

NAME = "bdd100k"
SHAPE_KEYS = frozenset({"category", "box2d", "poly2d", "rle", "attributes"})
SIDES = ("x1", "y1", "x2", "y2")


def flags_and_extras(record: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Flags that the attributes mean, and all other fields."""
    flags, attributes = flags_of(mapping(record.get("attributes")))
    extras = {key: value for key, value in record.items() if key not in SHAPE_KEYS and value is not None}
    return flags, {**extras, **({"attributes": attributes} if attributes else {})}


def shapes_of(record: Mapping[str, Any], told: Told) -> Shape | None:
    """The box, the polygons or the mask of a label; None: it has no area, which is told.

    Raises:
        ValueError: It is invalid.
    """
    box = _box(record["box2d"]) if record.get("box2d") is not None else None
    if record.get("rle") is not None:
        return masked(mapping(record["rle"]), box)
    if record.get("poly2d") is None:
        if box is None:
            what = "box3d" if record.get("box3d") is not None else "label"
            told.add(what, "without box2d or poly2d not read")
            return None
        return Shape(box)
    parts = _parts(record["poly2d"], told)
    if not parts:
        return None if box is None else Shape(box)
    shape = joined([polygon(part) for part in parts])
    return shape if box is None else Shape(box, shape.segmentation)


def _box(given: object) -> Box:
    x1, y1, x2, y2 = (number(mapping(given).get(side), f"box2d {side}") for side in SIDES)
    return x1, y1, x2, y2


def _parts(given: object, told: Told) -> list[list[Point]]:
    """Closed polygons; open lines are told."""
    if not isinstance(given, list):
        raise ValueError(f"poly2d is {shown(given)}, not a list")
    if given and all(isinstance(one, list) for one in given):
        given = [{"vertices": given, "closed": True}]  # the first release: x, y and the type of each point
    parts = []
    for one in given:
        vertices = items(mapping(one).get("vertices"))
        if not mapping(one).get("closed", True):
            told.add("open line", NO_AREA)
            continue
        kinds = str(mapping(one).get("types", "")) + "".join(_kinds(vertices))
        if "C" in kinds:
            told.add("curve", "read as a polygon of its control points")
        parts.append([_point(vertex) for vertex in vertices])
    return parts


def _kinds(vertices: list[Any]) -> list[str]:
    return [str(vertex[2]) for vertex in vertices if isinstance(vertex, list) and len(vertex) > 2]


def _point(vertex: object) -> Point:
    if not isinstance(vertex, list) or len(vertex) < 2:
        raise ValueError(f"the point {shown(vertex)} is not x and y")
    return number(vertex[0], "x"), number(vertex[1], "y")
