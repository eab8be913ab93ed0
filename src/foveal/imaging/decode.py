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
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Self

import numpy as np
from PIL import Image, ImageFile

from foveal.errors import ImageError
from foveal.imaging import depth, jpeg, png, profile, tiff
from foveal.types.arrays import RGB, Array
from foveal.types.reading import AS_STORED, Reading

MAX_PIXELS = 100_000_000
"""Largest image that is decoded, 300 MB as RGB; checked in the header, so a decompression bomb never goes off."""
TOO_LARGE = (
    "Detect and segment in it with --tile SIDE, which reads it part by part; else shrink it or cut it into parts."
)
LARGE_FILE_BYTES = 1 << 25
"""Of a TIFF larger than this the tags are read before the rest, which may be gigabytes."""
HEAD_BYTES = 1 << 18
"""Enough to hold a JPEG's header with its thumbnail and colour profile."""
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1")
"""Of HEIF files (ISO/IEC 23008-12, annex B); AVIF has its own reader."""
READERS = (
    (png.MAGIC, "PNG", "PngImagePlugin", "PngImageFile"),
    (b"GIF8", "GIF", "GifImagePlugin", "GifImageFile"),
    (b"BM", "BMP", "BmpImagePlugin", "BmpImageFile"),
    *((magic, "TIFF", "TiffImagePlugin", "TiffImageFile") for magic in tiff.MAGICS),
    (b"RIFF????WEBP", "WebP", "WebPImagePlugin", "WebPImageFile"),
    *((b"P%d" % digit, "PNM", "PpmImagePlugin", "PpmImageFile") for digit in range(1, 7)),
    (b"\0\0\0\x0cjP  ", "JPEG 2000", "Jpeg2KImagePlugin", "Jpeg2KImageFile"),
    (b"\xff\x4f\xff\x51", "JPEG 2000", "Jpeg2KImagePlugin", "Jpeg2KImageFile"),
    (b"????ftypavif", "AVIF", "AvifImagePlugin", "AvifImageFile"),
    *((b"????ftyp" + brand, "HEIF", "", "HeifImageFile") for brand in HEIF_BRANDS),
    (jpeg.MAGIC, "JPEG", "JpegImagePlugin", "JpegImageFile"),
)
"""First bytes (? stands for any), name, and Pillow's reader. Readers that run programs (EPS, WMF) are left out."""
CONVERT = "Convert it to JPEG or PNG."
FRAMES = "Extract frames and predict on them, such as with ffmpeg -i VIDEO frame_%04d.jpg."
FOREIGN = (
    (b"\xff\x0a", "a JPEG XL image", CONVERT),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image", CONVERT),
    (b"MM\0+", "a big-endian BigTIFF", CONVERT),
    (b"%PDF", "a PDF", CONVERT),
    (b"8BPS", "a Photoshop file", CONVERT),
    (b"<svg", "an SVG drawing", CONVERT),
    (b"PK\3\4", "a ZIP archive", "Unpack it."),
    (b"????ftyp", "a video", FRAMES),
    (b"RIFF????AVI ", "a video", FRAMES),
    (b"\x1a\x45\xdf\xa3", "a video", FRAMES),
)
"""Formats that Foveal does not read, for messages, and what to do."""
HEIC_EXTRA = "Install it (pip install 'foveal[heic]'), or convert the image to JPEG or PNG."
ORIENTATION_TAG = jpeg.ORIENTATION_TAG
NO_SIZE = "not identified by this driver"
"""Pillow's message for a width or height of zero."""
EXIF_GROUPS = {34665, 34853, 40965}
"""Tags of a TIFF that point to further ones: of EXIF, of its place on Earth, of compatibility."""
XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:=\"|>)([1-8])")
_LOADING = Lock()
"""A Pillow image loads once; two threads doing so at the same time would corrupt it."""
HAS_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")


class TooLargeError(ImageError):
    """An image with more pixels than are decoded at once; ``windows`` reads it part by part."""


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
    data = _read_bytes(source, name) if isinstance(source, Path) else source
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
    data = _read_bytes(source, name) if isinstance(source, Path) else source
    if not data or data.startswith(jpeg.MAGIC):
        return None
    try:
        return _find_deep(data, name, reading)[1]
    except ImageError:
        raise
    except Exception as error:  # plugins raise any exception on broken files
        raise _damaged(error, name) from None


