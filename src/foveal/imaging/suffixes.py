"""Suffixes of image files."""

from importlib.util import find_spec

SUFFIXES_OF = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    "WebP": (".webp",),
    "PNM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "JPEG 2000": (".jp2", ".j2k"),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
}
"""Correct suffixes by format, as ``codecs.pillow.kind_of`` names it."""
READS_HEIF = find_spec("pillow_heif") is not None
"""Whether the extra ``heic`` is installed."""
IMAGE_SUFFIXES = frozenset(
    suffix for kind, suffixes in SUFFIXES_OF.items() if kind != "HEIF" or READS_HEIF for suffix in suffixes
)
"""Suffixes of files that are read as images, in lower case."""
