"""Images of more than 8 bits per channel, converted to 8 bits by one black and one white level.

Shapes: H W height and width, C channels.

How bright is white? A model has learnt that from its data set and says so (``Reading.white``). Where nobody has, it is
guessed from one image: what the file declares (TIFF's MaxSampleValue, PGM's maxval); else the full scale of the
smallest usual depth that holds 99.9 % of the values, since sensors of 10, 12 or 14 bits write their raw numbers into
16-bit files. The brightest 0.1 % are clipped, so that a hot pixel does not darken all others. Nodata values (GDAL's
tag, NaN, infinity) are ignored, and become black.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from foveal.types.arrays import Array
from foveal.types.reading import Reading

Levels = tuple[float, float]
"""Black and white."""
USUAL_BITS = (8, 10, 12, 14, 16)
"""Common bit depths of sensors and files."""
CLIPPED = 0.001
"""Fraction of the values beyond each level. Viewers such as QGIS clip 2 %, for the eye; this is for outliers only."""
SAMPLED_VALUES = 1 << 16
"""Values of an image that levels are guessed from: those above the 99.9th percentile are then 65."""
USUAL_NODATA = (-9999.0, -32768.0)
"""Written without a tag by many tools; both are far below anything else, so they would only shift black."""
HUGE = 1e30
"""Larger numbers are nodata: the largest float32 stands for it in ESRI's files, 1e30 and more in others."""
MAX_SAMPLE_VALUE, PHOTOMETRIC, WHITE_IS_ZERO = 281, 262, 0
"""TIFF tags, and the photometric interpretation in which 0 is white (TIFF 6.0, section 8)."""
GDAL_NODATA = 42113
"""TIFF tag: a number as text."""
LOW_BYTE = {"RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B", "RGBA;16B": "RGBA;16L", "RGBA;16L": "RGBA;16B"}
"""Pillow keeps the high byte of 16-bit colour; reading with the other byte order gives the low one."""


