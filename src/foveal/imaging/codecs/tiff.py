"""TIFF as layers of numbers: any number of bands, any depth, and any part of a large file without the rest.

Pillow reads the tags, and TIFFs that are ordinary images. What it cannot (four and more bands, floating-point colour,
16-bit planes, 64 bits) is read here strip by strip or tile by tile. Compressed strips are handed to Pillow's libtiff as
one-strip files of gray bytes, so that no codec is written again. See docs/decisions/0022-deep-and-many-bands.md.

Shapes: H W height and width, C bands, h w of a segment (a strip or a tile).
"""

import ctypes
import io
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, TiffImagePlugin

from foveal.errors import ImageError
from foveal.imaging.depth import GDAL_NODATA, MAX_SAMPLE_VALUE, Deep, declared_value, nodata_value
from foveal.types.arrays import Array
from foveal.types.reading import Reading

MAGICS = (b"II*\0", b"MM\0*", b"II+\0")
WHITE_IS_ZERO, BLACK_IS_ZERO, COLOUR = 0, 1, 2
"""Photometric interpretations of bands that are numbers (TIFF 6.0)."""
NONE, DEFLATE, OLD_DEFLATE, LZW, PACKBITS, LZMA, ZSTD = 1, 8, 32946, 5, 32773, 34925, 50000
BYTES = (LZW, PACKBITS, LZMA, ZSTD)
"""Compressions of bytes as such, which libtiff undoes whatever the bytes mean."""
JPEG = (6, 7)
ALPHA = (1, 2)
"""Kinds of extra samples that are transparency."""
KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}
"""NumPy's kind of number by TIFF's sample format; 4 is undefined, which is read as unsigned."""
COMPLEX = (5, 6)
COPIED_TAGS = (258, 262, 266, 277, 284, 317, 320, 338, 339, 347, 530, 531, 532)
"""What a segment needs to be a file of its own: depth, colours, bands, predictor, palette, JPEG tables, YCbCr."""
_MUTED = Lock()
"""Python mutes warnings for the whole process, so one thread at a time does."""


@contextmanager
def muted() -> Iterator[None]:
    """Without Pillow's warnings, which name no file."""
    with _MUTED, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def hush_libtiff() -> None:
    """Keep libtiff from writing to standard error what Pillow raises as an error anyway; where it can be found."""
    beside = Path(Image.__file__).parent.parent / "pillow.libs"
    for library in (*map(str, beside.glob("libtiff*.so*")), "libtiff.so.6", "libtiff.so.5"):
        try:
            found = ctypes.CDLL(library, mode=getattr(os, "RTLD_NOLOAD", 0))  # the one that Pillow has loaded
            found.TIFFSetErrorHandler(None)
        except (OSError, AttributeError):
            continue


