"""The pixel values of a mask file, unchanged: no colour profile, no EXIF orientation, no scaling.

A pixel's value is its gray value (1 to 16 bits), its palette index, or its colour as 0xRRGGBB.

Shapes: H W height and width as the file stores them, P colours of a palette.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.errors import ImageError
from foveal.imaging.codecs import png
from foveal.imaging.decode import decode
from foveal.imaging.header import read_header
from foveal.types.arrays import Array

Kind = Literal["gray", "palette", "colour"]
"""What pixel values are: gray values, palette indices, or colours."""
Color = tuple[int, int, int]
LOSSLESS = ("PNG", "BMP", "TIFF", "GIF")
"""Formats that preserve values."""
ONE = "Keep one mask per image, or masks of black and one other value."
BLUR, THRESHOLD, NOISE = 64, 128, 8
"""Gray levels by which JPEG may move black and white, that from which on a pixel is white, those of a black file."""
BETWEEN = 0.05
"""Share of pixels that may be neither: those at the edges."""
SCALED = {"L;2": 85, "L;4": 17, "L;2I": 85, "L;4I": 17}
"""Factors by which Pillow scales 2-bit and 4-bit gray to 0..255."""


@dataclass(frozen=True)
class PixelValues:
    """A mask file as read.

    Attributes:
        kind: Kind of the values.
        pixels: (H, W) unsigned or int32.
        palette: (P, 3) uint8; empty where there is none.
        lossy: Whether the file is JPEG, and was made black and white.
    """

    kind: Kind
    pixels: Array
    palette: NDArray[np.uint8]
    lossy: bool = False


def read_pixel_values(path: Path) -> PixelValues:
    """Read a mask.

    Raises:
        ImageError: The file is missing, damaged, or of a format that changes values, unless it is JPEG and black and
            white; or it has none.
    """
    head = read_header(path)  # raises our messages, and stops decompression bombs
    if head.kind == "JPEG":
        return _black_and_white(path)
    if head.kind not in LOSSLESS:
        raise ImageError(path, f"is {head.kind}, which changes the pixel values of a mask", "Save the mask as PNG.")
    try:
        data = path.read_bytes()
        data = png.without_long_texts(data, str(path))[0] if head.kind == "PNG" else data
        with Image.open(io.BytesIO(data), formats=LOSSLESS) as image:
            return _values(image, path)
    except ImageError:
        raise
    except Exception as error:  # plugins raise whatever their parsing stumbles over
        text = str(error).strip().rstrip(".") or type(error).__name__
        reason = "is truncated" if "truncated" in text.lower() else f"is damaged ({text})"
        raise ImageError(path, reason) from None


def read_united(paths: Sequence[Path]) -> PixelValues:
    """Read the mask that is the union of several files: at each pixel the largest value; one file is that itself.

    Raises:
        ImageError: A file cannot be read, or they are not all black and one other value, of one size and kind.
    """
    first, *others = (read_pixel_values(path) for path in paths)
    pixels = first.pixels
    for path, one in zip(paths, (first, *others) if others else (), strict=False):
        values = np.unique(one.pixels)
        if one.kind != first.kind or one.pixels.shape != pixels.shape:
            raise ImageError(path, f"is of another size or kind than {paths[0].name}", ONE)
        if len(values) > 2 or (len(values) == 2 and values[0] != 0):
            raise ImageError(path, f"is one of {len(paths)} masks of an image, and not of one class alone", ONE)
        pixels = np.maximum(pixels, one.pixels)
    return replace(first, pixels=pixels, lossy=any(one.lossy for one in (first, *others)))


def alpha_varies(path: Path) -> bool:
    """Whether a readable mask has an alpha channel that is not the same everywhere; it is no part of its values."""
    with Image.open(path, formats=(*LOSSLESS, "JPEG")) as image:
        if image.mode not in ("RGBA", "LA", "PA"):
            return False
        low, high = image.getchannel("A").getextrema()
    return low != high


def value_runs(pixels: Array) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """Runs of equal values, row by row: values, starts and lengths."""
    flat = np.ascontiguousarray(pixels).reshape(-1)
    starts = np.concatenate([np.zeros(1, np.int64), np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    return flat[starts], starts, np.diff(starts, append=flat.size)


def value_text(value: int, kind: Kind) -> str:
    """A pixel value as messages name it."""
    return f"#{value:06x} ({value})" if kind == "colour" else str(value)


def _black_and_white(path: Path) -> PixelValues:
    """A JPEG of two levels, which compression has blurred, as 0 and 255.

    Raises:
        ImageError: It has other levels, or colours: what they were cannot be told.
    """
    pixels = decode(path).pixels.astype(np.int16)
    gray = pixels[..., 1]
    colours = np.mean(np.ptp(pixels, axis=-1) > BLUR) if pixels.shape[-1] > 1 else 0
    between = np.mean((gray > BLUR) & (gray < 255 - BLUR))
    bright = gray.max() >= 255 - BLUR
    if colours > BETWEEN or between > BETWEEN or (not bright and gray.max() > NOISE):
        raise ImageError(
            path, "is JPEG and not black and white, so the values of its pixels are lost", "Save the mask as PNG."
        )
    drawn = np.where(gray >= THRESHOLD, 255, 0).astype(np.uint8)
    return PixelValues("gray", drawn, np.zeros((0, 3), np.uint8), lossy=True)


def _values(image: Image.Image, path: Path) -> PixelValues:
    raw = _raw_mode(image)  # lost once the pixels are loaded
    nothing = np.zeros((0, 3), np.uint8)
    match image.mode:
        case "P" | "PA":
            pixels = np.asarray(image)
            palette = np.array(image.getpalette("RGB") or [], np.uint8)
            return PixelValues("palette", pixels if pixels.ndim == 2 else pixels[..., 0], palette.reshape(-1, 3))
        case "1":
            return PixelValues("gray", np.asarray(image).astype(np.uint8), nothing)
        case "L":
            return PixelValues("gray", np.asarray(image) // np.uint8(SCALED.get(raw, 1)), nothing)
        case "LA":
            return PixelValues("gray", np.ascontiguousarray(np.asarray(image)[..., 0]), nothing)
        case "RGB" | "RGBA" | "RGBX":
            channels = np.asarray(image).astype(np.uint32)
            return PixelValues("colour", channels[..., 0] << 16 | channels[..., 1] << 8 | channels[..., 2], nothing)
    pixels = np.asarray(image)
    if not image.mode.startswith("I") or pixels.ndim != 2 or (pixels.dtype.kind == "i" and int(pixels.min()) < 0):
        raise ImageError(
            path, f"holds no class values (its mode is {image.mode})", "Save the mask as gray or palette PNG."
        )
    return PixelValues("gray", pixels.astype(pixels.dtype.newbyteorder("=")), nothing)


def _raw_mode(image: Image.Image) -> str:
    for *_, args in getattr(image, "tile", None) or ():
        return str(args[0] if isinstance(args, tuple) else args)
    return ""
