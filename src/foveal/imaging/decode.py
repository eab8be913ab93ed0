"""From a file to an RGB image as displayed: the one path for training, evaluation and inference.

The format is recognised by the file's first bytes, never by its suffix. JPEG goes straight through libjpeg-turbo; what
that cannot do, and every other format, goes through Pillow. EXIF orientation is applied; transparency is laid on white;
CMYK becomes RGB; deep images are scaled (see ``depth``); animations give their first frame. Nothing here
touches Pillow's global settings, so any number of threads may decode at once.

Shapes: H W height and width.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Self, cast

import numpy as np
from PIL import Image, ImageFile

from foveal.errors import ImageError
from foveal.imaging import depth, jpeg
from foveal.types.arrays import RGB, Array

MAX_PIXELS = 100_000_000
"""Largest image that is decoded, 300 MB as RGB; checked in the header, so a decompression bomb never goes off."""
HEAD_BYTES = 1 << 18
"""Enough to hold a JPEG's header with its thumbnail and colour profile."""
READERS = (
    (b"\x89PNG\r\n\x1a\n", "PNG", "PngImagePlugin", "PngImageFile"),
    (b"GIF8", "GIF", "GifImagePlugin", "GifImageFile"),
    (b"BM", "BMP", "BmpImagePlugin", "BmpImageFile"),
    (b"II*\0", "TIFF", "TiffImagePlugin", "TiffImageFile"),
    (b"MM\0*", "TIFF", "TiffImagePlugin", "TiffImageFile"),
    (b"II+\0", "TIFF", "TiffImagePlugin", "TiffImageFile"),
    (b"RIFF????WEBP", "WebP", "WebPImagePlugin", "WebPImageFile"),
    *((b"P%d" % digit, "PNM", "PpmImagePlugin", "PpmImageFile") for digit in range(1, 7)),
    (b"\0\0\0\x0cjP  ", "JPEG 2000", "Jpeg2KImagePlugin", "Jpeg2KImageFile"),
    (b"\xff\x4f\xff\x51", "JPEG 2000", "Jpeg2KImagePlugin", "Jpeg2KImageFile"),
    (b"????ftypavif", "AVIF", "AvifImagePlugin", "AvifImageFile"),
    (jpeg.MAGIC, "JPEG", "JpegImagePlugin", "JpegImageFile"),
)
"""First bytes (? stands for any), name, and Pillow's reader. Readers that run programs (EPS, WMF) are left out."""
FOREIGN = (
    (b"????ftyphei", "a HEIF image"),
    (b"????ftypmif", "a HEIF image"),
    (b"%PDF", "a PDF"),
    (b"8BPS", "a Photoshop file"),
    (b"<svg", "an SVG drawing"),
    (b"PK\3\4", "a ZIP archive"),
)
"""Formats that Foveal does not read, for messages."""
ORIENTATION_TAG = jpeg.ORIENTATION_TAG
NO_SIZE = "not identified by this driver"
"""Pillow's message for a width or height of zero."""
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
    """

    pixels: RGB
    size: tuple[int, int]

    @classmethod
    def full(cls, pixels: RGB) -> Self:
        """An image at its full size."""
        return cls(pixels, (pixels.shape[1], pixels.shape[0]))


def decode(source: Path | bytes, *, name: str = "", min_side: MinSide = 0) -> Decoded:
    """Decode one image; a file is opened once.

    Args:
        source: A file, or the bytes of one.
        name: Name in messages; empty: the path.
        min_side: Shorter side that is enough, in pixels: a JPEG at least twice as large may come at a half, a quarter
            or an eighth of its size, never smaller than this. 0: always full size. A function is asked once the size
            is known.

    Raises:
        ImageError: The file is missing, empty, not an image, of an unsupported format, too large, truncated or corrupt;
            the message names it and the reason.
    """
    name = name or (str(source) if isinstance(source, Path) else "image")
    data = _read_bytes(source, name) if isinstance(source, Path) else source
    if not data:
        raise ImageError(name, "is empty (0 bytes)")
    if data.startswith(jpeg.MAGIC):
        return _decode_jpeg(data, name, min_side)
    return _decode_other(data, name)


def decode_image(image: Image.Image) -> RGB:
    """The pixels of a Pillow image as ``decode`` gives those of its file: upright, on white, deep gray scaled.

    Of 16-bit colour Pillow keeps only the high bytes.

    Raises:
        ImageError: It has no pixels, too many, or its file is truncated or corrupt.
    """
    name = str(getattr(image, "filename", "")) or "image"
    _check_size(image.width, image.height, name)
    try:
        with _LOADING:
            image.load()
        return orient(_to_rgb(image), _orientation(image))
    except Exception as error:  # plugins raise any exception on broken files
        raise _damaged(error, name) from None


@dataclass(frozen=True)
class Header:
    """The contents of a file's header.

    Attributes:
        width: Columns, as ``decode`` would give them.
        height: Rows.
        kind: Format, such as ``PNG``.
        mode: ``colour``, ``gray``, ``palette``, ``transparent``, ``CMYK`` or ``deep``.
    """

    width: int
    height: int
    kind: str
    mode: str


def read_size(source: Path | bytes) -> tuple[int, int]:
    """Full (width, height) of an image as displayed, from its header alone.

    Raises:
        ImageError: As ``decode`` does, except that damage behind the header goes unnoticed.
    """
    header = read_header(source)
    return header.width, header.height


def read_header(source: Path | bytes) -> Header:
    """Size, format and mode of an image, without decoding it.

    Raises:
        ImageError: As ``decode`` does, except that damage behind the header goes unnoticed.
    """
    name = str(source) if isinstance(source, Path) else "image"
    try:
        with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file:
            head = file.read(HEAD_BYTES)
            if not head:
                raise ImageError(name, "is empty (0 bytes)")
            if head.startswith(jpeg.MAGIC):
                found = jpeg.read_header(head) or jpeg.read_header(head + file.read())
                found = _check_jpeg(found, name)
                size, orientation = (found.width, found.height), found.orientation
                kind, mode = "JPEG", {1: "gray", 3: "colour"}.get(found.components, "CMYK")
            else:
                file.seek(0)
                image = _open(file, head, name)
                size, orientation = _stored_size(image), _orientation(image)
                kind, mode = kind_of(head), _mode(image, name)
    except OSError as error:
        raise _unreadable(Path(name), name, error) from None
    return Header(*_upright(*size, orientation), kind, mode)


def orient(pixels: RGB, orientation: int) -> RGB:
    """Rotate and flip stored pixels by their EXIF orientation (1 to 8), so that the image is upright; C-contiguous."""
    match orientation:
        case 2:
            pixels = pixels[:, ::-1]
        case 3:
            pixels = pixels[::-1, ::-1]
        case 4:
            pixels = pixels[::-1]
        case 5:
            pixels = pixels.transpose(1, 0, 2)
        case 6:
            pixels = pixels.transpose(1, 0, 2)[:, ::-1]
        case 7:
            pixels = pixels[::-1, ::-1].transpose(1, 0, 2)
        case 8:
            pixels = pixels.transpose(1, 0, 2)[::-1]
    return np.ascontiguousarray(pixels)


def kind_of(head: bytes) -> str:
    """Name of a file's format by its first 16 bytes, such as ``PNG``; empty where Foveal does not read it."""
    return next((kind for magic, kind, *_ in READERS if _matches(head, magic)), "")


