"""Resampling a network's maps to the pixels of an image, and blending the maps of several views.

Shapes: K maps, h w height and width of the maps, H W of the image or of a part of it.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.types.arrays import Array, FloatArray
from foveal.types.geometry import Geometry
from foveal.types.view import View

Box = tuple[int, int, int, int]
Map = NDArray[np.float32]
BAND_VALUES = 1 << 26
"""Probabilities that are blended at once: 256 MB. An image of 100 megapixels with 20 classes would take 8 GB."""


def to_pixels(arrays: Array, geometry: Geometry, box: Box | None = None) -> Map:
    """Resample maps at the network's resolution to the pixels of the image or view that was its input.

    Bilinear, by pixel centres, with edge values repeated. Where the geometry is a plain enlargement this equals
    ``torch.nn.functional.interpolate(mode="bilinear", align_corners=False)``.

    Args:
        arrays: (K, h, w) maps that cover the whole input.
        geometry: From the pixels of the image or view to the input.
        box: The part to compute, xyxy in those pixels; None: all.

    Returns:
        (K, H, W) float32.
    """
    x1, y1, x2, y2 = box or (0, 0, *geometry.source_size)
    num, height, width = arrays.shape
    (scale_x, scale_y), (offset_x, offset_y), (input_w, input_h) = geometry.scale, geometry.offset, geometry.input_size
    left, right, across = _neighbours((np.arange(x1, x2) + 0.5) * scale_x + offset_x, input_w, width)
    above, below, down = _neighbours((np.arange(y1, y2) + 0.5) * scale_y + offset_y, input_h, height)
    narrow = np.asarray(arrays, np.float32)  # across first: the rows are few as yet
    wide = narrow.take(left, axis=2)
    wide += (narrow.take(right, axis=2) - wide) * across
    out = np.empty((num, y2 - y1, x2 - x1), np.float32)
    for rows, filled in zip(wide, out, strict=True):  # one map at a time stays in the cache
        np.take(rows, above, axis=0, out=filled, mode="clip")
        step = rows.take(below, axis=0)
        step -= filled
        step *= down[:, None]
        filled += step
    return out


def window(
    height: int,
    width: int,
    *,
    falls: tuple[bool, bool, bool, bool] = (True, True, True, True),
    box: Box | None = None,
) -> Map:
    """(H, W) weight of a view's pixels in (0, 1]: a squared sine, most in the middle, almost 0 at the edges.

    Pixels at the edge of a view have the least context. As the weight changes smoothly, so does the prediction: there
    is no visible seam where a view ends.

    Args:
        height: Rows.
        width: Columns.
        falls: Whether it falls towards the left, the upper, the right and the lower edge.
        box: The part to compute; None: all.
    """
    left, top, right, bottom = falls
    x1, y1, x2, y2 = box or (0, 0, width, height)
    down, across = _hill(height, top, bottom)[y1:y2], _hill(width, left, right)[x1:x2]
    weight: Map = np.outer(down, across).astype(np.float32)
    return weight


class Blend:
    """The weighted mean of the predictions of several views for each pixel of an image.

    Args:
        size: (width, height) of the image in pixels.
        num_classes: K.
        rows: First row, and the one after the last, of the part that is blended; None: all.
    """

    def __init__(self, size: tuple[int, int], num_classes: int, rows: tuple[int, int] | None = None) -> None:
        self.size = size
        self._rows = rows or (0, size[1])
        height = self._rows[1] - self._rows[0]
        self._sums = np.zeros((num_classes, height, size[0]), np.float32)
        self._weights = np.zeros((height, size[0]), np.float32)

    def add(self, probabilities: Array, geometry: Geometry, view: View) -> None:
        """Add the prediction of one view.

        Args:
            probabilities: (K, h, w) at the network's resolution.
            geometry: From the view's own pixels, as mirrored, to the input.
            view: The view.
        """
        (width, height), (x1, y1, x2, y2), (first, end) = self.size, view.box, self._rows
        assert geometry.source_size == (x2 - x1, y2 - y1), "the geometry of another view"
        left, top, right, bottom = max(x1, 0), max(y1, first), min(x2, width), min(y2, end)
        if top >= bottom:
            return
        own = (left - x1, top - y1, right - x1, bottom - y1)
        weight = window(y2 - y1, x2 - x1, falls=(x1 > 0, y1 > 0, x2 < width, y2 < height), box=own)
        if view.flipped:
            seen = to_pixels(probabilities, geometry, (x2 - right, own[1], x2 - left, own[3]))[:, :, ::-1]
        else:
            seen = to_pixels(probabilities, geometry, own)
        place = np.s_[top - first : bottom - first, left:right]
        for total, added in zip(self._sums, seen, strict=True):
            total[place] += weight * added
        self._weights[place] += weight

    def result(self) -> Map:
        """(K, H, W) float32."""
        assert self._weights.min() > 0, "views that leave out a part of the image"
        mean: Map = np.divide(self._sums, self._weights, out=self._sums)
        return mean


def blend_bands(
    maps: Sequence[Array], geometries: Sequence[Geometry], views: Sequence[View], size: tuple[int, int]
) -> Iterator[Map]:
    """What ``Blend`` gives for an image, (K, rows, W) from top to bottom; memory does not grow with its height.

    Args:
        maps: (K, h, w) for each view.
        geometries: From the pixels of each view, as mirrored, to the input.
        views: Together they cover the image.
        size: (width, height) of the image in pixels.
    """
    num_classes, (width, height) = len(maps[0]), size
    rows = max(1, BAND_VALUES // (num_classes * width))
    for top in range(0, height, rows):
        blend = Blend(size, num_classes, (top, min(top + rows, height)))
        for one, geometry, view in zip(maps, geometries, views, strict=True):
            blend.add(one, geometry, view)
        yield blend.result()


def _neighbours(at_px: FloatArray, length_px: int, cells: int) -> tuple[Array, Array, Map]:
    """For points of the input: the cell whose centre precedes each, the next cell, and the interpolation weight."""
    at = (at_px * (cells / length_px) - 0.5).clip(0, cells - 1)
    before = at.astype(np.intp)
    return before, np.minimum(before + 1, cells - 1), (at - before).astype(np.float32)


def _hill(length: int, rises: bool, falls: bool) -> NDArray[np.float64]:
    """(length,) weights; where they do not rise or fall, they stay 1 from the middle on."""
    hill = np.sin(math.pi * (np.arange(length) + 0.5) / length) ** 2
    if not rises:
        hill[: (length + 1) // 2] = 1.0
    if not falls:
        hill[length // 2 :] = 1.0
    return hill
