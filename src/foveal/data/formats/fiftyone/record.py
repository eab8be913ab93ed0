"""FiftyOne's detections and polylines as objects."""

import base64
import binascii
import io
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.listings.documents import items, mapping, number, shown
from foveal.data.formats.listings.listing import Entry, Listing, Thing, flags_of
from foveal.data.formats.listings.shapes import NO_AREA, Shape, joined, masked, polygon
from foveal.data.formats.splits import split_of
from foveal.types.rle import Rle

OWN_KEYS = frozenset(
    {"_id", "_cls", "label", "bounding_box", "points", "closed", "filled", "mask", "mask_path", "attributes", "tags"}
)
LARGEST_MASK = 1 << 28
"""Bytes that a mask may unpack to."""
BROKEN = (ValueError, TypeError, EOFError, zlib.error, binascii.Error)


def objects_of(records: Sequence[Any], classes: Sequence[str], entry: Entry, listing: Listing) -> None:
    """Add the objects of an image whose size is known; otherwise they are faults."""
    for at, given in enumerate(records):
        where, record = f"{entry.where}, object {at}", mapping(given)
        label = record.get("label")
        if type(label) is int and 0 <= label < len(classes):
            label = classes[label]
        if "points" in record and not (record.get("closed") or record.get("filled")):
            listing.told.add("open line", NO_AREA)
            continue
        try:
            shape = _shape(record, entry.size, listing)
        except ValueError as error:
            entry.fault(where, str(error))
            continue
        rest = {key: value for key, value in record.items() if key not in OWN_KEYS and value not in (None, [], {})}
        flags, extras = flags_of({**mapping(record.get("attributes")), **rest})
        entry.things.append(Thing(label, shape, where, shown([at, label]), flags, extras))


def split_of_tags(tags: Sequence[object]) -> int:
    """Code of the split that one of a sample's tags names."""
    codes = {split_of(tag) for tag in tags if isinstance(tag, str)} - {UNASSIGNED}
    return codes.pop() if len(codes) == 1 else UNASSIGNED


def _shape(record: Mapping[str, Any], size: tuple[int, int] | None, listing: Listing) -> Shape:
    if size is None:
        raise ValueError("its box is in parts of an image that cannot be read")
    width, height = size
    if "points" in record:
        rings = [[_point(point, size) for point in items(ring)] for ring in items(record["points"])]
        return joined([polygon(ring) for ring in rings]) if rings else polygon([])
    sides = [number(value, "bounding_box") for value in items(record.get("bounding_box"))]
    if len(sides) != 4:
        raise ValueError(f"bounding_box is {shown(record.get('bounding_box'))}, not four numbers")
    x, y, w, h = (side * (width, height)[at % 2] for at, side in enumerate(sides))
    box = (x, y, x + w, y + h)
    if record.get("mask_path"):
        listing.told.add("mask", "in a file of its own not read: the object is its box")
    if record.get("mask") is None:
        return Shape(box)
    return _masked(record["mask"], box, size)


def _point(point: object, size: tuple[int, int]) -> tuple[float, float]:
    if not isinstance(point, list) or len(point) != 2:
        raise ValueError(f"the point {shown(point)} is not x and y")
    return number(point[0], "x") * size[0], number(point[1], "y") * size[1]


def _masked(given: object, box: tuple[float, float, float, float], size: tuple[int, int]) -> Shape:
    """A mask over the pixels of a box, stretched to it: an array in NumPy's format, in zlib, in base64."""
    text = mapping(mapping(given).get("$binary")).get("base64", given)
    try:
        content = zlib.decompressobj().decompress(base64.b64decode(text), LARGEST_MASK)
        part = np.load(io.BytesIO(content), allow_pickle=False)
    except BROKEN:
        raise ValueError("its mask is no array in base64 and zlib") from None
    left, top, right, bottom = (round(side) for side in box)
    left, top, right, bottom = max(0, left), max(0, top), min(size[0], right), min(size[1], bottom)
    if part.ndim != 2 or not part.size or right <= left or bottom <= top:
        raise ValueError("its mask is empty, or lies outside the image")
    rows = (np.arange(bottom - top) + 0.5) * part.shape[0] / (bottom - top)
    columns = (np.arange(right - left) + 0.5) * part.shape[1] / (right - left)
    pixels = np.zeros(size[::-1], np.bool_)
    pixels[top:bottom, left:right] = part[rows.astype(int)][:, columns.astype(int)] > 0
    return masked(Rle.of(pixels).to_coco(), box)