def _decode_jpeg(data: bytes, name: str, min_side: MinSide) -> Decoded:
    header = _check_jpeg(jpeg.read_header(data), name)
    if not header.plain:
        return _decode_other(data, name, header.orientation)
    size = _upright(header.width, header.height, header.orientation)
    try:
        pixels = jpeg.decode_jpeg(data, header, min_side=min_side if isinstance(min_side, int) else min_side(*size))
    except ValueError as error:
        text = str(error)
        reason = "is truncated" if "remature end" in text else f"is damaged ({text.strip().rstrip('.')})"
        raise ImageError(name, reason) from None
    return Decoded(orient(pixels, header.orientation) if header.orientation != 1 else pixels, size)


def _check_jpeg(header: jpeg.JpegHeader | None, name: str) -> jpeg.JpegHeader:
    if header is None:
        raise ImageError(name, "is truncated: the JPEG ends before its frame header")
    _check_size(header.width, header.height, name)
    return header


def _decode_other(data: bytes, name: str, orientation: int = 0) -> Decoded:
    image = _open(io.BytesIO(data), data, name)
    try:
        if depth.is_deep(image):
            pixels = _flatten(depth.deep_to_8_bit(image, _open(io.BytesIO(data), data, name)))
        else:
            pixels = _to_rgb(image)
    except ImageError:
        raise
    except Exception as error:  # plugins raise any exception on broken files
        raise _damaged(error, name) from None
    return Decoded.full(orient(pixels, orientation or _orientation(image)))


