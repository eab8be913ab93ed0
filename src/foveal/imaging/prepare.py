"""Preprocessing: how any image becomes the network's input, the same in validation, export and inference.

``resample`` scales, NumPy copies; the network's first layer normalises.

Shapes: H W height and width of the source, h w of the input.
"""

from collections.abc import Callable
from typing import cast

import numpy as np

from foveal.imaging.resample import Box, resample
from foveal.types.arrays import RGB
from foveal.types.geometry import Geometry
from foveal.types.input_spec import PAD_VALUE, InputSpec


def prepare(image: RGB, spec: InputSpec) -> tuple[RGB, Geometry]:
    """Fit an image to the input.

    Args:
        image: (H, W, 3) uint8.
        spec: The input.

    Returns:
        (h, w, 3) uint8, perhaps read-only, and the geometry that maps back to the image.
    """

    def scale(size: tuple[int, int], box: Box) -> RGB:
        return resample(image, size, box, interpolation=spec.interpolation)

    return place((image.shape[1], image.shape[0]), spec, scale)


def place(size: tuple[int, int], spec: InputSpec, scale: Callable[[tuple[int, int], Box], RGB]) -> tuple[RGB, Geometry]:
    """``prepare`` for an image of this (width, height), of which ``scale`` gives a part in a size."""
    width, height = size
    geometry = spec.geometry(width, height)
    (left, top), (right, bottom) = geometry.to_input(np.array([[0, 0], [width, height]])).clip(0, spec.size.sides)
    x1, y1, x2, y2 = round(left), round(top), round(right), round(bottom)
    corners = geometry.to_source(np.array([[x1, y1], [x2, y2]])).clip(0, (width, height))
    box = cast(Box, tuple(corners.ravel().tolist()))
    seen = scale((x2 - x1, y2 - y1), box)
    if seen.shape[:2] == spec.size.shape:
        return seen, geometry
    out = np.full((*spec.size.shape, 3), PAD_VALUE, np.uint8)
    out[y1:y2, x1:x2] = seen
    return out, geometry
