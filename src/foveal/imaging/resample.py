"""Antialiased resampling of a part of an image, the same on every machine to within two of 255 levels.

First across, then down, each pass rounded to 8 bits. Pillow 13 chooses the order by the image's shape and earlier
ones did not, which moves the overshoot at sharp edges by up to 30 levels; so here the order is fixed.

cykooz-resizer (the fast_image_resize crate) computes with SIMD, about four times as fast as Pillow, and gives the same
bits with AVX2, with SSE4.1 and without. Where it is not installed, Pillow does two single passes.

Shapes: H W height and width of the source, h w of the result.
"""

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from PIL import Image

from foveal.types.arrays import RGB
from foveal.types.input_spec import Filter

Box = tuple[float, float, float, float]
"""(left, top, right, bottom) in pixels of the source, inside it; fractions are kept."""

PILLOW_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
RESIZER_FILTERS = {"bilinear": "bilinear", "bicubic": "catmull_rom"}
"""Keys' cubic with a = -0.5, which Pillow calls bicubic, is the Catmull-Rom spline."""
SUPPORT = {"bilinear": 1, "bicubic": 2}
"""Half the filter's width, in pixels of the coarser of source and result."""


def _find_resizer() -> Any:
    try:
        return import_module("cykooz_resizer")
    except ImportError:
        return None


_resizer = _find_resizer()


def resample(image: RGB, size: tuple[int, int], box: Box, *, interpolation: Filter) -> RGB:
    """Scale a part of an image.

    Args:
        image: (H, W, 3) uint8.
        size: (width, height) of the result in pixels.
        box: The part to scale; pixels around it within the filter's support contribute.
        interpolation: Filter.

    Returns:
        (h, w, 3) uint8; may be read-only.
    """
    image, box = _within_reach(image, size, box, SUPPORT[interpolation])
    return (resample_fast if _resizer else resample_with_pillow)(image, size, box, interpolation=interpolation)


def resample_strips(
    read: Callable[[int, int], RGB],
    whole: tuple[int, int],
    size: tuple[int, int],
    box: Box,
    *,
    rows: int,
    interpolation: Filter,
) -> RGB:
    """As ``resample``, the same pixels, of an image that is never in memory as a whole.

    Args:
        read: Gives the rows from top to bottom, (bottom - top, W, 3).
        whole: (width, height) of the image.
        size: (width, height) of the result in pixels.
        box: The part to scale.
        rows: How many are read at once.
        interpolation: Filter.
    """
    (x1, y1, x2, y2), (left, top, right, bottom) = _reach(whole, size, box, SUPPORT[interpolation])
    across, down = (_across_fast, _down_fast) if _resizer else (_across_pillow, _down_pillow)
    strips = [
        across(read(start, min(start + rows, y2))[:, x1:x2], size[0], left, right, interpolation)
        for start in range(y1, y2, rows)
    ]
    return down(np.concatenate(strips), size[1], top, bottom, interpolation)


def resample_fast(image: RGB, size: tuple[int, int], box: Box, *, interpolation: Filter) -> RGB:
    """As ``resample``, by cykooz-resizer; a new resizer each time, since threads must not share one."""
    left, top, right, bottom = box
    return _down_fast(_across_fast(image, size[0], left, right, interpolation), size[1], top, bottom, interpolation)


def resample_with_pillow(image: RGB, size: tuple[int, int], box: Box, *, interpolation: Filter) -> RGB:
    """As ``resample``, by Pillow in two passes, so that it cannot choose their order."""
    left, top, right, bottom = box
    return _down_pillow(_across_pillow(image, size[0], left, right, interpolation), size[1], top, bottom, interpolation)


def _across_fast(image: RGB, width: int, left: float, right: float, interpolation: Filter) -> RGB:
    """The first pass: every row by itself."""
    rows = image.shape[0]
    return _resize_fast(image, (width, rows), (left, 0, right - left, rows), interpolation)


def _down_fast(narrow: RGB, height: int, top: float, bottom: float, interpolation: Filter) -> RGB:
    width = narrow.shape[1]
    return _resize_fast(narrow, (width, height), (0, top, width, bottom - top), interpolation)


def _resize_fast(image: RGB, size: tuple[int, int], crop: Box, interpolation: Filter) -> RGB:
    """``crop``: left, top, width and height."""
    kind = _resizer.PixelType.U8x3
    resizer, options = _resizer.Resizer(), _resizer.ResizeOptions(use_alpha=False)
    options.resize_alg = _resizer.ResizeAlg.convolution(_resizer.FilterType[RESIZER_FILTERS[interpolation]])
    options.crop_box = _resizer.CropBox(*crop)
    result = _resizer.ImageData(*size, kind)
    resizer.resize(_resizer.ImageData(*image.shape[1::-1], kind, image.tobytes()), result, options)
    return np.frombuffer(result.get_buffer(), np.uint8).reshape(size[1], size[0], 3)


def _across_pillow(image: RGB, width: int, left: float, right: float, interpolation: Filter) -> RGB:
    """The first pass: every row by itself."""
    rows, method = image.shape[0], PILLOW_FILTERS[interpolation]
    return np.asarray(Image.fromarray(image).resize((width, rows), method, box=(left, 0, right, rows)))


def _down_pillow(narrow: RGB, height: int, top: float, bottom: float, interpolation: Filter) -> RGB:
    width, method = narrow.shape[1], PILLOW_FILTERS[interpolation]
    return np.asarray(Image.fromarray(narrow).resize((width, height), method, box=(0, top, width, bottom)))


def shrink(image: RGB, side: int) -> RGB:
    """An image at a half, a third ... of its size, by means over whole pixels.

    Args:
        image: (H, W, 3) uint8.
        side: Least shorter side of the result, in pixels; 0 or more than half of the image's: the image itself.
    """
    factor = min(image.shape[:2]) // side if side > 0 else 1
    return image if factor < 2 else np.array(Image.fromarray(image).reduce(factor))


def _within_reach(image: RGB, size: tuple[int, int], box: Box, support: int) -> tuple[RGB, Box]:
    """Crop to what the filter reaches, so that less is copied and the first pass has fewer rows."""
    (x1, y1, x2, y2), inside = _reach(image.shape[1::-1], size, box, support)
    return image[y1:y2, x1:x2], inside


def _reach(
    whole: tuple[int, ...], size: tuple[int, int], box: Box, support: int
) -> tuple[tuple[int, int, int, int], Box]:
    """The pixels that the filter reaches (left, top, right, bottom), and the box within them."""
    left, top, right, bottom = box
    reach_x = support * max(1.0, (right - left) / size[0])
    reach_y = support * max(1.0, (bottom - top) / size[1])
    x, y = max(0, math.floor(left - reach_x)), max(0, math.floor(top - reach_y))
    ends = min(whole[0], math.ceil(right + reach_x)), min(whole[1], math.ceil(bottom + reach_y))
    return (x, y, *ends), (left - x, top - y, right - x, bottom - y)
