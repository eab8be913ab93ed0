"""From a file to an RGB image as displayed: the one path for training, evaluation and inference.

The format is recognised by the file's first bytes, never by its suffix. JPEG goes straight through libjpeg-turbo; what
that cannot do, and every other format, goes through Pillow. EXIF orientation is applied; transparency is laid on white;
CMYK becomes RGB, and so do colours of an embedded profile (see ``profile``); deep images are scaled (see ``depth``);
of many bands three are read (see ``tiff``); animations give their first frame. Nothing here touches Pillow's global
settings, so any number of threads may decode at once.

Shapes: H W height and width.
"""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Self

import numpy as np
from PIL import Image, ImageFile

from foveal.errors import ImageError
from foveal.imaging import depth, profile
from foveal.imaging.codecs import jpeg, png, tiff
from foveal.imaging.codecs.pillow import check_size, damaged, open_file
from foveal.imaging.orientation import orient, orientation_of, upright
from foveal.types.arrays import RGB, Array
from foveal.types.reading import AS_STORED, Reading

LARGE_FILE_BYTES = 1 << 25
"""Of a TIFF larger than this the tags are read before the rest, which may be gigabytes."""
_LOADING = Lock()
"""A Pillow image loads once; two threads doing so at the same time would corrupt it."""
HAS_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")


MinSide = int | Callable[[int, int], int]
"""Pixels, or a function that gives them for an image of this (width, height)."""


@dataclass(frozen=True)
class Decoded:
    """A decoded image.

    Attributes:
        pixels: (H, W, 3) uint8, C-contiguous; perhaps a half, a quarter or an eighth of the full size.
        size: Full (width, height) of the image as displayed, EXIF orientation applied.
        guessed: White level that was guessed from a deep image itself; None: there was nothing to guess.
    """

    pixels: RGB
    size: tuple[int, int]
    guessed: float | None = None

    @classmethod
    def full(cls, pixels: RGB, guessed: float | None = None) -> Self:
        """An image at its full size."""
        return cls(pixels, (pixels.shape[1], pixels.shape[0]), guessed)


def decode(source: Path | bytes, *, name: str = "", min_side: MinSide = 0, reading: Reading = AS_STORED) -> Decoded:
    """Decode one image; a file is opened once.

    Args:
        source: A file, or the bytes of one.
        name: Name in messages; empty: the path.
        min_side: Shorter side that is enough, in pixels: a JPEG at least twice as large may come at a half, a quarter
            or an eighth of its size, never smaller than this. 0: always full size. A function is asked once the size
            is known.
        reading: Levels of deep images, and bands.

    Raises:
        ImageError: The file is missing, empty, not an image, of an unsupported format, too large, truncated or corrupt;
            the message names it and the reason.
    """
    name = name or (str(source) if isinstance(source, Path) else "image")
    data = read_bytes(source, name) if isinstance(source, Path) else source
    if not data:
        raise ImageError(name, "is empty (0 bytes)")
    if data.startswith(jpeg.MAGIC):
        return _decode_jpeg(data, name, min_side, reading)
    return _decode_other(data, name, reading)


def read_deep(source: Path | bytes, *, reading: Reading = AS_STORED) -> depth.Deep | None:
    """The values of a deep image before any scaling, to learn levels from; None of an image of 8 bits.

    Raises:
        ImageError: As ``decode`` does.
    """
    name = str(source) if isinstance(source, Path) else "image"
    data = read_bytes(source, name) if isinstance(source, Path) else source
    if not data or data.startswith(jpeg.MAGIC):
        return None
    try:
        return _find_deep(data, name, reading)[1]
    except ImageError:
        raise
    except Exception as error:  # plugins raise any exception on broken files
        raise damaged(error, name) from None


def decode_image(image: Image.Image, *, reading: Reading = AS_STORED) -> Decoded:
    """The pixels of a Pillow image as ``decode`` gives those of its file: upright, on white, deep gray scaled.

    Of 16-bit colour Pillow keeps only the high bytes.

    Raises:
        ImageError: It has no pixels, too many, or its file is truncated or corrupt.
    """
    name = str(getattr(image, "filename", "")) or "image"
    check_size(image.width, image.height, name)
    try:
        with _LOADING:
            image.load()
        if depth.is_deep_gray(image):
            pixels, guessed = _from_deep(depth.read_deep_gray(image), reading)
        else:
            pixels, guessed = _to_rgb(image), None
        pixels = orient(pick_bands(pixels, num_bands(image.mode), reading, name), orientation_of(image))
        return Decoded.full(pixels, guessed)
    except ImageError:
        raise
    except Exception as error:  # plugins raise any exception on broken files
        raise damaged(error, name) from None