def decode_image(image: Image.Image, *, reading: Reading = AS_STORED) -> Decoded:
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
        if depth.is_deep_gray(image):
            pixels, guessed = _from_deep(depth.read_deep_gray(image), reading)
        else:
            pixels, guessed = _to_rgb(image), None
        pixels = orient(pick_bands(pixels, num_bands(image.mode), reading, name), orientation_of(image))
        return Decoded.full(pixels, guessed)
    except ImageError:
        raise
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
        bands: Of a TIFF with others than gray, RGB and transparency their number; else 0.
    """

    width: int
    height: int
    kind: str
    mode: str
    bands: int = 0

    @property
    def text(self) -> str:
        """Format and mode in words, such as ``PNG colour`` or ``TIFF deep of 8 bands``."""
        return f"{self.kind} {self.mode}" + (f" of {self.bands} bands" if self.bands else "")


def read_size(source: Path | bytes, *, limit: int | None = None) -> tuple[int, int]:
    """Full (width, height) of an image as displayed, from its header alone; ``limit`` as for ``read_header``.

    Raises:
        ImageError: As ``decode`` does, except that damage behind the header goes unnoticed.
    """
    header = read_header(source, limit=limit)
    return header.width, header.height


def read_header(source: Path | bytes, *, limit: int | None = None) -> Header:
    """Size, format and mode of an image, without decoding it.

    Args:
        source: A file, or the bytes of one.
        limit: Most pixels; None: as many as are decoded at once.

    Raises:
        ImageError: As ``decode`` does, except that damage behind the header goes unnoticed.
    """
    name, bands = str(source) if isinstance(source, Path) else "image", 0
    try:
        with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file:
            head = file.read(HEAD_BYTES)
            if not head:
                raise ImageError(name, "is empty (0 bytes)")
            if head.startswith(jpeg.MAGIC):
                found = jpeg.read_header(head) or jpeg.read_header(head + file.read())
                found = _check_jpeg(found, name, limit)
                size, orientation = (found.width, found.height), found.orientation
                kind, mode = "JPEG", {1: "gray", 3: "colour"}.get(found.components, "CMYK")
            elif head.startswith(tiff.MAGICS) and (layout := tiff.read_layout(file, name)).beyond_pillow:
                _check_size(layout.width, layout.height, name, limit)
                size, orientation = (layout.width, layout.height), layout.orientation
                kind, mode, bands = "TIFF", _mode_of(layout), layout.bands if layout.many else 0
            else:
                file.seek(0)
                image = _open(file, head, name, limit)
                size, orientation = _stored_size(image), orientation_of(image)
                kind, mode = kind_of(head), _mode(image)
    except OSError as error:
        raise _unreadable(Path(name), name, error) from None
    return Header(*_upright(*size, orientation), kind, mode, bands)


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


def _decode_jpeg(data: bytes, name: str, min_side: MinSide, reading: Reading) -> Decoded:
    header = _check_jpeg(jpeg.read_header(data), name)
    if not header.plain:
        try:
            whole = jpeg.with_end(data, header)
        except ValueError:
            raise ImageError(name, "is truncated") from None
        return _decode_other(whole, name, reading, header)
    size = _upright(header.width, header.height, header.orientation)
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


def _check_jpeg(header: jpeg.JpegHeader | None, name: str, limit: int | None = None) -> jpeg.JpegHeader:
    if header is None:
        raise ImageError(name, "is truncated: the JPEG ends before its frame header")
    _check_size(header.width, header.height, name, limit)
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
        raise _damaged(error, name) from None
    return Decoded.full(orient(pixels, orientation), guessed)


def _find_deep(data: bytes, name: str, reading: Reading) -> tuple[ImageFile.ImageFile | None, depth.Deep | None, int]:
    """Pillow's image, or the orientation where ``tiff`` has read the file; and the values, if they are deep."""
    if data.startswith(tiff.MAGICS):
        tiff.hush_libtiff()
        file = io.BytesIO(data)
        layout = tiff.read_layout(file, name)
        if layout.beyond_pillow or (reading.bands and layout.readable):
            _check_size(layout.width, layout.height, name)
            return None, tiff.read_values(file, layout, reading, name), layout.orientation
    elif data.startswith(png.MAGIC):
        data, large_profile = png.without_long_texts(data, name)
        if large_profile:
            image = _open(io.BytesIO(data), data, name)
            image.info["icc_profile"] = large_profile
            return image, _deep_of(image, data, name), 1
    image = _open(io.BytesIO(data), data, name)
    return image, _deep_of(image, data, name), 1


def _deep_of(image: ImageFile.ImageFile, data: bytes, name: str) -> depth.Deep | None:
    return depth.read_deep(image, _open(io.BytesIO(data), data, name)) if depth.is_deep(image) else None


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
    image = _open(io.BytesIO(data), data, name, limit)
    deep = depth.is_deep(image)
    try:
        image.load()
    except Exception as error:  # plugins raise any exception on broken files
        raise _damaged(error, name) from None
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


def _open(file: BinaryIO, head: bytes, name: str, limit: int | None = None) -> ImageFile.ImageFile:
    for magic, kind, module, reader in READERS:
        if _matches(head, magic):
            try:
                factory = getattr(import_module(f"PIL.{module}" if module else "pillow_heif.as_plugin"), reader)
            except ImportError:
                if kind == "HEIF":
                    raise ImageError(name, "is a HEIF image, which needs pillow-heif", HEIC_EXTRA) from None
                raise ImageError(
                    name, f"is {kind}, which this build of Pillow does not support", "Update Pillow."
                ) from None
            try:
                image = _quietly(factory, file)
            except Exception as error:  # plugins raise any exception on broken files
                if kind != "PNG" or not isinstance(error, ValueError):
                    raise _damaged(error, name) from None
                image = _reopen_png(factory, file, name)
            _check_size(image.width, image.height, name, limit)
            return image
    for magic, kind, hint in FOREIGN:
        if _matches(head, magic):
            raise ImageError(name, f"is {kind}, which Foveal does not read", hint)
    raise ImageError(name, f"is not an image (starts with {head[:12]!r})")


