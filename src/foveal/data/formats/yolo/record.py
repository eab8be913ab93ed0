"""One line of YOLO's text files as an object.

A line is ``class x y width height`` (the centre of the box), or ``class x y x y x y ...`` (a polygon), all as fractions
of the image's width and height: x = 0 is the left edge of the first pixel, x = 1 the right edge of the last. Lines of
poses have the key points behind the box; lines of oriented boxes are the four corners.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from foveal.data.catalog.objects import Object
from foveal.data.catalog.segmentations import extent, polygon_area
from foveal.types.flags import Flag

NAME = "yolo"
BOX_FIELDS, LEAST_POLYGON, ORIENTED_FIELDS = 5, 7, 9
"""Number of fields of a box, of the smallest polygon, and of an oriented box."""
DOTA_FIELDS = 10
"""Number of fields of a line of DOTA, see ``Corners``."""
DOTA_HEADS = ("imagesource:", "gsd:")
"""Beginnings of the first lines of a file of DOTA."""
DECIMAL_COMMA = re.compile(r"-?\d+(?:,\d+)?(?:[eE][+-]?\d+)?")
Shape = Literal["box", "polygon", "corners"]
"""What the numbers of a line are; key points behind a box are not read."""


@dataclass(frozen=True)
class Corners:
    """A line of DOTA: four corners in pixels, the name of the class, and whether the object is difficult."""

    points: list[float]
    name: str
    difficult: bool

    def object(self, label: int) -> Object:
        """The box around the corners."""
        return Object(extent([self.points]), label, int(Flag.DIFFICULT) if self.difficult else 0)


def corners_of(fields: Sequence[str]) -> Corners | None:
    """The corners that a line of DOTA's form gives; None: it is of another form."""
    if len(fields) != DOTA_FIELDS or fields[-1] not in ("0", "1", "2"):
        return None
    try:
        return Corners([float(text) for text in fields[:8]], fields[8], fields[-1] != "0")
    except ValueError:
        return None


def fields_of(line: str) -> list[str]:
    """The fields of a line: blanks between them; or commas; or blanks, and commas as decimal points."""
    fields = line.split()
    if "," not in line:
        return fields
    if len(fields) > 1 and all(DECIMAL_COMMA.fullmatch(field) for field in fields):
        return [field.replace(",", ".") for field in fields]
    return [field for field in re.split(r"[\s,]+", line) if field]


def object_of(numbers: Sequence[float], label: int, size: tuple[int, int], shape: Shape | None = None) -> Object:
    """A line's coordinates as an object.

    Args:
        numbers: As fractions of the image's sides.
        label: Class id.
        size: (width, height) of the image in pixels.
        shape: What the numbers are; None: four are a box, others a polygon.
    """
    width, height = size
    if shape == "box" or (shape is None and len(numbers) == BOX_FIELDS - 1):
        x, y, w, h = numbers[: BOX_FIELDS - 1]
        return Object(((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height), label)
    polygon = [value * size[at % 2] for at, value in enumerate(numbers)]
    if shape == "corners":
        return Object(extent([polygon]), label)
    return Object(extent([polygon]), label, area=polygon_area(polygon), segmentation=[polygon])
