"""JPEG: the header, read without decoding, and pixels through libjpeg-turbo."""

import struct
from typing import NamedTuple

import numpy as np
import simplejpeg

from foveal.types.arrays import RGB

MAGIC = b"\xff\xd8\xff"
"""How every JPEG starts."""
PLAIN_FRAMES = frozenset((0xC0, 0xC1, 0xC2))
"""Start-of-frame markers that libjpeg-turbo decodes: baseline, extended, progressive (ITU T.81, table B.1)."""
OTHER_FRAMES = frozenset((0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))
"""Lossless, hierarchical and arithmetic-coded frames."""
STANDALONE = (0x01, *range(0xD0, 0xD9))
"""Markers without a segment: TEM, restart, start of image."""
PASSED = frozenset((0xC4, 0xDB, 0xDD, 0xE0, 0xFE))
"""Segments that most files have and that say nothing of size or colour: tables, APP0, comments."""
APP1, APP2, START_OF_SCAN, END_OF_IMAGE = 0xE1, 0xE2, 0xDA, 0xD9
PROFILE = b"ICC_PROFILE\0"
"""Begins an APP2 segment with a part of a colour profile; its number and how many there are follow (ICC.1, annex B)."""
END = b"\xff\xd9"
ORIENTATION_TAG = 0x0112
HARMLESS = "extraneous bytes before marker"
"""libjpeg's warning about padding that some cameras write; no pixel is lost."""
BAD_PROFILE = "bad ICC marker"
"""libjpeg's warning about a colour profile with parts missing."""
NO_END = "remature end of JPEG file"
"""libjpeg's warning when it runs out of bytes, before or after the last pixel."""
TAIL = 64
"""Bytes at the end in which the end marker is looked for; some cameras write a few after it."""


class JpegHeader(NamedTuple):
    """The contents of a JPEG's header.

    Attributes:
        width: Columns as stored, before orientation.
        height: Rows as stored.
        components: 1 gray, 3 colour, 4 CMYK or YCCK.
        orientation: EXIF orientation, 1 to 8.
        plain: Whether libjpeg-turbo can decode it to RGB: 8 bit, gray or colour, not lossless or arithmetic.
        profile: Embedded colour profile; empty: none, or an incomplete one.
    """

    width: int
    height: int
    components: int
    orientation: int
    plain: bool
    profile: bytes = b""


def read_header(data: bytes) -> JpegHeader | None:
    """Walk the segments up to the frame header; None where the bytes end before it."""
    at, orientation = 2, 1
    profile: dict[int, bytes] = {}
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            at += 1
            continue
        marker = data[at + 1]
        if marker in PASSED:
            at += 2 + max(2, data[at + 2] << 8 | data[at + 3])
            continue
        if marker in (0xFF, 0x00) or marker in STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in (START_OF_SCAN, END_OF_IMAGE):
            return None
        length = data[at + 2] << 8 | data[at + 3]
        body = at + 4
        if marker in PLAIN_FRAMES or marker in OTHER_FRAMES:
            if body + 6 > len(data):
                return None
            depth, height, width, components = struct.unpack_from(">BHHB", data, body)
            plain = marker in PLAIN_FRAMES and depth == 8 and components in (1, 3)
            return JpegHeader(width, height, components, orientation, plain, _joined(profile))
        if marker == APP1 and data[body : body + 6] == b"Exif\0\0":
            orientation = exif_orientation(data[body + 6 : at + 2 + length])
        elif marker == APP2 and data.startswith(PROFILE, body) and length > 16:
            profile[data[body + 12] << 8 | data[body + 13]] = data[body + 14 : at + 2 + length]
        at += 2 + max(2, length)
    return None


def _joined(parts: dict[int, bytes]) -> bytes:
    """Parts of a profile by (number, how many) in 16 bits; empty unless all are there."""
    if not parts:
        return b""
    count = len(parts)
    wanted = [number << 8 | count for number in range(1, count + 1)]
    return b"".join(parts[key] for key in wanted) if parts.keys() == set(wanted) else b""


def _without_profile(data: bytes) -> bytes:
    """The file without the segments of its colour profile."""
    at, kept = 2, [data[:2]]
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (START_OF_SCAN, *STANDALONE, 0xFF, 0x00):
        (length,) = struct.unpack_from(">H", data, at + 2)
        if data[at + 1] != APP2 or not data.startswith(PROFILE, at + 4):
            kept.append(data[at : at + 2 + length])
        at += 2 + length
    return b"".join([*kept, data[at:]])