def _quietly(factory: Callable[[BinaryIO, str], ImageFile.ImageFile], file: BinaryIO) -> ImageFile.ImageFile:
    """Open without Pillow's warnings, which name no file."""
    with tiff.muted():
        image = factory(file, "")
        if image.format == "TIFF":
            exif = image.getexif()
            for group in EXIF_GROUPS & exif.keys():  # loading would read these too, and warn if they are broken
                del exif[group]
    return image


def _reopen_png(
    factory: Callable[[BinaryIO, str], ImageFile.ImageFile], file: BinaryIO, name: str
) -> ImageFile.ImageFile:
    """Of a file whose header alone was to be read: once more, without its long texts."""
    file.seek(0)
    try:
        return _quietly(factory, io.BytesIO(png.without_long_texts(file.read(), name)[0]))
    except ImageError:
        raise
    except Exception as error:  # plugins raise any exception on broken files
        raise _damaged(error, name) from None


def _matches(head: bytes, magic: bytes) -> bool:
    return len(head) >= len(magic) and all(m in (ord("?"), h) for m, h in zip(magic, head, strict=False))


def _check_size(width: int, height: int, name: str, limit: int | None = None) -> None:
    if width < 1 or height < 1:
        raise ImageError(name, f"has no pixels ({width} x {height})")
    limit = MAX_PIXELS if limit is None else limit
    if width * height > limit:
        raise TooLargeError(name, f"is {width} x {height} pixels, over the limit of {limit:,}", TOO_LARGE)


def _mode(image: ImageFile.ImageFile) -> str:
    if depth.is_deep(image):
        return "deep"
    if image.mode in HAS_ALPHA or "transparency" in image.info:
        return "transparent"
    return {"1": "gray", "L": "gray", "P": "palette", "CMYK": "CMYK"}.get(image.mode, "colour")


def _mode_of(layout: tiff.Layout) -> str:
    if layout.bits > 8 or (layout.dtype is not None and layout.dtype.kind != "u"):
        return "deep"
    return "gray" if layout.bands < 3 else "colour"


def flatten(pixels: Array) -> RGB:
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


def orientation_of(image: Image.Image) -> int:
    """Of an image that is no plain JPEG; by our own parser, since Pillow's warns, and PNG's reads all pixels."""
    value: object = 1
    if hasattr(image, "tag_v2"):  # of a TIFF; 1 once Pillow has loaded and turned it
        try:
            with tiff.muted():
                value = Image.Image.getexif(image).get(ORIENTATION_TAG, 1)
        except Exception:  # a broken EXIF block costs the orientation, not the image
            return 1
    else:
        text = image.info.get("Raw profile type exif")
        block = image.info.get("exif")
        if block is None and isinstance(text, str):
            try:
                block = bytes.fromhex("".join(text.split("\n")[3:]))
            except ValueError:
                block = b""
        found = jpeg.exif_orientation(block.removeprefix(b"Exif\0\0"), default=0) if isinstance(block, bytes) else 0
        value = found or _xmp_orientation(image)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _xmp_orientation(image: Image.Image) -> int:
    packet = image.info.get("XML:com.adobe.xmp") or image.info.get("xmp") or b""
    match = XMP_ORIENTATION.search(packet.encode() if isinstance(packet, str) else packet)
    return int(match[1]) if match else 1


def _damaged(error: Exception, name: str) -> ImageError:
    text = str(error).strip().rstrip(".") or type(error).__name__
    if text == NO_SIZE:
        return ImageError(name, "has no pixels, or a damaged header")
    if "truncated" in text.lower() or isinstance(error, EOFError) or "unexpected end" in text.lower():
        return ImageError(name, "is truncated")
    return ImageError(name, f"is damaged or of an unsupported kind ({text})")


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            if file.peek(4)[:4] in tiff.MAGICS and os.fstat(file.fileno()).st_size > LARGE_FILE_BYTES:
                layout = tiff.read_layout(file, name)
                _check_size(layout.width, layout.height, name)
                file.seek(0)
            return file.read()
    except OSError as error:
        raise _unreadable(path, name, error) from None


def _unreadable(path: Path, name: str, error: OSError) -> ImageError:
    if isinstance(error, FileNotFoundError):
        return ImageError(name, "no such file", "Check the path.")
    if path.is_dir():
        return ImageError(name, "is a folder, not an image", "Name a file.")
    return ImageError(name, f"cannot be opened ({error.strerror or error})", "Check the file and its permissions.")
