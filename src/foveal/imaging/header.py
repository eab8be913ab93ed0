"""What a file's header says of an image, without decoding it."""

import io
import os
from pathlib import Path
from typing import NamedTuple

from PIL import ImageFile

from foveal.errors import ImageError
from foveal.imaging import depth
from foveal.imaging.codecs import jpeg, tiff
from foveal.imaging.codecs.pillow import check_size, kind_of, open_file
from foveal.imaging.decode import HAS_ALPHA, check_jpeg, unreadable
from foveal.imaging.orientation import orientation_of, stored_size, upright

START_BYTES = 1 << 14
"""Enough to hold most JPEGs' headers; of a million files, every read counts."""
HEAD_BYTES = 1 << 18
"""Enough to hold a JPEG's header with its thumbnail and colour profile."""
OPEN = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Header(NamedTuple):
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


def read_size(source: Path | str | bytes, *, limit: int | None = None) -> tuple[int, int]:
    """Full (width, height) of an image as displayed, from its header alone; ``limit`` as for ``read_header``.

    Raises:
        ImageError: As ``decode`` does, except that damage behind the header goes unnoticed.
    """
    header = read_header(source, limit=limit)
    return header.width, header.height


def read_header(source: Path | str | bytes, *, limit: int | None = None) -> Header:
    """Size, format and mode of an image, without decoding it.

    Args:
        source: The path of a file, or the bytes of one.
        limit: Most pixels; None: as many as are decoded at once.

    Raises:
        ImageError: As ``decode`` does, except that damage behind the header goes unnoticed.
    """
    if isinstance(source, bytes):
        return _read(io.BytesIO(source), "image", limit)
    name = os.fspath(source)
    try:
        number = os.open(name, OPEN)
        try:
            start = os.read(number, START_BYTES)
            if start.startswith(jpeg.MAGIC) and (found := jpeg.read_header(start)) is not None:
                return _of_jpeg(found, name, limit)
            os.lseek(number, 0, os.SEEK_SET)
            with io.FileIO(number, closefd=False) as raw:
                return _read(raw, name, limit)
        finally:
            os.close(number)
    except OSError as error:
        raise unreadable(Path(name), name, error) from None


def _of_jpeg(found: jpeg.JpegHeader | None, name: str, limit: int | None) -> Header:
    found = check_jpeg(found, name, limit)
    mode = {1: "gray", 3: "colour"}.get(found.components, "CMYK")
    return Header(*upright(found.width, found.height, found.orientation), "JPEG", mode)


def _read(raw: io.FileIO | io.BytesIO, name: str, limit: int | None) -> Header:
    bands = 0
    try:
        with io.BufferedReader(raw) as file:
            head = raw.read(HEAD_BYTES) or b""  # past the buffer
            if not head:
                raise ImageError(name, "is empty (0 bytes)")
            if head.startswith(jpeg.MAGIC):
                return _of_jpeg(jpeg.read_header(head) or jpeg.read_header(head + file.read()), name, limit)
            if head.startswith(tiff.MAGICS) and (layout := tiff.read_layout(file, name)).beyond_pillow:
                check_size(layout.width, layout.height, name, limit)
                size, orientation = (layout.width, layout.height), layout.orientation
                kind, mode, bands = "TIFF", _mode_of(layout), layout.bands if layout.many else 0
            else:
                file.seek(0)
                image = open_file(file, head, name, limit)
                size, orientation = stored_size(image), orientation_of(image)
                kind, mode = kind_of(head), _mode(image)
    except OSError as error:
        raise unreadable(Path(name), name, error) from None
    return Header(*upright(*size, orientation), kind, mode, bands)


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