def exif_orientation(block: bytes, default: int = 1) -> int:
    """Orientation, 1 to 8, in the first directory of an EXIF (TIFF) block; the default where none is valid."""
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return default
    (start,) = struct.unpack_from(order + "I", block, 4)
    if start + 2 > len(block):
        return default
    (count,) = struct.unpack_from(order + "H", block, start)
    for entry in range(start + 2, min(start + 2 + 12 * count, len(block) - 11), 12):
        tag, kind = struct.unpack_from(order + "HH", block, entry)
        if tag == ORIENTATION_TAG:
            (value,) = struct.unpack_from(order + ("I" if kind == 4 else "H"), block, entry + 8)
            return int(value) if 1 <= value <= 8 else default
    return default


def decode_jpeg(data: bytes, header: JpegHeader, *, min_side: int = 0, buffer: RGB | None = None) -> RGB:
    """Pixels as stored, without orientation.

    Args:
        data: The whole file.
        header: Of that file; must be ``plain``.
        min_side: Shorter side that is enough, in pixels. libjpeg then leaves out whole octaves of detail: a half, a
            quarter or an eighth of the size, which is exact box filtering in the frequency domain and cheap. Odd
            scales are slower than full size, so they are never used. 0: full size.
        buffer: Written into, if given: (H, W, 3).

    Raises:
        ValueError: Truncated or corrupt; in libjpeg's own words.
    """
    least_h, least_w = 0, 0
    for factor in (8, 4, 2):
        if 0 < min_side <= min(header.width, header.height) // factor:
            least_h, least_w = -(-header.height // factor), -(-header.width // factor)
            break
    into = {"min_height": least_h, "min_width": least_w, "buffer": buffer}
    try:
        pixels = simplejpeg.decode_jpeg(data, "RGB", strict=True, **into)
    except ValueError as error:
        if BAD_PROFILE in str(error) and (bare := _without_profile(data)) != data:
            return decode_jpeg(bare, header, min_side=min_side, buffer=buffer)
        if HARMLESS in str(error):
            pixels = simplejpeg.decode_jpeg(data, "RGB", strict=False, **into)
        elif NO_END in str(error) and has_all_scans(data):
            try:
                pixels = simplejpeg.decode_jpeg(_ended(data), "RGB", strict=True, **into)
            except ValueError:
                raise error from None
        else:
            raise
    return np.asarray(pixels, np.uint8)


def with_end(data: bytes, header: JpegHeader) -> bytes:
    """A file of four components with its end marker; Pillow, which reads these, does not tell whether all is there.

    Raises:
        ValueError: It is truncated.
    """
    if header.components != 4 or END in data[-TAIL:]:
        return data
    if not has_all_scans(data):
        raise ValueError("Premature end of JPEG file")
    ended = _ended(data)
    simplejpeg.decode_jpeg(ended, "CMYK", strict=True)
    return ended


def has_all_scans(data: bytes) -> bool:
    """Whether the scans that have begun give every coefficient of every component to its last bit.

    A progressive file that ends between two scans decodes without a warning, only coarser.
    """
    at, components, done = 2, 0, dict[tuple[int, int], int]()
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker in (0x00, 0xFF) or marker in STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        length = data[at + 2] << 8 | data[at + 3]
        body = at + 4
        if marker in PLAIN_FRAMES and body + 6 <= len(data):
            components = data[body + 5]
        elif marker == START_OF_SCAN and body + 2 * data[body] + 4 <= len(data):
            count = data[body]
            first, last, bits = data[body + 1 + 2 * count : body + 4 + 2 * count]
            for place in range(count):
                for coefficient in range(first, last + 1):
                    done[data[body + 1 + 2 * place], coefficient] = bits & 15
        at += 2 + max(2, length)
    return components > 0 and len(done) == 64 * components and not any(done.values())


def _ended(data: bytes) -> bytes:
    """With an end marker where the scan data end: before the zeros that a broken copy may have left.

    Zeros decode as grey blocks, so with them a truncated file would pass for a whole one. A zero that belongs to the
    data follows 0xff, which stands for itself that way.
    """
    body = data.rstrip(b"\0")
    if body.endswith(b"\xff") and len(body) < len(data):
        body += b"\0"
    return body + END
