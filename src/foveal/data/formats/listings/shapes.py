"""Shapes that tools draw, as boxes and segmentations.

Points are x, y in continuous pixels. A rectangle is a box; a polygon, an ellipse and a rotated rectangle are
segmentations with the box around them; lines and points have no area and are no objects.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foveal.data.catalog.segmentations import MIN_POINTS, extent
from foveal.data.notes import plural
from foveal.ops.masks import box_of
from foveal.types.rle import Rle

ROUND_POINTS = 64
"""Points of a circle's polygon: its area is 0.16 % less than the circle's."""
Box = tuple[float, float, float, float]
Point = tuple[float, float]
ROUND = f"read as polygons of {ROUND_POINTS} points"
ROTATED = "read as polygons; their boxes are those around the corners"
NO_AREA = "not read: no area"


@dataclass(frozen=True, slots=True)
class Shape:
    """Where an object is.

    Attributes:
        box: x1, y1, x2, y2.
        segmentation: As in ``objects.Object``; None: a box.
    """

    box: Box
    segmentation: Any = None


class Told:
    """Counts what is read as something else, or not read, for the notes."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, noun: str, what: str, count: int = 1) -> None:
        """Count a thing by its noun, and what became of it."""
        self._counts[noun, what] += count

    def notes(self) -> list[str]:
        """A sentence for each."""
        return [f"{plural(count, noun)} {what}." for (noun, what), count in self._counts.items()]


def rectangle(x1: float, y1: float, x2: float, y2: float) -> Shape:
    """A box by two opposite corners, in any order."""
    return Shape((min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))


def polygon(points: Sequence[Point]) -> Shape:
    """A polygon and the box around it.

    Raises:
        ValueError: It has too few points.
    """
    if len(points) < MIN_POINTS:
        raise ValueError(f"it is a polygon of {plural(len(points), 'point')}; at least {MIN_POINTS} are needed")
    ring = [value for point in points for value in point]
    return Shape(extent([ring]), [ring])


def joined(shapes: Sequence[Shape]) -> Shape:
    """Polygons of one object."""
    boxes = [shape.box for shape in shapes]
    x1, y1 = (min(box[at] for box in boxes) for at in (0, 1))
    x2, y2 = (max(box[at] for box in boxes) for at in (2, 3))
    return Shape((x1, y1, x2, y2), [ring for shape in shapes for ring in shape.segmentation])


def masked(rle: Mapping[str, Any], box: Box | None = None) -> Shape:
    """A mask in COCO's form and its box, by default the one around its pixels.

    Raises:
        ValueError: It is no such mask, or empty.
    """
    given = {"size": rle.get("size"), "counts": rle.get("counts")}
    try:
        found = Rle.from_coco(given)
        if box is None and found.area == 0:
            raise ValueError("its mask has no pixels")
        x1, y1, x2, y2 = box_of(found).tolist() if box is None else box
    except (KeyError, TypeError, IndexError, OverflowError):
        raise ValueError("its mask is not in COCO's form") from None
    return Shape((x1, y1, x2, y2), given)


def ellipse(centre: Point, radii: Point, degrees: float = 0.0) -> Shape:
    """An ellipse as a polygon, rotated clockwise about its centre.

    Raises:
        ValueError: A radius is not positive.
    """
    if min(radii) <= 0:
        raise ValueError(f"its radii are {radii[0]:g} and {radii[1]:g}")
    angles = [math.tau * at / ROUND_POINTS for at in range(ROUND_POINTS)]
    around = [(centre[0] + radii[0] * math.cos(a), centre[1] + radii[1] * math.sin(a)) for a in angles]
    return polygon(rotated(around, centre, degrees))


def rotated_rectangle(box: Box, degrees: float, about: Point) -> Shape:
    """A rectangle rotated clockwise about a point."""
    x1, y1, x2, y2 = box
    return polygon(rotated([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], about, degrees))


def rotated(points: Sequence[Point], about: Point, degrees: float) -> list[Point]:
    """Points rotated clockwise, as y grows downwards."""
    if not degrees:
        return list(points)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    (cx, cy) = about
    return [(cx + cos * (x - cx) - sin * (y - cy), cy + sin * (x - cx) + cos * (y - cy)) for x, y in points]
