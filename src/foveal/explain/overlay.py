"""Attention maps as heat maps over the image. NumPy and Pillow only.

Shapes: H W height and width of the image, h w of the attention map.
"""

import numpy as np
from PIL import Image

from foveal.errors import ShapeError
from foveal.types.arrays import RGB, FloatArray

INFERNO = (
    "000004 0b0724 210c4a 3d0965 57106e 71196e 8a226a a32c61 bc3754"
    " d24644 e45a31 f1731d f98e09 fcac11 f9cb35 f2ea69 fcffa4"
)
"""Seventeen evenly spaced colours of the perceptually uniform map "inferno" (Smith and van der Walt, CC0)."""
COOL = "0b2545 134074 1c6ea4 2f97c1 6cc3d5 b8eef0"
"""Evenly spaced blues that grow lighter, for evidence against."""
WARM_FROM = 0.3
"""Where on inferno weak evidence starts: below, it is as dark as the strongest against."""
STRENGTH = 0.75
"""Opacity of the heat map where attention is highest."""
FLOOR = 0.25
"""Fraction of STRENGTH where attention is lowest, so that the rest of the image recedes."""


def heat(weights: FloatArray) -> RGB:
    """Colours for weights in [0, 1], from near black over red to pale yellow.

    Args:
        weights: Any shape.

    Returns:
        That shape and a last axis of three, uint8.
    """
    return _between(INFERNO, weights)


def colors_of(strength: FloatArray) -> RGB:
    """Colours for evidence in [-1, 1]: warm and growing lighter for what is positive, cool for what is negative.

    Args:
        strength: Any shape.

    Returns:
        That shape and a last axis of three, uint8.
    """
    warm = heat(WARM_FROM + (1 - WARM_FROM) * strength.clip(0))
    return np.where(np.asarray(strength)[..., None] < 0, _between(COOL, np.abs(strength)), warm).astype(np.uint8)


def _between(codes: str, weights: FloatArray) -> RGB:
    """Colours for weights in [0, 1] between evenly spaced ones, as hexadecimal codes."""
    stops = np.array([list(bytes.fromhex(code)) for code in codes.split()], np.float64)
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(weights, places, stops[:, c]) for c in range(3)]
    return np.stack(channels, -1).round().astype(np.uint8)


def overlay(image: RGB, weights: FloatArray, *, box: tuple[float, float, float, float] | None = None) -> RGB:
    """Overlay an attention map on an image as a heat map; the highest weight is brightest.

    Args:
        image: (H, W, 3) uint8.
        weights: (h, w) finite numbers on any scale, one per cell of the feature map.
        box: The part of the image that the map covers, xyxy in pixels; it may reach beyond the image, as a
            letterboxed input does. None: the full image.

    Returns:
        (H, W, 3) uint8, a new image; unchanged outside ``box``, and everywhere for a constant map.

    Raises:
        ShapeError: The map is empty, not two-dimensional or not finite, or the image is not (H, W, 3).
    """
    weights = np.asarray(weights, np.float64)
    if image.ndim != 3 or image.shape[2] != 3:
        raise ShapeError(f"overlay got an image of shape {image.shape}; pass (height, width, 3).")
    if weights.ndim != 2 or not weights.size or not np.isfinite(weights).all():
        raise ShapeError(f"overlay got weights of shape {weights.shape}; pass a map (h, w) of finite numbers.")
    out = image.copy()
    span = float(np.ptp(weights))
    if span <= 1e-12 * max(1.0, float(np.abs(weights).max())):
        return out
    height, width = image.shape[:2]
    left, top, right, bottom = (round(x) for x in (box or (0, 0, width, height)))
    size = (max(1, right - left), max(1, bottom - top))
    cells = Image.fromarray(((weights - weights.min()) / span).astype(np.float32))
    smooth = np.clip(np.asarray(cells.resize(size, Image.Resampling.BICUBIC)), 0, 1)
    rows, columns = slice(max(0, top), min(height, bottom)), slice(max(0, left), min(width, right))
    seen = smooth[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left, None]
    alpha = STRENGTH * (FLOOR + (1 - FLOOR) * seen)
    blend = image[rows, columns] * (1 - alpha) + heat(seen[..., 0]) * alpha
    out[rows, columns] = blend.round().astype(np.uint8)
    return out
