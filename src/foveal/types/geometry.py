"""How an image's pixels map to the network's input, and back.

Shapes: P points. Points are xy in pixels, float64; sizes are (width, height).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foveal.types.arrays import Array, FloatArray, IntArray


@dataclass(frozen=True)
class Geometry:
    """An axis-parallel map: input = source * scale + offset, for x and y separately.

    Attributes:
        source_size: (width, height) of the image as displayed.
        input_size: (width, height) of the network's input.
        scale: (x, y) input pixels per source pixel, positive.
        offset: (x, y) of the image's corner inside the input; positive is padding, negative is crop.
    """

    source_size: tuple[int, int]
    input_size: tuple[int, int]
    scale: tuple[float, float]
    offset: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        """Check that sizes and scales are positive; anything else is a bug."""
        assert min(self.source_size) > 0 and min(self.input_size) > 0, "sizes must be positive"
        assert min(self.scale) > 0, "scales must be positive"

    def of_original(self, size: tuple[int, int]) -> "Geometry":
        """The map of the image at its full (width, height), where this one is of a copy decoded smaller."""
        shrunk = (self.source_size[0] / size[0], self.source_size[1] / size[1])
        return replace(self, source_size=size, scale=(self.scale[0] * shrunk[0], self.scale[1] * shrunk[1]))

    def to_input(self, points: FloatArray) -> FloatArray:
        """Move (P, 2) points from the source image into the input."""
        return np.asarray(points, np.float64) * self.scale + self.offset

    def to_source(self, points: FloatArray) -> FloatArray:
        """Move (..., 2) points from the input back into the source image."""
        return (np.asarray(points, np.float64) - self.offset) / self.scale

    def source_pixels(self, x: Array, y: Array) -> tuple[IntArray, NDArray[np.bool_]]:
        """The source's pixels at a grid of points of the input.

        Args:
            x: (T,) in pixels of the input.
            y: (S,) likewise.

        Returns:
            (S, T, 2) xy of the pixels, and (S, T) whether they are in the image rather than beside it.
        """
        points = np.stack(np.meshgrid(x, y), -1)
        pixels: IntArray = np.floor(self.to_source(points)).astype(np.int64)
        there: NDArray[np.bool_] = np.all((pixels >= 0) & (pixels < self.source_size), axis=-1)
        return pixels, there
