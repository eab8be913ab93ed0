"""TIFF files of any number of bands, written by hand: Pillow writes only those that it reads (TIFF 6.0)."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

SIZES = {1: 1, 2: 1, 3: 2, 4: 4}


def tiff(
    values,
    *,
    photometric=1,
    planar=False,
    compression=1,
    predictor=1,
    rows=None,
    tile=None,
    extra=None,
    order="<",
    tags=(),
):
    """A file of (H, W, C) values.

    Args:
        values: Whole or floating-point numbers.
        photometric: 0 white is zero, 1 black is zero, 2 RGB.
        planar: Whether each band is stored by itself.
        compression: 1 none, 5 LZW, 8 deflate.
        predictor: 1 none, 2 differences, 3 of floating-point bytes.
        rows: Of a strip; None: one strip.
        tile: (width, height) of tiles instead of strips.
        extra: Kinds of the extra samples.
        order: Byte order.
        tags: Further (tag, type, values).
    """
    values = np.asarray(values).reshape(*np.shape(values)[:2], -1)
    height, width, bands = values.shape
    wide, high = tile or (width, rows or height)
    layers = [values[..., [band]] for band in range(bands)] if planar else [values]
    segments = []
    for layer in layers:
        for top in range(0, height, high):
            for left in range(0, width, wide):
                part = layer[top : top + high, left : left + wide]
                if tile:
                    part = np.pad(part, ((0, high - part.shape[0]), (0, wide - part.shape[1]), (0, 0)))
                segments.append(_packed(part, compression, predictor, order))
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    entries = [
        *(
            (256, 4, [width]),
            (257, 4, [height]),
            (258, 3, [values.dtype.itemsize * 8] * bands),
            (259, 3, [compression]),
        ),
        *((262, 3, [photometric]), (277, 3, [bands]), (284, 3, [2 if planar else 1]), (317, 3, [predictor])),
        *([(338, 3, list(extra))] if extra else []),
        *((339, 3, [kind] * bands), *tags),
    ]
    lengths = [len(segment) for segment in segments]
    if tile:
        entries += [(322, 4, [wide]), (323, 4, [high]), (324, 4, lengths), (325, 4, lengths)]
    else:
        entries += [(273, 4, lengths), (278, 4, [high]), (279, 4, lengths)]
    entries.sort(key=lambda entry: entry[0])
    start = 8 + 2 + 12 * len(entries) + 4
    start_of_data = start + sum(SIZES[kind] * len(v) + 3 for _, kind, v in entries)
    offsets = [start_of_data + sum(lengths[:place]) for place in range(len(lengths))]
    records, beyond = b"", b""
    for tag, kind, content in entries:
        numbers = offsets if tag in (273, 324) else content
        packed = b"".join(struct.pack(order + {1: "B", 2: "c", 3: "H", 4: "I"}[kind], number) for number in numbers)
        if len(packed) > 4:
            where = struct.pack(order + "I", start + len(beyond))
            beyond += packed
        else:
            where = packed.ljust(4, b"\0")
        records += struct.pack(order + "HHI", tag, kind, len(numbers)) + where
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    content = head + struct.pack(order + "H", len(entries)) + records + bytes(4) + beyond
    return content.ljust(start_of_data, b"\0") + b"".join(segments)


def nodata(text):
    """GDAL's tag."""
    return (42113, 2, [bytes([letter]) for letter in text.encode() + b"\0"])


def _packed(part, compression, predictor, order):
    kind = part.dtype.newbyteorder(order)
    if predictor == 2:
        whole = np.dtype(f"u{kind.itemsize}")
        numbers = np.ascontiguousarray(part).view(whole)
        part = np.diff(numbers, axis=1, prepend=np.zeros_like(numbers[:, :1])).astype(whole.newbyteorder(order))
        data = part.tobytes()
    elif predictor == 3:
        rows, bands = len(part), part.shape[2]
        big = np.ascontiguousarray(part.astype(part.dtype.newbyteorder(">"))).view(np.uint8)
        planes = big.reshape(rows, -1, kind.itemsize).transpose(0, 2, 1).reshape(rows, -1, bands)
        data = np.diff(planes, axis=1, prepend=np.zeros_like(planes[:, :1])).tobytes()
    else:
        data = part.astype(kind).tobytes()
    return {1: lambda b: b, 5: _lzw, 8: zlib.compress}[compression](data)


def _lzw(data):
    """By Pillow, as the one strip of an image of one row."""
    file = io.BytesIO()
    Image.frombytes("L", (len(data), 1), data).save(file, "TIFF", compression="tiff_lzw")
    with Image.open(file) as image:
        (offset,), (length,) = image.tag_v2[273], image.tag_v2[279]
    return file.getvalue()[offset : offset + length]
