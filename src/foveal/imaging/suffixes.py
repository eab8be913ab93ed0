"""Suffixes of image files."""

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
}
"""Correct suffixes by format, as ``decode.kind_of`` names it."""
IMAGE_SUFFIXES = frozenset(suffix for suffixes in SUFFIXES_OF.values() for suffix in suffixes)
"""Suffixes of files that are read as images, in lower case."""
