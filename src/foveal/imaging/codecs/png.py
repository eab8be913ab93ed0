"""PNG files without what Pillow refuses: long texts and large colour profiles.

Pillow counts a text of over a megabyte (a workflow, a log) as an attack. Nothing in a text is shown, so all texts are
left out, whatever their length, but the one that may hold the orientation.
"""

import struct
import zlib
from collections.abc import Iterator

from foveal.errors import ImageError
from foveal.imaging.profile import MAX_PROFILE_BYTES

MAGIC = b"\x89PNG\r\n\x1a\n"
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
SHORT = 1 << 9
"""Bytes of a chunk that Pillow may have: unpacked at most 1032 times as long, which is below its limit."""
PILLOW_PROFILE_BYTES = 1 << 20
"""Unpacked, Pillow refuses more (``MAX_TEXT_CHUNK``)."""
EXIF_TEXT = b"Raw profile type exif"
MAX_EXIF_BYTES = 1 << 19
"""Of EXIF written as hexadecimal text: 64 KiB is the largest that a JPEG can hold."""


def without_long_texts(data: bytes, name: str) -> tuple[bytes, bytes]:
    """A PNG file that Pillow reads, and its colour profile where that is too large for Pillow; else empty.

    Raises:
        ImageError: Its colour profile unpacks to more than any real one: a decompression bomb.
    """
    chunks, profile = list(_chunks(data)), b""
    kept = []
    for start, stop, tag in chunks:
        body = data[start + 8 : stop - 4] if stop - start > SHORT and tag in (*TEXTS, b"iCCP") else b""
        if body and tag in TEXTS and not _is_exif(body, tag):
            continue
        if body and tag == b"iCCP":
            unpacked = _unpack_profile(body, name)
            if len(unpacked) > PILLOW_PROFILE_BYTES:
                profile = unpacked
                continue
        kept.append((start, stop))
    if len(kept) == len(chunks):
        return data, b""
    rest = data[chunks[-1][1] :]
    return b"".join([MAGIC, *(data[start:stop] for start, stop in kept), rest]), profile


def _chunks(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(start, stop, tag) of each whole chunk."""
    at = len(MAGIC)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        tag = data[at + 4 : at + 8]
        if at + 12 + length > len(data):
            return
        yield at, at + 12 + length, tag
        at += 12 + length


def _is_exif(body: bytes, tag: bytes) -> bool:
    """Whether this is EXIF as ImageMagick writes it, and no longer than that can be."""
    if not body.startswith(EXIF_TEXT + b"\0"):
        return False
    if tag != b"zTXt":
        return len(body) <= MAX_EXIF_BYTES
    return len(_unpack(body[len(EXIF_TEXT) + 2 :], MAX_EXIF_BYTES)) <= MAX_EXIF_BYTES


def _unpack_profile(body: bytes, name: str) -> bytes:
    unpacked = _unpack(body.partition(b"\0")[2][1:], MAX_PROFILE_BYTES)
    if len(unpacked) > MAX_PROFILE_BYTES:
        raise ImageError(
            name,
            f"has a colour profile that unpacks to more than {MAX_PROFILE_BYTES >> 20} MB, as no real one does",
            "Save it again without the profile.",
        )
    return unpacked


def _unpack(packed: bytes, limit: int) -> bytes:
    """At most one byte more than ``limit``; what a broken stream gives before it breaks."""
    try:
        return zlib.decompressobj().decompress(packed, limit + 1)
    except zlib.error:
        return b""
