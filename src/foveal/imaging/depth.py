"""Images of more than 8 bits per channel, converted to 8 bits by scaling, never by clipping.

Shapes: H W height and width, C channels.

How bright is white? Where the file declares it (TIFF's MaxSampleValue, PGM's maxval) that is used. Otherwise it is
measured: sensors of 10, 12 or 14 bits write their raw numbers into 16-bit files, and taking those for 16 bits would
make a 12-bit image sixteen times too dark. White is then the full scale of the smallest usual depth that holds the
brightest value, so two images of one sensor differ only where one of them is almost black.
"""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from foveal.types.arrays import Array

USUAL_BITS = (8, 10, 12, 14, 16)
"""Common bit depths of sensors and files."""
MAX_SAMPLE_VALUE, PHOTOMETRIC, WHITE_IS_ZERO = 281, 262, 0
"""TIFF tags, and the photometric interpretation in which 0 is white (TIFF 6.0, section 8)."""
BITS_PER_SAMPLE, PLANAR = 258, 284
"""TIFF tags: depth of each channel, and whether channels are stored separately (2)."""
LOW_BYTE = {"RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B", "RGBA;16B": "RGBA;16L", "RGBA;16L": "RGBA;16B"}
"""Pillow keeps the high byte of 16-bit colour; reading with the other byte order gives the low one."""


def white_level(brightest: float, declared: float = 0) -> float:
    """The value that becomes 255.

    Args:
        brightest: Largest value in the image.
        declared: Largest value that the file declares; 0 where it declares none.
    """
    if declared >= max(brightest, 1):
        return declared
    usual = [bits for bits in USUAL_BITS if brightest < 1 << bits]
    return float((1 << (usual[0] if usual else int(brightest).bit_length())) - 1)


def to_8_bit(values: Array, declared: float = 0) -> NDArray[np.uint8]:
    """Scale whole or floating-point values to 0..255.

    Values below zero move the full image up to start at zero. Floating-point values within [0, 1] take 1 for white.

    Args:
        values: (H, W) or (H, W, C).
        declared: See ``white_level``.

    Raises:
        ValueError: A value is not a finite number.
    """
    if not np.isfinite(values).all():
        raise ValueError("holds values that are not finite numbers")
    low, high = float(values.min()), float(values.max())
    if low < 0:
        black, white = low, max(high - low, 1e-12)
    else:
        black, white = 0.0, 1.0 if values.dtype.kind == "f" and high <= 1 else white_level(high, declared)
    exact: Array = values.astype(np.float64 if white > 1 << 20 else np.float32)
    return np.asarray(np.rint((exact - black) * (255 / white)), np.uint8)


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether a channel has more than 8 bits.

    Raises:
        ValueError: A TIFF with planar 16-bit channels, which Pillow would misread silently.
    """
    tags = getattr(image, "tag_v2", {})
    if tags.get(PLANAR) == 2 and max(tags.get(BITS_PER_SAMPLE, (8,))) > 8:
        raise ValueError("16-bit TIFF with planar channels")
    return is_deep_gray(image) or any(";16" in raw for raw in _raw_modes(image))


def is_deep_gray(image: Image.Image) -> bool:
    """Whether an image, loaded or not, is gray of more than 8 bits."""
    return image.mode.startswith("I") or image.mode == "F"


def deep_to_8_bit(image: ImageFile.ImageFile, twin: ImageFile.ImageFile) -> Array:
    """Read all bits and scale them.

    Args:
        image: A deep image, opened and not yet loaded.
        twin: The same file opened once more; 16-bit colour needs two readings.

    Returns:
        (H, W) gray, (H, W, 2) gray and alpha, (H, W, 3) or (H, W, 4), uint8.

    Raises:
        ValueError: A value is not a finite number.
    """
    if is_deep_gray(image):
        return deep_gray_to_8_bit(image)
    declared, values = _declared(image), _sixteen_bits(image, twin)
    if values.shape[2] in (2, 4):
        alpha = np.rint(values[..., -1:].astype(np.float32) * (255 / 65535)).astype(np.uint8)
        return np.concatenate([to_8_bit(values[..., :-1], declared), alpha], axis=2)
    return to_8_bit(values, declared)


def deep_gray_to_8_bit(image: Image.Image) -> Array:
    """(H, W) uint8 of a deep gray image.

    Raises:
        ValueError: A value is not a finite number.
    """
    gray = to_8_bit(np.asarray(image), _declared(image))
    tags = getattr(image, "tag_v2", {})
    return cast(Array, 255 - gray) if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO else gray


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
    value = getattr(image, "tag_v2", {}).get(MAX_SAMPLE_VALUE, 0)
    return float(max(value) if isinstance(value, tuple) else value or 0)
