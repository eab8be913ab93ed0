"""Antialiased resampling of a part of an image, the same on every machine to within two of 255 levels.

First across, then down, each pass rounded to 8 bits. Pillow 13 chooses the order by the image's shape and earlier
ones did not, which moves the overshoot at sharp edges by up to 30 levels; so here the order is fixed.

cykooz-resizer (the fast_image_resize crate) computes with SIMD, about four times as fast as Pillow, and gives the same
bits with AVX2, with SSE4.1 and without. Where it is not installed, Pillow does two single passes.

Shapes: H W height and width of the source, h w of the result.
"""

import math
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


def resample_fast(image: RGB, size: tuple[int, int], box: Box, *, interpolation: Filter) -> RGB:
    """As ``resample``, by cykooz-resizer; a new resizer each time, since threads must not share one."""
    left, top, right, bottom = box
    (width, height), rows = size, image.shape[0]
    kind = _resizer.PixelType.U8x3
    resizer, options = _resizer.Resizer(), _resizer.ResizeOptions(use_alpha=False)
    options.resize_alg = _resizer.ResizeAlg.convolution(_resizer.FilterType[RESIZER_FILTERS[interpolation]])
    source = _resizer.ImageData(*image.shape[1::-1], kind, image.tobytes())
    narrow, result = _resizer.ImageData(width, rows, kind), _resizer.ImageData(width, height, kind)
    options.crop_box = _resizer.CropBox(left, 0, right - left, rows)
    resizer.resize(source, narrow, options)
    options.crop_box = _resizer.CropBox(0, top, width, bottom - top)
    resizer.resize(narrow, result, options)
    return np.frombuffer(result.get_buffer(), np.uint8).reshape(height, width, 3)


def resample_with_pillow(image: RGB, size: tuple[int, int], box: Box, *, interpolation: Filter) -> RGB:
    """As ``resample``, by Pillow in two passes, so that it cannot choose their order."""
    left, top, right, bottom = box
    (width, height), rows, method = size, image.shape[0], PILLOW_FILTERS[interpolation]
    narrow = Image.fromarray(image).resize((width, rows), method, box=(left, 0, right, rows))
    return np.asarray(narrow.resize((width, height), method, box=(0, top, width, bottom)))


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
    left, top, right, bottom = box
    reach_x = support * max(1.0, (right - left) / size[0])
    reach_y = support * max(1.0, (bottom - top) / size[1])
    x, y = max(0, math.floor(left - reach_x)), max(0, math.floor(top - reach_y))
    part = image[y : math.ceil(bottom + reach_y), x : math.ceil(right + reach_x)]
    return part, (left - x, top - y, right - x, bottom - y)