def _decode_jpeg(data: bytes, name: str, min_side: MinSide, reading: Reading) -> Decoded:
    header = check_jpeg(jpeg.read_header(data), name)
    if not header.plain:
        try:
            whole = jpeg.with_end(data, header)
        except ValueError:
            raise ImageError(name, "is truncated") from None
        return _decode_other(whole, name, reading, header)
    size = upright(header.width, header.height, header.orientation)
    pixels = _jpeg_pixels(data, header, name, min_side=min_side if isinstance(min_side, int) else min_side(*size))
    if header.profile:
        pixels = apply_profile(pixels, header.profile, header.components)
    if reading.bands:
        pixels = pick_bands(pixels, header.components, reading, name)
    return Decoded(orient(pixels, header.orientation) if header.orientation != 1 else pixels, size)


def decode_into(data: bytes, header: jpeg.JpegHeader, pixels: RGB, name: str) -> None:
    """Decode a plain JPEG, as stored, into (H, W, 3) pixels.

    Raises:
        ImageError: It is truncated or damaged.
    """
    _jpeg_pixels(data, header, name, buffer=pixels)


def _jpeg_pixels(
    data: bytes, header: jpeg.JpegHeader, name: str, *, min_side: int = 0, buffer: RGB | None = None
) -> RGB:
    try:
        return jpeg.decode_jpeg(data, header, min_side=min_side, buffer=buffer)
    except ValueError as error:
        text = str(error)
        reason = "is truncated" if jpeg.NO_END in text else f"is damaged ({text.strip().rstrip('.')})"
        raise ImageError(name, reason) from None


def apply_profile(pixels: RGB, icc: bytes, components: int) -> RGB:
    """Pixels of a JPEG of one or three components with its colour profile applied."""
    if components != 1:
        return profile.pixels_to_srgb(pixels, icc)
    return np.asarray(profile.to_srgb(Image.fromarray(pixels[..., 0]), icc).convert("RGB")) if icc else pixels


def check_jpeg(header: jpeg.JpegHeader | None, name: str, limit: int | None = None) -> jpeg.JpegHeader:
    """A JPEG's header, if it was found and its size is no more than ``limit``, see ``check_size``.

    Raises:
        ImageError: It was not, or is too large.
    """
    if header is None:
        raise ImageError(name, "is truncated: the JPEG ends before its frame header")
    check_size(header.width, header.height, name, limit)
    return header


def _decode_other(data: bytes, name: str, reading: Reading, header: jpeg.JpegHeader | None = None) -> Decoded:
    """By Pillow or ``tiff``; ``header``: of a JPEG, read already."""
    guessed = None
    try:
        image, deep, orientation = _find_deep(data, name, reading)
        if deep is not None:
            pixels, guessed = _from_deep(deep, reading)
            if image is not None and not depth.is_deep_gray(image):
                pixels = profile.pixels_to_srgb(pixels, image.info.get("icc_profile") or b"")
        else:
            assert image is not None, "what is not deep was opened"
            pixels = _to_rgb(image)
        if image is not None:  # ``tiff`` has chosen the bands
            pixels = pick_bands(pixels, num_bands(image.mode), reading, name)
            orientation = header.orientation if header else orientation_of(image)
    except ImageError:
        raise
    except Exception as error:  # plugins raise any exception on broken files
        raise damaged(error, name) from None
    return Decoded.full(orient(pixels, orientation), guessed)


def _find_deep(data: bytes, name: str, reading: Reading) -> tuple[ImageFile.ImageFile | None, depth.Deep | None, int]:
    """Pillow's image, or the orientation where ``tiff`` has read the file; and the values, if they are deep."""
    if data.startswith(tiff.MAGICS):
        tiff.hush_libtiff()
        file = io.BytesIO(data)
        layout = tiff.read_layout(file, name)
        if layout.beyond_pillow or (reading.bands and layout.readable):
            check_size(layout.width, layout.height, name)
            return None, tiff.read_values(file, layout, reading, name), layout.orientation
    elif data.startswith(png.MAGIC):
        data, large_profile = png.without_long_texts(data, name)
        if large_profile:
            image = open_file(io.BytesIO(data), data, name)
            image.info["icc_profile"] = large_profile
            return image, _deep_of(image, data, name), 1
    image = open_file(io.BytesIO(data), data, name)
    return image, _deep_of(image, data, name), 1


