"""The one preparation: how any picture becomes the network's input, in validation, export, predict and serve alike.

Pillow resamples, NumPy copies; the network's own first layer normalises.

Shapes: H W rows and columns of the source, S side of the input.
"""

import math
from typing import Annotated, Literal

import numpy as np
from PIL import Image
from pydantic import Field

from foveal.types.arrays import RGB
from foveal.types.geometry import Geometry
from foveal.types.settings import Settings

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
PAD_VALUE = 114
"""Gray of letterbox borders (the value detectors have used since YOLOv3)."""


class Whitening(Settings):
    """A linear map that decorrelates p x p patches: white = matrix @ (patch - mean), with patch values in [0, 1].

    A patch is flattened channel by channel (channel, row, column), as torch's ``pixel_unshuffle`` does.
    """

    kind: Literal["pca", "zca"]
    """pca: along the principal axes; zca: turned back, closest to the picture."""
    patch: int
    """Side p of a patch in pixels."""
    mean: tuple[float, ...]
    """(3 p^2,) mean patch."""
    matrix: tuple[tuple[float, ...], ...]
    """(3 p^2, 3 p^2) whitening matrix."""
    inverse: tuple[tuple[float, ...], ...]
    """(3 p^2, 3 p^2) its inverse."""


class InputSpec(Settings):
    """Size, cut, filter and statistics of a model's input; saved in the model."""

    size: int
    """Side of the square input in evaluation and use, in pixels."""
    train_size: int
    """Side of the square input in training, in pixels."""
    fit: Literal["crop", "squash", "letterbox"] = "crop"
    """How a picture that is not square becomes square."""
    crop_fraction: Annotated[float, Field(gt=0, le=1)] = 0.875
    """Part of the shorter side that the middle crop keeps."""
    interpolation: Literal["bilinear", "bicubic"] = "bicubic"
    """Resampling filter, always antialiased."""
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    """Mean of each channel, of values in [0, 1]."""
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    """Standard deviation of each channel, of values in [0, 1]."""
    whitening: Whitening | None = None
    """Used instead of mean and std."""

    @property
    def decode_side(self) -> int:
        """Shorter side, in pixels, below which decoding would lose what the input can show."""
        return math.ceil(self.size / self.crop_fraction) if self.fit == "crop" else self.size

    def geometry(self, width: int, height: int) -> Geometry:
        """Where the pixels of a width x height picture go."""
        size = self.size
        if self.fit == "squash":
            return Geometry((width, height), (size, size), (size / width, size / height))
        if self.fit == "crop":
            scale = size / (min(width, height) * self.crop_fraction)
            offset = ((size - width * scale) / 2, (size - height * scale) / 2)
            return Geometry((width, height), (size, size), (scale, scale), offset)
        inner_w, inner_h = self._letterbox(width, height)
        offset = (float((size - inner_w) // 2), float((size - inner_h) // 2))
        return Geometry((width, height), (size, size), (inner_w / width, inner_h / height), offset)

    def prepare(self, image: RGB) -> tuple[RGB, Geometry]:
        """Fit a picture to the input.

        Args:
            image: (H, W, 3) uint8.

        Returns:
            (S, S, 3) uint8 and the geometry of the way back.
        """
        height, width = image.shape[:2]
        geometry = self.geometry(width, height)
        size, resample = self.size, FILTERS[self.interpolation]
        if self.fit == "letterbox":
            inner_w, inner_h = self._letterbox(width, height)
            left, top = int(geometry.offset[0]), int(geometry.offset[1])
            out = np.full((size, size, 3), PAD_VALUE, np.uint8)
            out[top : top + inner_h, left : left + inner_w] = np.asarray(
                Image.fromarray(image).resize((inner_w, inner_h), resample)
            )
            return out, geometry
        (left, top), (right, bottom) = geometry.to_source(np.array([[0, 0], [size, size]]))
        box = (max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom))
        return np.asarray(Image.fromarray(image).resize((size, size), resample, box=box)), geometry

    def _letterbox(self, width: int, height: int) -> tuple[int, int]:
        scale = self.size / max(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))
