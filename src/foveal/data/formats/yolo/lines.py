"""What the lines of a data set are: boxes and polygons, boxes with key points, or oriented boxes.

One line does not tell: twelve numbers behind a box may be four key points, and eight are four corners or a polygon. So
the data set's own word decides, else all of its lines together.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from foveal.data.formats.yolo.layouts.layout import Layout
from foveal.data.formats.yolo.record import BOX_FIELDS, LEAST_POLYGON, ORIENTED_FIELDS, Shape
from foveal.data.notes import plural

VISIBILITIES = (0.0, 1.0, 2.0)
"""Of a key point: not labelled, hidden, visible."""
RIGHT_ANGLE = 0.02
"""Largest cosine of the angle of two sides that counts as a right angle; files round to some decimals."""
FEWEST_POINTS = 3
"""Of a pose without visibilities; fewer numbers would rather be the corners of a polygon."""
BOXED, FILLED = 0.02, 0.4
"""Part of a box's side by which its key points may lie outside; and part of it that they reach over at least."""
IF_POLYGONS = "If they are polygons, write 'task: segment' into data.yaml."
AXIS_PX = 1.0
"""Sides whose ends differ by no more across and along are parallel to the image's."""
Line = tuple[Sequence[float], tuple[int, int]]
"""The numbers behind a line's class, and the image's width and height."""


@dataclass(frozen=True)
class Kind:
    """What lines are.

    Attributes:
        shape: Of lines of more than a box's fields; None: polygons.
        fields: Their number of fields; 0: any that can be.
        words: For messages on lines that have another number of fields.
        note: What is to be told; {} is the number of such lines.
    """

    shape: Shape | None = None
    fields: int = 0
    words: str = "a box has 5, a polygon an odd number of at least 7"
    note: str = ""

    def shape_of(self, num_fields: int) -> Shape | None:
        """What a line of so many fields is; None: invalid."""
        if num_fields == BOX_FIELDS:
            return "box"
        if self.shape is None:
            return "polygon" if num_fields >= LEAST_POLYGON and num_fields % 2 else None
        fits = num_fields == self.fields if self.fields else num_fields > BOX_FIELDS
        return self.shape if fits else None


def kind_of(found: Layout, lines: Sequence[Line], *, masks: bool = False) -> Kind:
    """What the lines of a data set are.

    Args:
        found: What it says of itself.
        lines: Those of more than a box's fields that are numbers.
        masks: Whether polygons are wanted: then right angles do not make them boxes.
    """
    counts = {len(numbers) + 1 for numbers, _ in lines}
    if found.lines == "pose":
        number, values = found.key_points
        return _pose(found.source, number, values) if number else _unknown_pose(found.source, counts)
    if found.lines == "oriented":
        return _oriented(found.source)
    if found.lines == "polygons" or not lines:
        return Kind()
    if len(counts) == 1:
        count = counts.pop()
        number, rest = divmod(count - BOX_FIELDS, 3)
        if number > 0 and not rest and _are_visibilities(lines, surely=bool(count % 2)):
            return _pose("the numbers 0, 1 and 2 behind each point", number, 3)
        number, rest = divmod(count - BOX_FIELDS, 2)
        if number >= FEWEST_POINTS and not rest and _are_boxed(lines):
            return _pose("the box that each line begins with is around its points", number, 2, tell=True)
        if count == ORIENTED_FIELDS and not masks and _are_rotated(lines):
            return _oriented("the right angles of all")
    return Kind()


def _pose(source: str, number: int, values: int, *, tell: bool = False) -> Kind:
    fields = BOX_FIELDS + number * values
    words = f"a box has 5, one with {plural(number, 'key point')} of {values} numbers {fields}"
    note = f"{plural(number, 'key point')} of each of {{}} are not read, their boxes are ({source})."
    return Kind("box", fields, words, f"{note} {IF_POLYGONS}" if tell else note)


def _unknown_pose(source: str, counts: Iterable[int]) -> Kind:
    own = {count for count in counts if count > BOX_FIELDS}
    fields = own.pop() if len(own) == 1 else 0
    note = f"The key points of {{}} are not read, their boxes are ({source})."
    return Kind("box", fields, "a box has 5, key points add the same number to each", note)


def _oriented(source: str) -> Kind:
    note = f"{{}} with oriented boxes, read as the boxes around their corners ({source})."
    if source.startswith("the right"):
        note += f" {IF_POLYGONS}"
    return Kind("corners", ORIENTED_FIELDS, "a box has 5, an oriented one 9", note)


def _are_visibilities(lines: Sequence[Line], *, surely: bool) -> bool:
    """Whether every third number behind the box says how visible a key point is.

    Args:
        lines: All of one length.
        surely: Whether one must be 2, which no coordinate is.
    """
    flags = {value for numbers, _ in lines for value in numbers[BOX_FIELDS + 1 :: 3]}
    return flags <= {*VISIBILITIES} and (2.0 in flags or not surely)


def _are_boxed(lines: Sequence[Line]) -> bool:
    """Whether the first four numbers of every line are a box that the points behind them fill, as key points do.

    A polygon's first two points taken for a box's centre and size are no such box: the rest would have to lie around
    its first corner.
    """
    for numbers, _ in lines:
        for axis in (0, 1):
            centre, side = numbers[axis], numbers[axis + 2]
            values = [value for at, value in enumerate(numbers[4:]) if at % 2 == axis and value != 0]
            if len(values) < 2 or side <= 0 or not all(map(math.isfinite, (centre, side, *values))):
                return False
            if max(abs(value - centre) for value in values) > (0.5 + BOXED) * side:
                return False
            if max(values) - min(values) < FILLED * side:
                return False
    return True


def _are_rotated(lines: Sequence[Line]) -> bool:
    """Whether all polygons are rectangles, and one of them is rotated."""
    rotated = False
    for numbers, size in lines:
        points = [(numbers[at] * size[0], numbers[at + 1] * size[1]) for at in range(0, len(numbers), 2)]
        sides = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(points, points[1:] + points[:1], strict=True)]
        for one, next_one in pairwise(sides):
            product = math.hypot(*one) * math.hypot(*next_one)
            across = one[0] * next_one[0] + one[1] * next_one[1]
            if not math.isfinite(product) or abs(across) > max(RIGHT_ANGLE * product, AXIS_PX):
                return False
        rotated |= all(min(abs(x), abs(y)) > AXIS_PX for x, y in sides)
    return rotated
