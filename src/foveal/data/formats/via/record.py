"""One region of VIA, as a shape: what versions 1 and 2 name, and what version 3 numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from foveal.data.formats.listings.documents import items, number, shown
from foveal.data.formats.listings.shapes import NO_AREA, ROUND, Shape, Told, ellipse, polygon

NAME = "via"
WITHOUT_AREA = ("point", "polyline", "line")
NUMBERED = {
    1: ("point", 2),
    2: ("rect", 4),
    3: ("circle", 3),
    4: ("ellipse", 4),
    5: ("line", 4),
    6: ("polyline", 0),
    7: ("polygon", 0),
    8: ("rect", 4),
    9: ("circle", 3),
}
"""Shapes of version 3 by their number, and how many coordinates they have; 0: any."""
FIELDS = {
    "rect": ("x", "y", "width", "height"),
    "circle": ("cx", "cy", "r"),
    "ellipse": ("cx", "cy", "rx", "ry"),
}
DEGREES_PER_RADIAN = 57.29577951308232


def shape_of(attributes: Mapping[str, Any], told: Told) -> Shape | None:
    """The shape that ``shape_attributes`` of version 1 or 2 describe; None: it has no area, which is told.

    Raises:
        ValueError: It is invalid or of an unknown kind.
    """
    kind = attributes.get("name")
    if kind in WITHOUT_AREA:
        told.add(str(kind), NO_AREA)
        return None
    if kind in ("polygon", "polyline"):
        xs, ys = items(attributes.get("all_points_x")), items(attributes.get("all_points_y"))
        if len(xs) != len(ys):
            raise ValueError(f"its polygon has {len(xs)} x and {len(ys)} y")
        return _polygon([value for point in zip(xs, ys, strict=True) for value in point])
    if not isinstance(kind, str) or kind not in FIELDS:
        raise ValueError(f"the shape {shown(kind)} is unknown")
    numbers = [number(attributes.get(field), field) for field in FIELDS[kind]]
    turn = number(attributes.get("theta", 0), "theta") * DEGREES_PER_RADIAN if kind == "ellipse" else 0.0
    return _shape(kind, numbers, turn, told)


def shape_of_numbers(xy: Sequence[Any], told: Told) -> Shape | None:
    """The shape of version 3's list: its number, then its coordinates; None: it has no area, which is told.

    Raises:
        ValueError: It is invalid or of an unknown kind.
    """
    kind, count = NUMBERED.get(xy[0] if xy and isinstance(xy[0], int) else 0, ("", 0))
    if not kind:
        raise ValueError(f"the shape {shown(xy[0] if xy else None)} is unknown")
    if kind in WITHOUT_AREA:
        told.add(kind, NO_AREA)
        return None
    if count and len(xy) != count + 1:
        raise ValueError(f"its {kind} has {len(xy) - 1} numbers, not {count}")
    if kind == "polygon":
        return _polygon(xy[1:])
    return _shape(kind, [number(value, "a coordinate") for value in xy[1:]], 0.0, told)


def _polygon(values: Sequence[Any]) -> Shape:
    if len(values) % 2:
        raise ValueError(f"its polygon has {len(values)} coordinates, an odd number")
    numbers = [number(value, "a coordinate") for value in values]
    return polygon(list(zip(numbers[::2], numbers[1::2], strict=True)))


def _shape(kind: str, numbers: Sequence[float], degrees: float, told: Told) -> Shape:
    if kind == "rect":
        x, y, width, height = numbers
        return Shape((x, y, x + width, y + height))
    told.add(kind, ROUND)
    radii = (numbers[2], numbers[-1])
    return ellipse((numbers[0], numbers[1]), radii, degrees)
