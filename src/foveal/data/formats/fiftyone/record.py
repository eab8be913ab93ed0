"""FiftyOne's detections and polylines as objects."""

from collections.abc import Mapping, Sequence
from typing import Any

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.fiftyone.mask import placed, read_array, read_file
from foveal.data.formats.listings.documents import items, mapping, number, shown
from foveal.data.formats.listings.listing import Entry, Listing, Thing, flags_of
from foveal.data.formats.listings.shapes import NO_AREA, Shape, joined, polygon
from foveal.data.formats.resolver import Resolver
from foveal.data.formats.splits import split_of
from foveal.errors import ImageError
from foveal.imaging.header import read_size

OWN_KEYS = frozenset(
    {"_id", "_cls", "label", "bounding_box", "points", "closed", "filled", "mask", "mask_path", "attributes", "tags"}
)


def objects_of(
    records: Sequence[Any], classes: Sequence[str], entry: Entry, listing: Listing, files: Resolver | None = None
) -> None:
    """Add the objects of an image whose size is known; otherwise they are faults.

    Args:
        records: As written.
        classes: Names that labels may be numbers of.
        entry: The image.
        listing: The data set.
        files: Finds masks that are files; None: there can be none.
    """
    for at, given in enumerate(records):
        where, record = f"{entry.where}, object {at}", mapping(given)
        label = record.get("label")
        if type(label) is int and 0 <= label < len(classes):
            label = classes[label]
        if "points" in record and not (record.get("closed") or record.get("filled")):
            listing.told.add("open line", NO_AREA)
            continue
        try:
            shape = _shape(record, entry, listing, files)
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


def _shape(record: Mapping[str, Any], entry: Entry, listing: Listing, files: Resolver | None) -> Shape:
    size = entry.size
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
    if record.get("mask") is not None:
        return placed(read_array(record["mask"]), box, size)
    path = record.get("mask_path")
    if path is None or path == "":
        return Shape(box)
    name = files(path, near=entry.near) if files is not None and isinstance(path, str) else None
    if name is None:
        listing.told.add("mask", "in a file of its own that is not there: the object is its box")
        return Shape(box)
    listing.parts.add(name)
    return placed(read_file(listing.root / name), box, size)


def _point(point: object, size: tuple[int, int]) -> tuple[float, float]:
    if not isinstance(point, list) or len(point) != 2:
        raise ValueError(f"the point {shown(point)} is not x and y")
    return number(point[0], "x") * size[0], number(point[1], "y") * size[1]


def take_label(label: object, classes: list[str] | tuple[()], entry: Entry) -> None:
    """A label as a name, or as the place of one among the classes."""
    if label is None or label == "":
        return
    if type(label) is int and 0 <= label < len(classes):
        entry.labels.append(classes[label])
    elif isinstance(label, str):
        entry.labels.append(label)
    else:
        entry.fault(entry.where, f"the label {shown(label)} is no class", "unknown_class")


def measure(entry: Entry, listing: Listing) -> None:
    """The size of an image that its document does not give."""
    if entry.size is not None:
        return
    images = listing.request.images
    folders = [entry.near or "", ""] if images is None else [str(images.resolve())]
    name = Resolver(listing.root, folders)(entry.written)
    if name is not None:
        try:
            entry.size = read_size(listing.root / name)
        except (ImageError, OSError):
            entry.size = None