def _deep_of(image: ImageFile.ImageFile, data: bytes, name: str) -> depth.Deep | None:
    return depth.read_deep(image, open_file(io.BytesIO(data), data, name)) if depth.is_deep(image) else None


def _from_deep(deep: depth.Deep, reading: Reading) -> tuple[RGB, float | None]:
    """The pixels of deep values, and the white level if it was guessed; values of 8 bits as they are."""
    if deep.values.dtype == np.uint8:
        return flatten(deep.to_8_bit((0, 255))), None
    levels = depth.levels_of(deep, reading)
    return flatten(deep.to_8_bit(levels)), levels[1] if reading.white is None else None


def pick_bands(pixels: RGB, count: int, reading: Reading, name: str) -> RGB:
    """The chosen bands of an image that has ``count`` of them; the same pixels where none is chosen.

    Raises:
        ImageError: It has fewer.
    """
    if not reading.bands or reading.bands == (1, 2, 3)[:count]:
        return pixels
    if max(reading.bands) > count:
        raise ImageError(*tiff.lacks_band(reading, count, name))
    chosen = [band - 1 for band in reading.bands]
    return np.ascontiguousarray(pixels[..., chosen if len(chosen) == 3 else chosen * 3])


def num_bands(mode: str) -> int:
    """Bands of an image of this mode without transparency, once it is RGB or gray."""
    return 1 if mode[:1] in ("1", "L", "I", "F") else 3


def open_image(data: bytes, name: str, limit: int) -> tuple[ImageFile.ImageFile, bool]:
    """Pillow's image of a file's bytes, loaded, for one that is taken strip by strip; and whether it is deep.

    Raises:
        ImageError: As ``decode`` does.
    """
    icc = b""
    if data.startswith(png.MAGIC):
        data, icc = png.without_long_texts(data, name)
    image = open_file(io.BytesIO(data), data, name, limit)
    deep = depth.is_deep(image)
    try:
        image.load()
    except Exception as error:  # plugins raise any exception on broken files
        raise damaged(error, name) from None
    if icc:
        image.info["icc_profile"] = icc
    return image, deep


def convert(image: Image.Image, reading: Reading, name: str) -> RGB:
    """The pixels of a loaded image of 8 bits, or of a part of one, as stored.

    Raises:
        ImageError: It lacks a chosen band.
    """
    return pick_bands(_to_rgb(image), num_bands(image.mode), reading, name)


def _to_rgb(image: Image.Image) -> RGB:
    icc = image.info.get("icc_profile") or b""
    if image.mode in HAS_ALPHA or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        if icc and num_bands(image.mode) == 3:
            rgba = np.dstack([profile.pixels_to_srgb(np.ascontiguousarray(rgba[..., :3]), icc), rgba[..., 3]])
        return flatten(rgba)
    if icc:
        image = profile.to_srgb(image.convert("RGB") if image.mode == "P" else image, icc)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def flatten(pixels: Array) -> RGB:
    """Gray to colour, and transparency laid on white: what a page or a viewer shows."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[2] in (2, 4):
        alpha = pixels[..., -1:].astype(np.uint16)
        pixels = ((pixels[..., :-1] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def read_bytes(path: Path, name: str) -> bytes:
    """All of an image's file; of a large TIFF the tags first.

    Args:
        path: The file.
        name: Name in messages.

    Raises:
        ImageError: It cannot be read, or is too large to be decoded.
    """
    try:
        with path.open("rb") as file:
            if file.peek(4)[:4] in tiff.MAGICS and os.fstat(file.fileno()).st_size > LARGE_FILE_BYTES:
                layout = tiff.read_layout(file, name)
                check_size(layout.width, layout.height, name)
                file.seek(0)
            return file.read()
    except OSError as error:
        raise unreadable(path, name, error) from None


def unreadable(path: Path, name: str, error: OSError) -> ImageError:
    """Why a file cannot be opened, in words."""
    if isinstance(error, FileNotFoundError):
        return ImageError(name, "no such file", "Check the path.")
    if os.path.isdir(path):  # noqa: PTH112  (False for names that are too long)
        return ImageError(name, "is a folder, not an image", "Name a file.")
    return ImageError(name, f"cannot be opened ({error.strerror or error})", "Check the file and its permissions.")
