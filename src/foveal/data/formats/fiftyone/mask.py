"""FiftyOne's masks of objects: an array in the document, or a file; both cover the object's box."""

import base64
import binascii
import io
import zlib
from pathlib import Path

import numpy as np

from foveal.data.catalog.pixel_values import read_pixel_values
from foveal.data.formats.listings.documents import mapping
from foveal.data.formats.listings.shapes import Box, Shape, masked
from foveal.errors import ImageError
from foveal.types.arrays import Array
from foveal.types.rle import Rle

LARGEST_MASK = 1 << 28
"""Bytes that a mask may unpack to."""
BROKEN = (ValueError, TypeError, EOFError, zlib.error, binascii.Error)


def read_array(given: object) -> Array:
    """A mask in a document: an array in NumPy's format, in zlib, in base64.

    Raises:
        ValueError: It is none.
    """
    text = mapping(mapping(given).get("$binary")).get("base64", given)
    try:
        content = zlib.decompressobj().decompress(base64.b64decode(text), LARGEST_MASK)
        found: Array = np.load(io.BytesIO(content), allow_pickle=False)
    except BROKEN:
        raise ValueError("its mask is no array in base64 and zlib") from None
    return found


def read_file(path: Path) -> Array:
    """A mask in a file.

    Raises:
        ValueError: It cannot be read.
    """
    try:
        return read_pixel_values(path).pixels
    except (ImageError, OSError) as error:
        raise ValueError(f"its mask cannot be read ({error})") from None


def placed(part: Array, box: Box, size: tuple[int, int]) -> Shape:
    """A mask over the pixels of a box, stretched to it.

    Args:
        part: Not 0 where the object is.
        box: The object's, in pixels.
        size: Width and height of the image.

    Raises:
        ValueError: There is nothing in the image.
    """
    left, top, right, bottom = (round(side) for side in box)
    left, top, right, bottom = max(0, left), max(0, top), min(size[0], right), min(size[1], bottom)
    if part.ndim != 2 or not part.size or right <= left or bottom <= top:
        raise ValueError("its mask is empty, or lies outside the image")
    rows = (np.arange(bottom - top) + 0.5) * part.shape[0] / (bottom - top)
    columns = (np.arange(right - left) + 0.5) * part.shape[1] / (right - left)
    pixels = np.zeros(size[::-1], np.bool_)
    pixels[top:bottom, left:right] = part[rows.astype(int)][:, columns.astype(int)] > 0
    return masked(Rle.of(pixels).to_coco(), box)