def _to_rgb(image: Image.Image) -> RGB:
    if depth.is_deep_gray(image):
        return _flatten(depth.deep_gray_to_8_bit(image))
    if image.mode in HAS_ALPHA or "transparency" in image.info:
        return _flatten(np.asarray(image.convert("RGBA")))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _open(file: BinaryIO, head: bytes, name: str) -> ImageFile.ImageFile:
    for magic, kind, module, reader in READERS:
        if _matches(head, magic):
            try:
                factory = getattr(import_module(f"PIL.{module}"), reader)
                image = factory(file, "")
            except ImportError:
                raise ImageError(
                    name, f"is {kind}, which this build of Pillow does not support", "Update Pillow."
                ) from None
            except Exception as error:  # plugins raise any exception on broken files
                raise _damaged(error, name) from None
            _check_size(image.width, image.height, name)
            return cast(ImageFile.ImageFile, image)
    for magic, kind in FOREIGN:
        if _matches(head, magic):
            raise ImageError(name, f"is {kind}, which Foveal does not read", "Convert it to JPEG or PNG.")
    raise ImageError(name, f"is not an image (starts with {head[:12]!r})")


def _matches(head: bytes, magic: bytes) -> bool:
    return len(head) >= len(magic) and all(m in (ord("?"), h) for m, h in zip(magic, head, strict=False))


def _check_size(width: int, height: int, name: str) -> None:
    if width < 1 or height < 1:
        raise ImageError(name, f"has no pixels ({width} x {height})")
    if width * height > MAX_PIXELS:
        raise ImageError(
            name, f"is {width} x {height} pixels, over the limit of {MAX_PIXELS:,}", "Shrink it or cut it into tiles."
        )


def _mode(image: ImageFile.ImageFile, name: str) -> str:
    try:
        deep = depth.is_deep(image)
    except ValueError as error:
        raise _damaged(error, name) from None
    if deep:
        return "deep"
    if image.mode in HAS_ALPHA or "transparency" in image.info:
        return "transparent"
    return {"1": "gray", "L": "gray", "P": "palette", "CMYK": "CMYK"}.get(image.mode, "colour")


def _flatten(pixels: Array) -> RGB:
    """Gray to colour, and transparency laid on white: what a page or a viewer shows."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[2] in (2, 4):
        alpha = pixels[..., -1:].astype(np.uint16)
        pixels = ((pixels[..., :-1] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def _upright(width: int, height: int, orientation: int) -> tuple[int, int]:
    """(width, height) as seen of an image stored with this EXIF orientation."""
    return (height, width) if orientation >= 5 else (width, height)


def _stored_size(image: Image.Image) -> tuple[int, int]:
    """Before orientation; newer Pillows give a TIFF's size after it, so the tags are asked."""
    tags = getattr(image, "tag_v2", {256: image.width, 257: image.height})
    return int(tags[256]), int(tags[257])


def _orientation(image: Image.Image) -> int:
    """Of a file that is not JPEG, from its tags or its EXIF block; one that is broken costs the orientation alone.

    Pillow's own ``getexif`` warns of a broken block without naming the file.
    """
    if (tags := getattr(image, "tag_v2", None)) is not None:
        value = tags.get(ORIENTATION_TAG, 1)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    block = image.info.get("exif")
    if not isinstance(block, bytes):
        try:
            value = Image.Image.getexif(image).get(ORIENTATION_TAG, 1)  # in text chunks of PNG, or in XMP
        except Exception:
            return 1
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    return jpeg.exif_orientation(block.removeprefix(b"Exif\0\0"))


def _damaged(error: Exception, name: str) -> ImageError:
    text = str(error).strip().rstrip(".") or type(error).__name__
    if text == NO_SIZE:
        return ImageError(name, "has no pixels, or a damaged header")
    if "truncated" in text.lower() or isinstance(error, EOFError) or "unexpected end" in text.lower():
        return ImageError(name, "is truncated")
    return ImageError(name, f"is damaged or of an unsupported kind ({text})")


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, name, error) from None


def _unreadable(path: Path, name: str, error: OSError) -> ImageError:
    if isinstance(error, FileNotFoundError):
        return ImageError(name, "no such file", "Check the path.")
    if path.is_dir():
        return ImageError(name, "is a folder, not an image", "Name a file.")
    return ImageError(name, f"cannot be opened ({error.strerror or error})", "Check the file and its permissions.")
