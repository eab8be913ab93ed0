"""JPEG: the header, read without decoding, and pixels through libjpeg-turbo."""

import struct
from dataclasses import dataclass

import numpy as np
import simplejpeg

from foveal.types.arrays import RGB

MAGIC = b"\xff\xd8\xff"
"""How every JPEG starts."""
PLAIN_FRAMES = (0xC0, 0xC1, 0xC2)
"""Start-of-frame markers that libjpeg-turbo decodes: baseline, extended, progressive (ITU T.81, table B.1)."""
OTHER_FRAMES = (0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
"""Lossless, hierarchical and arithmetic-coded frames."""
STANDALONE = (0x01, *range(0xD0, 0xD9))
"""Markers without a segment: TEM, restart, start of image."""
APP1, START_OF_SCAN, END_OF_IMAGE = 0xE1, 0xDA, 0xD9
ORIENTATION_TAG = 0x0112
HARMLESS = "extraneous bytes before marker"
"""libjpeg's warning about padding that some cameras write; no pixel is lost."""


@dataclass(frozen=True)
class JpegHeader:
    """The contents of a JPEG's header.

    Attributes:
        width: Columns as stored, before orientation.
        height: Rows as stored.
        components: 1 gray, 3 colour, 4 CMYK or YCCK.
        orientation: EXIF orientation, 1 to 8.
        plain: Whether libjpeg-turbo can decode it to RGB: 8 bit, gray or colour, not lossless or arithmetic.
    """

    width: int
    height: int
    components: int
    orientation: int
    plain: bool


def read_header(data: bytes) -> JpegHeader | None:
    """Walk the segments up to the frame header; None where the bytes end before it."""
    at, orientation = 2, 1
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            at += 1
            continue
        marker = data[at + 1]
        if marker in (0xFF, 0x00) or marker in STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in (START_OF_SCAN, END_OF_IMAGE):
            return None
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = at + 4
        if marker in PLAIN_FRAMES or marker in OTHER_FRAMES:
            if body + 6 > len(data):
                return None
            depth, height, width, components = struct.unpack_from(">BHHB", data, body)
            plain = marker in PLAIN_FRAMES and depth == 8 and components in (1, 3)
            return JpegHeader(width, height, components, orientation, plain)
        if marker == APP1 and data[body : body + 6] == b"Exif\0\0":
            orientation = exif_orientation(data[body + 6 : at + 2 + length])
        at += 2 + max(2, length)
    return None


def exif_orientation(block: bytes) -> int:
    """Orientation, 1 to 8, in the first directory of an EXIF (TIFF) block; 1 where there is none that is valid."""
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return 1
    (start,) = struct.unpack_from(order + "I", block, 4)
    if start + 2 > len(block):
        return 1
    (count,) = struct.unpack_from(order + "H", block, start)
    for entry in range(start + 2, min(start + 2 + 12 * count, len(block) - 11), 12):
        tag, kind = struct.unpack_from(order + "HH", block, entry)
        if tag == ORIENTATION_TAG:
            (value,) = struct.unpack_from(order + ("I" if kind == 4 else "H"), block, entry + 8)
            return int(value) if 1 <= value <= 8 else 1
    return 1


def decode_jpeg(data: bytes, header: JpegHeader, *, min_side: int = 0) -> RGB:
    """Pixels as stored, without orientation.

    Args:
        data: The whole file.
        header: Of that file; must be ``plain``.
        min_side: Shorter side that is enough, in pixels. libjpeg then leaves out whole octaves of detail: a half, a
            quarter or an eighth of the size, which is exact box filtering in the frequency domain and cheap. Odd
            scales are slower than full size, so they are never used. 0: full size.

    Raises:
        ValueError: Truncated or corrupt; in libjpeg's own words.
    """
    least_h, least_w = 0, 0
    for factor in (8, 4, 2):
        if 0 < min_side <= min(header.width, header.height) // factor:
            least_h, least_w = -(-header.height // factor), -(-header.width // factor)
            break
    try:
        pixels = simplejpeg.decode_jpeg(data, "RGB", min_height=least_h, min_width=least_w, strict=True)
    except ValueError as error:
        if HARMLESS not in str(error):
            raise
        pixels = simplejpeg.decode_jpeg(data, "RGB", min_height=least_h, min_width=least_w, strict=False)
    return np.asarray(pixels, np.uint8)
