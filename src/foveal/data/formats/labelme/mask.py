"""A mask of LabelMe: a PNG in base64, placed at the first of two points."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from foveal.data.formats.listings.shapes import Point, Shape, masked
from foveal.types.rle import Rle

BROKEN = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def read_mask(text: object, points: Sequence[Point], size: tuple[int, int] | None) -> Shape:
    """A mask of the whole image.

    Args:
        text: The PNG in base64.
        points: The upper left and the lower right pixel of the part that it covers.
        size: Width and height of the image as declared.

    Raises:
        ValueError: It is no PNG, is empty, or does not fit into the image.
    """
    if size is None or not isinstance(text, str):
        raise ValueError("it is a mask without pixels, or in an image of no declared size")
    (left, top) = (round(value) for value in points[0])
    try:
        with Image.open(io.BytesIO(base64.b64decode(text)), formats=("PNG",)) as image:
            width, height = image.size
            fits = left >= 0 and top >= 0 and left + width <= size[0] and top + height <= size[1]
            part = np.asarray(image.convert("L")) > 0 if fits else None
    except BROKEN:
        raise ValueError("its mask is no PNG in base64") from None
    if part is None:
        raise ValueError(f"its mask of {width} x {height} pixels at {left}, {top} does not fit into the image")
    pixels = np.zeros(size[::-1], np.bool_)
    pixels[top : top + height, left : left + width] = part
    return masked(Rle.of(pixels).to_coco())


def write_mask(rle: Rle) -> tuple[str, list[list[int]]]:
    """The PNG in base64 and the two points of a mask.

    Raises:
        ValueError: It is empty.
    """
    pixels = rle.mask()
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    if not len(rows):
        raise ValueError("no pixels")
    top, bottom, left, right = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
    file = io.BytesIO()
    Image.fromarray(pixels[top : bottom + 1, left : right + 1]).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode(), [[left, top], [right, bottom]]
