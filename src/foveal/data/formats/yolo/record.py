"""One line of YOLO's text files as an object.

A line is ``class x y width height`` (the centre of the box), or ``class x y x y x y ...`` (a polygon), all as fractions
of the image's width and height: x = 0 is the left edge of the first pixel, x = 1 the right edge of the last.
"""

from collections.abc import Sequence

from foveal.data.catalog.objects import Object
from foveal.data.catalog.segmentations import extent, polygon_area

NAME = "yolo"
BOX_FIELDS, LEAST_POLYGON = 5, 7
"""Number of fields of a box, and of the smallest polygon."""


def object_of(numbers: Sequence[float], label: int, size: tuple[int, int]) -> Object:
    """A line's coordinates as an object.

    Args:
        numbers: Four for a box, else a polygon, as fractions of the image's sides.
        label: Class id.
        size: (width, height) of the image in pixels.
    """
    width, height = size
    if len(numbers) == BOX_FIELDS - 1:
        x, y, w, h = numbers
        return Object(((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height), label)
    polygon = [value * size[at % 2] for at, value in enumerate(numbers)]
    return Object(extent([polygon]), label, area=polygon_area(polygon), segmentation=[polygon])
