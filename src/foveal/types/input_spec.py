"""The input of a model on images: size, crop, filter, statistics. ``imaging.prepare`` implements it.

Shapes: p side of a whitening patch.
"""

import math
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from foveal.types.geometry import Geometry
from foveal.types.reading import Reading
from foveal.types.settings import Settings
from foveal.types.size import Size

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
    """Whether a JPEG of at least twice the needed sides is decoded at a half, a quarter or an eighth."""


class InputSpec(Settings):
    """Size, crop, filter and statistics of an image input; saved in the model."""

    kind: Literal["image"] = "image"
    """Discriminates the kinds of input."""
    size: Size
    """Size of the input in evaluation and at inference, in pixels: the side of a square, or [width, height]."""
    train_size: Size
    """Size of the input in training, in pixels."""
    fit: Literal["crop", "squash", "letterbox"] = "crop"
    """How images are brought to the size."""
    crop_fraction: Annotated[float, Field(gt=0, le=1)] = 0.875
    """Fraction of the side that fits first which the centre crop keeps."""
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
    def covered(self) -> Size:
        """What the resized image covers: with ``crop`` more than the input, from whose centre the input is cut."""
        if self.fit != "crop":
            return self.size
        width, height = (math.floor(side / self.crop_fraction) for side in self.size.sides)
        return Size(width, height)

    def decode_side(self, width: int, height: int) -> int:
        """Shorter side to which a whole factor may reduce an image without losing detail of the input.

        Both sides are then still at least those of ``covered``; ``width`` and ``height`` are the image's.
        """
        factor = min(width // self.covered.width, height // self.covered.height)
        return min(width, height) // max(1, factor)

    def geometry(self, width: int, height: int) -> Geometry:
        """Where the pixels of a width x height image go.

        ``crop`` gives the same pixels as torchvision's Resize and CenterCrop, including rounding to whole pixels in the
        resized image, because that is how pretrained weights were evaluated.
        """
        size = self.size
        match self.fit:
            case "squash":
                inner_w, inner_h = size.sides
            case "crop":
                covered = self.covered
                wide = covered.height * width >= covered.width * height  # than the input: then the heights meet
                target, own = (covered.height, height) if wide else (covered.width, width)
                # Multiplied first and truncated, as in torchvision.
                inner_w, inner_h = (target * side // own for side in (width, height))
            case "letterbox":
                scale = size.scale(width, height)
                inner_w, inner_h = (max(1, round(side * scale)) for side in (width, height))
        offset = (float(_margin(size.width - inner_w)), float(_margin(size.height - inner_h)))
        return Geometry((width, height), size.sides, (inner_w / width, inner_h / height), offset)


def _margin(room: int) -> int:
    """Pixels before the resized image where the input is so much longer: padding, or negative for a crop."""
    return room // 2 if room >= 0 else -round(-room / 2)