@dataclass(frozen=True)
class Deep:
    """The values of a deep image.

    Attributes:
        values: (H, W) or (H, W, C), whole or floating-point.
        alpha: (H, W, 1) uint8, or None.
        declared: Largest value that the file declares; 0 where it declares none.
        nodata: Value that marks pixels without data, or None.
        inverted: Whether 0 is white.
    """

    values: Array
    alpha: NDArray[np.uint8] | None = None
    declared: float = 0
    nodata: float | None = None
    inverted: bool = field(default=False, kw_only=True)

    def sample(self, limit: int = SAMPLED_VALUES) -> NDArray[np.float64]:
        """About ``limit`` values evenly spread over the image, without nodata; sorted.

        Raises:
            ValueError: No value is left.
        """
        flat = self.values.reshape(-1)
        flat = flat[:: max(1, flat.size // limit)]
        kept = flat[~self._missing(flat)].astype(np.float64)
        if not kept.size and self._missing(self.values).all():
            raise ValueError("holds values that are not finite numbers, or nodata, and nothing else")
        return np.sort(kept)

    def to_8_bit(self, levels: Levels) -> NDArray[np.uint8]:
        """(H, W, C) or (H, W, C + 1) with alpha: black to 0, white to 255, beyond them clipped; nodata is black.

        Values of 8 bits stay as they are.
        """
        if self.values.dtype == np.uint8:
            scaled = 255 - self.values if self.inverted else self.values
            return self._with_alpha(np.asarray(scaled, np.uint8))
        black, white = levels
        exact: Array = self.values.astype(np.float64 if max(abs(black), abs(white)) > 1 << 20 else np.float32)
        missing = self._missing(self.values)
        with np.errstate(invalid="ignore", over="ignore"):
            exact -= black
            exact *= 255 / (white - black)
            np.rint(exact, out=exact)
            np.clip(exact, 0, 255, out=exact)
        exact[missing] = 255 if self.inverted else 0
        scaled = exact.astype(np.uint8)
        return self._with_alpha(255 - scaled if self.inverted else scaled)

    def _with_alpha(self, scaled: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self.alpha is None:
            return scaled
        return np.concatenate([scaled if scaled.ndim == 3 else scaled[..., None], self.alpha], axis=2)

    def _missing(self, values: Array) -> NDArray[np.bool_]:
        missing = np.zeros(values.shape, bool)
        if values.dtype.kind == "f":
            with np.errstate(invalid="ignore", over="ignore"):
                missing = ~(np.abs(values) < min(HUGE, float(np.finfo(values.dtype).max)))
        for nodata in USUAL_NODATA if self.nodata is None else (*USUAL_NODATA, self.nodata):
            if values.dtype.kind == "f":
                with np.errstate(over="ignore"):
                    missing |= values == values.dtype.type(nodata)
            elif nodata.is_integer() and np.iinfo(values.dtype).min <= nodata <= np.iinfo(values.dtype).max:
                missing |= values == int(nodata)
        return missing


def levels_of(deep: Deep, reading: Reading) -> Levels:
    """The levels to convert an image with: those that are known, the rest guessed from it.

    Raises:
        ValueError: A level must be guessed and the image holds nothing but nodata.
    """
    if reading.white is not None:
        return reading.black or 0.0, reading.white
    return guess_levels(deep.sample(), deep.declared, whole=deep.values.dtype.kind != "f", black=reading.black)


def guess_levels(
    values: NDArray[np.float64], declared: float = 0, *, whole: bool = True, black: float | None = None
) -> Levels:
    """Black and white of some values, see above; black is 0 unless values are negative.

    Args:
        values: Sorted.
        declared: Largest value that the file declares; 0 where it declares none.
        whole: Whether they are whole numbers.
        black: If it is known.
    """
    if not values.size:
        return black or 0.0, max(declared, 1.0)
    outside = CLIPPED * (values.size - 1)
    low, high = float(values[math.floor(outside)]), float(values[math.ceil(values.size - 1 - outside)])
    if black is None and low < 0:
        return low, max(high, low + 1e-12)
    black = black or 0.0
    if declared >= max(high, 1):
        return black, max(declared, black + 1e-12)
    if not whole and high <= 1:
        # Less than 1/16 is not a fraction of full scale: 4 of 8 bits would be left.
        white = 1.0 if high > 1 / 16 or high <= 0 else 2.0 ** np.ceil(np.log2(high))
    else:
        white = float((1 << next((bits for bits in USUAL_BITS if high < 1 << bits), int(high).bit_length())) - 1)
    return black, max(float(white), black + 1e-12)


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether a channel has more than 8 bits."""
    return is_deep_gray(image) or any(";16" in raw for raw in _raw_modes(image))


def is_deep_gray(image: Image.Image) -> bool:
    """Whether an image, loaded or not, is gray of more than 8 bits."""
    return image.mode.startswith("I") or image.mode == "F"


def read_deep(image: ImageFile.ImageFile, twin: ImageFile.ImageFile) -> Deep:
    """All bits of an image.

    Args:
        image: A deep image, opened and not yet loaded.
        twin: The same file opened once more; 16-bit colour needs two readings.
    """
    if is_deep_gray(image):
        return read_deep_gray(image)
    declared, values = _declared(image), _sixteen_bits(image, twin)
    if values.shape[2] in (2, 4):
        alpha = np.rint(values[..., -1:].astype(np.float32) * (255 / 65535)).astype(np.uint8)
        return Deep(values[..., :-1], alpha, declared)
    return Deep(values, None, declared)


def read_deep_gray(image: Image.Image) -> Deep:
    """The values of a deep gray image."""
    tags = getattr(image, "tag_v2", {})
    return Deep(
        np.asarray(image),
        None,
        _declared(image),
        nodata_value(tags.get(GDAL_NODATA)),
        inverted=tags.get(PHOTOMETRIC) == WHITE_IS_ZERO,
    )


def nodata_value(text: object) -> float | None:
    """The number in GDAL's tag; None where there is none."""
    try:
        return float(str(text).strip("\0 ")) if text is not None else None
    except ValueError:
        return None


def _sixteen_bits(image: ImageFile.ImageFile, twin: ImageFile.ImageFile) -> NDArray[np.uint16]:
    raw = _raw_modes(image)[0]
    if raw.startswith("LA"):  # four bytes per pixel either way; as RGBA they come out untouched
        _read_as(image, "RGBA")
        quads = np.asarray(image).astype(np.uint16)
        return np.stack([quads[..., 0] << 8 | quads[..., 1], quads[..., 2] << 8 | quads[..., 3]], axis=2)
    native = raw.replace("N", "L" if np.little_endian else "B")
    if native not in LOW_BYTE:
        return np.asarray(image).astype(np.uint16) * np.uint16(257)
    _read_as(image, native)
    _read_as(twin, LOW_BYTE[native])
    high = np.asarray(image).astype(np.uint16) << 8
    return np.asarray(high | np.asarray(twin), np.uint16)


def _read_as(image: ImageFile.ImageFile, raw: str) -> None:
    tiles: list[Any] = []
    for tile in image.tile or ():
        *where, args = tile
        fields: tuple[Any, ...] = (*where, (raw, *args[1:]) if isinstance(args, tuple) else raw)
        tiles.append(type(tile)(*fields) if hasattr(tile, "_fields") else fields)
    image.tile = tiles


def _raw_modes(image: ImageFile.ImageFile) -> list[str]:
    return [str(args[0] if isinstance(args, tuple) else args) for *_, args in image.tile or ()]


def _declared(image: Image.Image) -> float:
    if image.format == "PPM":  # Pillow has already scaled the file's maxval to 16 bits
        return 65535
    return declared_value(getattr(image, "tag_v2", {}).get(MAX_SAMPLE_VALUE, 0))


def declared_value(value: Any) -> float:
    """TIFF's MaxSampleValue, one number or one per band."""
    return float(max(value) if isinstance(value, tuple) else value or 0)