@dataclass(frozen=True)
class Layout:
    """What the tags of a TIFF's first image say.

    Attributes:
        width: Columns as stored.
        height: Rows as stored.
        bands: C.
        dtype: Type of a value, with its byte order; None: not a whole number of bytes, or complex.
        bits: Of a value.
        photometric: What bands mean.
        compression: TIFF's number of it.
        planar: Whether each band is stored by itself.
        predictor: 1 none, 2 differences, 3 differences of floating-point bytes.
        alpha: Whether the last band is transparency.
        block: (width, height) of a segment, a strip or a tile; the last strip is lower.
        tiled: Whether segments are tiles, all of one size.
        offsets: Where each segment begins.
        lengths: Bytes of each segment.
        orientation: 1 to 8.
        declared: Largest value, as the file declares it; 0: undeclared.
        nodata: GDAL's nodata value.
        profile: Embedded colour profile.
        tags: All of them.
    """

    width: int
    height: int
    bands: int
    dtype: np.dtype[Any] | None
    bits: int
    photometric: int
    compression: int
    planar: bool
    predictor: int
    alpha: bool
    block: tuple[int, int]
    tiled: bool
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]
    orientation: int
    declared: float
    nodata: float | None
    profile: bytes
    tags: TiffImagePlugin.ImageFileDirectory_v2

    @property
    def is_numbers(self) -> bool:
        """Whether bands are gray or colour values: no palette, no CMYK, no YCbCr."""
        return self.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, COLOUR)

    @property
    def readable(self) -> bool:
        """Whether its values are numbers that are read here."""
        known = self.compression in (NONE, DEFLATE, OLD_DEFLATE, *BYTES) and int(self.tags.get(266, 1)) == 1
        return self.is_numbers and self.dtype is not None and known

    @property
    def many(self) -> bool:
        """Whether it is neither gray nor RGB, with or without transparency."""
        plain = (1, 2) if self.photometric != COLOUR else (3, 4)
        return self.is_numbers and (self.bands not in plain or (plain == (1, 2) and self.bands == 2 and not self.alpha))

    @property
    def spare(self) -> bool:
        """Whether the last band is neither a colour nor, by its tag, transparency; or gray's transparency."""
        return self.bands == 2 or (self.bands == 4 and not self.alpha and 338 in self.tags)

    @property
    def beyond_pillow(self) -> bool:
        """Whether Pillow would refuse it, or misread it without a word."""
        if not self.is_numbers:
            return self.bands > 4
        colour_or_alpha, kind = self.bands > 1, self.dtype.kind if self.dtype is not None else ""
        return (
            self.many
            or self.bits == 64
            or (self.bits == 32 and (kind == "u" or colour_or_alpha))
            or (self.bits == 16 and (kind == "f" or (colour_or_alpha and (self.planar or kind == "i" or self.spare))))
            or (self.bits == 8 and kind == "i")
        )

    @property
    def across(self) -> int:
        """Segments side by side."""
        return -(-self.width // self.block[0])

    @property
    def down(self) -> int:
        """Segments below each other."""
        return -(-self.height // self.block[1])


def read_layout(file: BinaryIO, name: str) -> Layout:
    """The tags of a file's first image.

    Raises:
        ImageError: They are damaged.
    """
    try:
        file.seek(0)
        head = file.read(16)
        head = head if b"+" in head[2:4] else head[:8]
        with muted():
            tags = TiffImagePlugin.ImageFileDirectory_v2(head)
            file.seek(tags.next)
            tags.load(file)
            return _layout(tags, head)
    except (SyntaxError, OSError, KeyError, ValueError, TypeError, IndexError, struct.error, OverflowError):
        raise ImageError(name, "is truncated, or a TIFF with damaged tags") from None


def _layout(tags: TiffImagePlugin.ImageFileDirectory_v2, head: bytes) -> Layout:
    def one(tag: int, default: int) -> int:
        value = tags.get(tag, default)
        return int(value[0] if isinstance(value, tuple) else value)

    def many(tag: int) -> tuple[int, ...]:
        value = tags.get(tag, ())
        return tuple(value) if isinstance(value, tuple) else (int(value),)

    bits, kind, bands = one(258, 1), KINDS.get(one(339, 1), ""), one(277, 1)
    width, height = int(tags[256]), int(tags[257])
    tiled = 322 in tags
    if (324 if tiled else 273) not in tags:
        raise KeyError("no strips")
    extra = many(338)
    order = "<" if head[:2] == b"II" else ">"
    whole = bits in (8, 16, 32, 64) and kind and (kind != "f" or bits > 8) and len(set(many(258) or (1,))) == 1
    return Layout(
        width,
        height,
        bands,
        np.dtype(f"{order}{kind}{bits // 8}") if whole else None,
        bits,
        one(262, 1),
        one(259, NONE),
        one(284, 1) == 2 and bands > 1,
        one(317, 1),
        bool(extra) and extra[-1] in ALPHA,
        (one(322, 1), one(323, 1)) if tiled else (width, min(one(278, height), height) or height),
        tiled,
        many(324 if tiled else 273),
        many(325 if tiled else 279),
        one(274, 1),
        declared_value(tags.get(MAX_SAMPLE_VALUE, 0)),
        nodata_value(tags.get(GDAL_NODATA)),
        bytes(tags.get(34675, b"") or b""),
        tags,
    )


def choose_bands(layout: Layout, reading: Reading, name: str) -> tuple[list[int], bool]:
    """Indices, from 0, of the bands that are red, green and blue (or one: gray), and whether the last band is alpha.

    Raises:
        ImageError: The file lacks a band that was chosen, or none was and the file does not say which are colours.
    """
    count = layout.bands
    if reading.bands:
        if max(reading.bands) > count:
            raise ImageError(*lacks_band(reading, count, name))
        return [band - 1 for band in reading.bands], False
    if not layout.many:
        alpha = layout.alpha and count in (2, 4)
        return list(range(3 if layout.photometric == COLOUR else 1)), alpha
    if layout.photometric == COLOUR and count > 3:
        return [0, 1, 2], False
    raise ImageError(
        name,
        f"has {count} bands; Foveal reads gray, RGB and RGBA",
        f"Choose the bands to train with, such as --data.bands {'4,3,2' if count > 3 else '1'}.",
    )


def lacks_band(reading: Reading, count: int, name: str) -> tuple[str, str, str]:
    """The words for a file with fewer bands than were chosen."""
    chosen, has = ",".join(map(str, reading.bands)), f"{count} band" + "s" * (count != 1)
    return (
        name,
        f"has {has}, and the bands {chosen} are read",
        "Choose other bands with --data.bands, or replace the file.",
    )


def read_values(file: BinaryIO, layout: Layout, reading: Reading, name: str) -> Deep:
    """All values of the chosen bands.

    Raises:
        ImageError: It is of an unsupported kind, truncated or damaged.
    """
    return read_part(file, layout, (0, 0, layout.width, layout.height), reading, name)


def read_part(
    file: BinaryIO, layout: Layout, box: tuple[int, int, int, int], reading: Reading, name: str, *, cache: Any = None
) -> Deep:
    """The values of the chosen bands in a part of the image, as stored.

    Args:
        file: Of the layout.
        layout: Its tags.
        box: (left, top, right, bottom) in stored pixels.
        reading: Which bands.
        name: In messages.
        cache: A mapping that keeps decoded segments, or None.

    Raises:
        ImageError: It is of an unsupported kind, truncated or damaged.
    """
    bands, alpha = choose_bands(layout, reading, name)
    wanted = [*bands, layout.bands - 1] if alpha else bands
    dtype = check_kind(layout, name)
    x1, y1, x2, y2 = box
    out = np.zeros((y2 - y1, x2 - x1, len(wanted)), dtype.newbyteorder("="))
    if layout.nodata is not None and 0 in layout.lengths and np.can_cast(np.min_scalar_type(layout.nodata), out.dtype):
        out[:] = layout.nodata
    wide, high = layout.block
    for row in range(y1 // high, -(-y2 // high)):
        for column in range(x1 // wide, -(-x2 // wide)):
            left, top = column * wide, row * high
            rows = slice(max(y1 - top, 0), min(y2 - top, high, layout.height - top))
            columns = slice(max(x1 - left, 0), min(x2 - left, wide))
            there = (slice(max(top - y1, 0), None), slice(max(left - x1, 0), None))
            for place, band in enumerate(wanted):
                plane = band if layout.planar else 0
                index = row * layout.across + column + plane * layout.across * layout.down
                values = _segment(file, layout, index, dtype, name, rows=rows, cache=cache)
                if values is None:
                    continue
                part = values[:, columns, 0 if layout.planar else band]
                out[there][: part.shape[0], : part.shape[1], place] = part
    values, opaque = (out[..., :-1], out[..., -1:]) if alpha else (out, None)
    if opaque is not None:
        full = 255.0 / (np.iinfo(out.dtype).max if out.dtype.kind != "f" else 1)
        opaque = np.clip(np.rint(opaque.astype(np.float64) * full), 0, 255).astype(np.uint8)
    inverted = layout.photometric == WHITE_IS_ZERO
    return Deep(values, opaque, layout.declared, layout.nodata, inverted=inverted)


def check_kind(layout: Layout, name: str) -> np.dtype[Any]:
    """The type of a file's values.

    Raises:
        ImageError: They cannot be read one by one.
    """
    if layout.dtype is None:
        format_, bits = int(layout.tags.get(339, (1,))[0]), layout.bits
        what = (
            "holds complex numbers" if format_ in COMPLEX else f"has bands of {bits} bits, which Foveal does not read"
        )
        raise ImageError(name, what, "Convert it to 8, 16 or 32 bits.")
    if not layout.is_numbers:
        raise ImageError(name, f"has {layout.bands} bands that are neither gray nor RGB", "Convert it to RGB.")
    if not layout.readable:
        how = "JPEG" if layout.compression in JPEG else f"scheme {layout.compression}"
        raise ImageError(
            name,
            f"is a TIFF of {layout.bands} bands compressed by {how}, which Foveal does not read",
            "Save it uncompressed, or compressed by deflate or LZW.",
        )
    return layout.dtype


def _segment(
    file: BinaryIO, layout: Layout, index: int, dtype: np.dtype[Any], name: str, *, rows: slice, cache: Any
) -> Array | None:
    """The rows of a segment, (h, w, C); C is 1 where bands are stored apart. None: it is left out (sparse)."""
    if index >= len(layout.offsets) or index >= len(layout.lengths):
        raise ImageError(name, "is truncated")
    if layout.lengths[index] == 0:
        return None
    if cache is not None and index in cache:
        whole: Array = cache[index]
        return whole[rows]
    wide, high = layout.block
    bands = 1 if layout.planar else layout.bands
    if not layout.tiled:
        high = min(high, layout.height - (index % layout.down) * high)
    row_bytes = wide * bands * dtype.itemsize
    if layout.compression == NONE:
        first, count = layout.offsets[index] + rows.start * row_bytes, rows.stop - rows.start
        return _bytes_of(file, first, count * row_bytes, name).view(dtype).reshape(count, wide, bands)
    file.seek(layout.offsets[index])
    data = _unpack(file.read(layout.lengths[index]), layout, row_bytes, high, name)
    if len(data) < high * row_bytes:
        raise ImageError(name, "is truncated")
    raw = np.frombuffer(data, np.uint8, high * row_bytes).reshape(high, row_bytes)
    values = _undo_predictor(raw, layout, bands, dtype).reshape(high, wide, bands)
    if cache is not None:
        cache[index] = values
    return values[rows]


def _bytes_of(file: BinaryIO, start: int, length: int, name: str) -> Array:
    """A stretch of a file; of one on disk only the pages that are looked at are read."""
    try:
        number = file.fileno()
    except OSError:  # bytes in memory
        file.seek(start)
        data = file.read(length)
        if len(data) < length:
            raise ImageError(name, "is truncated") from None
        return np.frombuffer(data, np.uint8)
    if os.fstat(number).st_size < start + length:
        raise ImageError(name, "is truncated")
    return np.memmap(file, np.uint8, "r", start, (length,))


def _unpack(data: bytes, layout: Layout, row_bytes: int, rows: int, name: str) -> bytes:
    """The bytes of a compressed segment."""
    try:
        if layout.compression in (DEFLATE, OLD_DEFLATE):
            return zlib.decompressobj().decompress(data, row_bytes * rows)
        hush_libtiff()
        content = io.BytesIO(_gray_file(data, layout.compression, row_bytes, rows))
        with TiffImagePlugin.TiffImageFile(content, "") as image:
            return image.tobytes()
    except Exception as error:  # whatever libtiff stumbles over
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise ImageError(name, f"is truncated or damaged ({reason})") from None


def _gray_file(data: bytes, compression: int, width: int, height: int) -> bytes:
    """A TIFF of one strip, whose pixels are the strip's bytes."""
    entries = [(256, width), (257, height), (258, 8), (259, compression), (262, 1), (277, 1), (278, height)]
    entries = sorted([*entries, (273, 8 + 2 + 12 * 9 + 4), (279, len(data))])
    packed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4) + data


def _undo_predictor(raw: Array, layout: Layout, bands: int, dtype: np.dtype[Any]) -> Array:
    """(h, row bytes) uint8 to values, with differences between neighbours summed up (TIFF 6.0, section 14)."""
    rows = len(raw)
    if layout.predictor == 1:
        return raw.view(dtype).astype(dtype.newbyteorder("="))
    if layout.predictor == 3:  # Adobe's technical note 3: differences of bytes, the highest bytes of a row first
        summed = raw.reshape(rows, -1, bands).cumsum(axis=1, dtype=np.uint8).reshape(rows, dtype.itemsize, -1)
        return (
            np.ascontiguousarray(summed.transpose(0, 2, 1))
            .view(dtype.newbyteorder(">"))
            .astype(dtype.newbyteorder("="))
        )
    unsigned = np.dtype(f"{dtype.byteorder}u{dtype.itemsize}")
    values = raw.view(unsigned).astype(unsigned.newbyteorder("=")).reshape(rows, -1, bands)
    return values.cumsum(axis=1, dtype=values.dtype).view(dtype.newbyteorder("="))


def segment_image(file: BinaryIO, layout: Layout, index: int, name: str) -> Image.Image:
    """One segment as an image of its own, through Pillow: for palettes, YCbCr and all that are not numbers.

    Raises:
        ImageError: It is truncated or damaged.
    """
    if index >= len(layout.offsets) or index >= len(layout.lengths):
        raise ImageError(name, "is truncated")
    wide, high = layout.block
    if not layout.tiled:
        high = min(high, layout.height - index * high)
    file.seek(layout.offsets[index])
    data = file.read(layout.lengths[index])
    order: bytes = layout.tags.prefix
    own = TiffImagePlugin.ImageFileDirectory_v2(order + (b"*\0" if order == b"II" else b"\0*") + bytes(4), prefix=order)
    for tag in COPIED_TAGS:
        if tag in layout.tags:
            own.tagtype[tag] = layout.tags.tagtype[tag]
            own[tag] = layout.tags[tag]
    own[256], own[257], own[259], own[278], own[279] = wide, high, layout.compression, high, len(data)
    own.tagtype[273] = 4
    own[273] = 0  # counted from the end of the tags; a long, which fits any offset
    head = order + (b"*\0" if order == b"II" else b"\0*") + struct.pack("<I" if order == b"II" else ">I", 8)
    content = head + own.tobytes(8) + data
    try:
        hush_libtiff()
        with muted():
            image = TiffImagePlugin.TiffImageFile(io.BytesIO(content), "")
        image.load()
    except Exception as error:  # whatever libtiff stumbles over
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise ImageError(name, f"is truncated or damaged ({reason})") from None
    return image
