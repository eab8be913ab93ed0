"""Pillow's readers, chosen by a file's first bytes, and what is wrong with a file in words.

Nothing here touches Pillow's global settings, so any number of threads may open images at once.
"""

from collections.abc import Callable
from importlib import import_module
from io import BytesIO
from typing import BinaryIO

from PIL import ImageFile

from foveal.errors import ImageError
from foveal.imaging.codecs import jpeg, png, tiff

MAX_PIXELS = 100_000_000
"""Largest image that is decoded, 300 MB as RGB; checked in the header, so a decompression bomb never goes off."""
TOO_LARGE = (
    "Detect and segment in it with --tile SIDE, which reads it part by part; else shrink it or cut it into parts."
)
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
FRAMES = (
    "To predict on it, give it the ending of a video, such as .mp4; or extract frames: ffmpeg -i VIDEO frame_%04d.jpg."
)
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
NO_SIZE = "not identified by this driver"
"""Pillow's message for a width or height of zero."""
EXIF_GROUPS = {34665, 34853, 40965}
"""Tags of a TIFF that point to further ones: of EXIF, of its place on Earth, of compatibility."""


class TooLargeError(ImageError):
    """An image with more pixels than are decoded at once; ``windows`` reads it part by part."""


def kind_of(head: bytes) -> str:
    """Name of a file's format by its first 16 bytes, such as ``PNG``; empty where Foveal does not read it."""
    return next((kind for magic, kind, *_ in READERS if _matches(head, magic)), "")


def open_file(file: BinaryIO, head: bytes, name: str, limit: int | None = None) -> ImageFile.ImageFile:
    """Open a file without decoding it.

    Args:
        file: The file, at its start.
        head: Its first bytes.
        name: Name in messages.
        limit: Most pixels; None: as many as are decoded at once.

    Raises:
        ImageError: It is of another format, too large, or damaged.
    """
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
                    raise damaged(error, name) from None
                image = _reopen_png(factory, file, name)
            check_size(image.width, image.height, name, limit)
            return image
    for magic, kind, hint in FOREIGN:
        if _matches(head, magic):
            why = "not an image" if hint == FRAMES else "which Foveal does not read"
            raise ImageError(name, f"is {kind}, {why}", hint)
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
        return _quietly(factory, BytesIO(png.without_long_texts(file.read(), name)[0]))
    except ImageError:
        raise
    except Exception as error:  # plugins raise any exception on broken files
        raise damaged(error, name) from None


def _matches(head: bytes, magic: bytes) -> bool:
    return len(head) >= len(magic) and all(m in (ord("?"), h) for m, h in zip(magic, head, strict=False))


def check_size(width: int, height: int, name: str, limit: int | None = None) -> None:
    """Refuse an image without pixels, or with more than ``limit``; None: than are decoded at once.

    Raises:
        ImageError: It has none.
        TooLargeError: It has too many.
    """
    if width < 1 or height < 1:
        raise ImageError(name, f"has no pixels ({width} x {height})")
    limit = MAX_PIXELS if limit is None else limit
    if width * height > limit:
        raise TooLargeError(name, f"is {width} x {height} pixels, over the limit of {limit:,}", TOO_LARGE)


def damaged(error: Exception, name: str) -> ImageError:
    """What an exception of a reader means, in words."""
    text = str(error).strip().rstrip(".") or type(error).__name__
    if text == NO_SIZE:
        return ImageError(name, "has no pixels, or a damaged header")
    if "truncated" in text.lower() or isinstance(error, EOFError) or "unexpected end" in text.lower():
        return ImageError(name, "is truncated")
    return ImageError(name, f"is damaged or of an unsupported kind ({text})")
