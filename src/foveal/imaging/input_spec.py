"""The one preparation: how any image becomes the network's input, in validation, export and inference alike.

``resample`` scales, NumPy copies; the network's own first layer normalises.

Shapes: H W rows and columns of the source, S side of the input.
"""

import math
from typing import Annotated, Literal, Self, cast

import numpy as np
from pydantic import Field, model_validator

from foveal.imaging.resample import Box, Filter, resample
from foveal.types.arrays import RGB
from foveal.types.geometry import Geometry
from foveal.types.settings import Settings, Side

PAD_VALUE = 114
"""Gray of letterbox borders (the value detectors have used since YOLOv3)."""


Deviation = Annotated[float, Field(gt=0)]
"""Of a channel's values in [0, 1]."""


class Whitening(Settings):
    """A linear map that decorrelates p x p patches: white = matrix @ (patch - mean), with patch values in [0, 1].

    A patch is flattened channel by channel (channel, row, column), as torch's ``pixel_unshuffle`` does.
    """

    kind: Literal["pca", "zca"]
    """pca: along the principal axes; zca: turned back, closest to the image."""
    patch: Annotated[int, Field(ge=1, le=32)]
    """Side p of a patch in pixels."""
    mean: tuple[float, ...]
    """(3 p^2,) mean patch."""
    matrix: tuple[tuple[float, ...], ...]
    """(3 p^2, 3 p^2) whitening matrix."""
    inverse: tuple[tuple[float, ...], ...]
    """(3 p^2, 3 p^2) its inverse."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        side = 3 * self.patch**2
        if any(len(row) != side for row in (self.mean, self.matrix, self.inverse, *self.matrix, *self.inverse)):
            raise ValueError(f"a patch of {self.patch} x {self.patch} has {side} values")
        return self


class InputSpec(Settings):
    """Size, crop, filter and statistics of a model's input; saved in the model."""

    size: Side
    """Side of the square input in evaluation and inference, in pixels."""
    train_size: Side
    """Side of the square input in training, in pixels."""
    fit: Literal["crop", "squash", "letterbox"] = "crop"
    """How an image that is not square becomes square."""
    crop_fraction: Annotated[float, Field(gt=0, le=1)] = 0.875
    """Fraction of the shorter side that the center crop keeps."""
    interpolation: Filter = "bicubic"
    """Resampling filter, always antialiased."""
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    """Mean of each channel, of values in [0, 1]."""
    std: tuple[Deviation, Deviation, Deviation] = (0.5, 0.5, 0.5)
    """Standard deviation of each channel, of values in [0, 1]."""
    whitening: Whitening | None = None
    """Used instead of mean and std."""

    @property
    def decode_side(self) -> int:
        """Shorter side, in pixels, below which decoding would lose detail that the input can show.

        With ``crop`` it is also what the shorter side is resized to before the center is cropped.
        """
        return math.floor(self.size / self.crop_fraction) if self.fit == "crop" else self.size

    def geometry(self, width: int, height: int) -> Geometry:
        """Where the pixels of a width x height image go.

        ``crop`` gives the same pixels as torchvision's Resize and CenterCrop, whole pixels in the resized image and
        all, because that is how pretrained weights were evaluated.
        """
        size = self.size
        match self.fit:
            case "squash":
                inner_w, inner_h = size, size
            case "crop":
                # Multiplied first and rounded down, as torchvision does it.
                inner_w, inner_h = (self.decode_side * side // min(width, height) for side in (width, height))
            case "letterbox":
                scale = size / max(width, height)
                inner_w, inner_h = (max(1, round(side * scale)) for side in (width, height))
        offset = (float(self._margin(inner_w)), float(self._margin(inner_h)))
        return Geometry((width, height), (size, size), (inner_w / width, inner_h / height), offset)

    def prepare(self, image: RGB) -> tuple[RGB, Geometry]:
        """Fit an image to the input.

        Args:
            image: (H, W, 3) uint8.

        Returns:
            (S, S, 3) uint8, perhaps read-only, and the geometry of the way back.
        """
        height, width = image.shape[:2]
        geometry = self.geometry(width, height)
        (left, top), (right, bottom) = geometry.to_input(np.array([[0, 0], [width, height]])).clip(0, self.size)
        x1, y1, x2, y2 = round(left), round(top), round(right), round(bottom)
        corners = geometry.to_source(np.array([[x1, y1], [x2, y2]])).clip(0, (width, height))
        box = cast(Box, tuple(corners.ravel().tolist()))
        resized = resample(image, (x2 - x1, y2 - y1), box, interpolation=self.interpolation)
        if resized.shape[:2] == (self.size, self.size):
            return resized, geometry
        out = np.full((self.size, self.size, 3), PAD_VALUE, np.uint8)
        out[y1:y2, x1:x2] = resized
        return out, geometry

    def _margin(self, inner: int) -> int:
        """Pixels before the resized image: of padding, or negative, cut off."""
        room = self.size - inner
        return room // 2 if room >= 0 else -round(-room / 2)
