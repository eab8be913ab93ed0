"""The input of a model on images: size, crop, filter, statistics. ``imaging.prepare`` implements it.

Shapes: p side of a whitening patch.
"""

import math
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from foveal.types.geometry import Geometry
from foveal.types.reading import Reading
from foveal.types.settings import Settings, Side

PAD_VALUE: Final = 114
"""Gray of letterbox borders (the value detectors have used since YOLOv3)."""


Filter = Literal["bilinear", "bicubic"]
"""Resampling filter, antialiased."""
Deviation = Annotated[float, Field(gt=0)]
"""Statistics of a channel's values in [0, 1]."""


class Whitening(Settings):
    """A linear map that decorrelates p x p patches: white = matrix @ (patch - mean), with patch values in [0, 1].

    A patch is flattened channel by channel (channel, row, column), as torch's ``pixel_unshuffle`` does.
    """

    kind: Literal["pca", "zca"]
    """pca: along the principal axes; zca: rotated back, closest to the image."""
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


class InputContract(Settings):
    """What is the same for every model; docs/guide/shipping.md has the steps in words."""

    version: Literal[1] = 1
    """Grows when a step changes."""
    dtype: Literal["uint8"] = "uint8"
    """Type of the input's values."""
    layout: Literal["NHWC"] = "NHWC"
    """Axes of the input: image, row, column, channel."""
    channels: Literal["RGB"] = "RGB"
    """Order of the channels."""
    colors: Literal["sRGB"] = "sRGB"
    """What embedded colour profiles are converted to."""
    background: Literal["white"] = "white"
    """What transparent images are laid on."""
    orientation: Literal["EXIF applied"] = "EXIF applied"
    """How images lie."""
    antialias: Literal[True] = True
    """Whether the filter widens as an image shrinks, as that of Pillow does."""
    passes: Literal["across, then down; each rounded to 8 bits"] = "across, then down; each rounded to 8 bits"
    """How an image is resized."""
    jpeg_octaves: Literal[True] = True
    """Whether a JPEG of at least twice the needed shorter side is decoded at a half, a quarter or an eighth."""


class InputSpec(Settings):
    """Size, crop, filter and statistics of an image input; saved in the model."""

    kind: Literal["image"] = "image"
    """Discriminates the kinds of input."""
    size: Side
    """Side of the square input in evaluation and at inference, in pixels."""
    train_size: Side
    """Side of the square input in training, in pixels."""
    fit: Literal["crop", "squash", "letterbox"] = "crop"
    """How images are made square."""
    crop_fraction: Annotated[float, Field(gt=0, le=1)] = 0.875
    """Fraction of the shorter side that the centre crop keeps."""
    border: Literal[114] = PAD_VALUE
    """Gray of the borders that a letterbox adds, for programs that read the card."""
    interpolation: Filter = "bicubic"
    """Resampling filter, always antialiased."""
    contract: InputContract = Field(default=InputContract())
    """What holds for every model, for programs that read the card."""
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    """Mean of each channel, of values in [0, 1]."""
    std: tuple[Deviation, Deviation, Deviation] = (0.5, 0.5, 0.5)
    """Standard deviation of each channel, of values in [0, 1]."""
    whitening: Whitening | None = None
    """Used instead of mean and std."""
    white_level: float | None = None
    """Value of images of more than 8 bits that becomes white; None: such images were not seen, so it is guessed."""
    black_level: float | None = None
    """Value of images of more than 8 bits that becomes black; None: 0, or guessed with white."""
    bands: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Bands that are read as red, green and blue, or one as gray, counted from 1; empty: as the file says."""

    @property
    def reading(self) -> Reading:
        """How files become 8-bit RGB."""
        return Reading(self.black_level, self.white_level, self.bands)

    @property
    def decode_side(self) -> int:
        """Shorter side, in pixels, below which decoding would lose detail of the input.

        With ``crop`` it is also what the shorter side is resized to before the centre crop.
        """
        return math.floor(self.size / self.crop_fraction) if self.fit == "crop" else self.size

    def geometry(self, width: int, height: int) -> Geometry:
        """Where the pixels of a width x height image go.

        ``crop`` gives the same pixels as torchvision's Resize and CenterCrop, including rounding to whole pixels in the
        resized image, because that is how pretrained weights were evaluated.
        """
        size = self.size
        match self.fit:
            case "squash":
                inner_w, inner_h = size, size
            case "crop":
                # Multiplied first and truncated, as in torchvision.
                inner_w, inner_h = (self.decode_side * side // min(width, height) for side in (width, height))
            case "letterbox":
                scale = size / max(width, height)
                inner_w, inner_h = (max(1, round(side * scale)) for side in (width, height))
        offset = (float(self._margin(inner_w)), float(self._margin(inner_h)))
        return Geometry((width, height), (size, size), (inner_w / width, inner_h / height), offset)

    def _margin(self, inner: int) -> int:
        """Pixels before the resized image: padding, or negative for a crop."""
        room = self.size - inner
        return room // 2 if room >= 0 else -round(-room / 2)
