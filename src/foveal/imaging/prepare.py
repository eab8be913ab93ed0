"""Preprocessing: how any image becomes the network's input, the same in validation, export and inference.

``resample`` scales, NumPy copies; the network's first layer normalises.

Shapes: H W height and width of the source, S side of the input.
"""

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
        (S, S, 3) uint8, perhaps read-only, and the geometry that maps back to the image.
    """
    height, width = image.shape[:2]
    geometry = spec.geometry(width, height)
    (left, top), (right, bottom) = geometry.to_input(np.array([[0, 0], [width, height]])).clip(0, spec.size)
    x1, y1, x2, y2 = round(left), round(top), round(right), round(bottom)
    corners = geometry.to_source(np.array([[x1, y1], [x2, y2]])).clip(0, (width, height))
    box = cast(Box, tuple(corners.ravel().tolist()))
    seen = resample(image, (x2 - x1, y2 - y1), box, interpolation=spec.interpolation)
    if seen.shape[:2] == (spec.size, spec.size):
        return seen, geometry
    out = np.full((spec.size, spec.size, 3), PAD_VALUE, np.uint8)
    out[y1:y2, x1:x2] = seen
    return out, geometry
