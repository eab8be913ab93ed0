"""Datumaro's JSON: categories by kind, and items with annotations; a document for each split.

Boxes are x, y, width and height, points are x and y in turn, in continuous pixels. Polygons and masks of one group and
class are one object.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.listings.documents import items, mapping, number, shown, whole_size
from foveal.data.formats.listings.listing import Entry, Listing, Thing, flags_of, near, united
from foveal.data.formats.listings.sampled import read_documents
from foveal.data.formats.listings.shapes import (
    NO_AREA,
    ROTATED,
    ROUND,
    Shape,
    ellipse,
    masked,
    polygon,
    rectangle,
    rotated_rectangle,
)
from foveal.data.formats.recognition.request import Request

NAME = "datumaro"
OWN_KEYS = frozenset({"id", "type", "attributes", "group", "label_id", "z_order", "bbox", "points", "rle"})
NO_OBJECTS = {
    "polyline": NO_AREA,
    "points": NO_AREA,
    "caption": "not read",
    "cuboid_3d": "not read: no box in the image",
}
"""Types of annotations that are no objects, and what is told of them."""


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read datumaro's documents.

    Args:
        path: A document, or a folder that has one for each split.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No document, no image or no object is left, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    return read_documents(path, request, NAME, _take)


def _take(document: object, title: str, split: int, listing: Listing) -> bool:
    page = mapping(document)
    kinds = mapping(page.get("categories"))
    if "label" not in kinds or not isinstance(page.get("items"), list):
        return False
    labels = [mapping(one).get("name") for one in items(mapping(kinds["label"]).get("labels"))]
    listing.classes += [name for name in labels if isinstance(name, str) and name not in listing.classes]
    for at, record in enumerate(page["items"]):
        where = f"{title}, items[{at}]"
        item = mapping(record)
        image = mapping(item.get("image") or item.get("media"))
        written = image.get("path") or item.get("id")
        if not isinstance(written, str) or not written:
            listing.fault(where, "has neither an image's path nor an id")
            continue
        size = items(image.get("size"))
        entry = Entry(written, where, near(title), split, whole_size(*size[::-1]) if len(size) == 2 else None)
        if isinstance(item.get("id"), str) and item["id"] != written:
            entry.instead = [item["id"]]
        entry.extras = {"attr": item["attr"]} if item.get("attr") else {}
        _take_annotations(item.get("annotations"), labels, entry, listing)
        listing.entries.append(entry)
    return True


def _take_annotations(given: object, labels: list[Any], entry: Entry, listing: Listing) -> None:
    if given is not None and not isinstance(given, list):
        entry.fault(entry.where, f"annotations is {shown(given)}, not a list")
    for at, record in enumerate(items(given)):
        where = f"{entry.where}, annotations[{at}]"
        if not isinstance(record, dict):
            entry.fault(where, f"{shown(record)} is not a JSON object")
            continue
        kind, key = record.get("type"), record.get("label_id")
        label = labels[key] if type(key) is int and 0 <= key < len(labels) else None
        if isinstance(kind, str) and kind in NO_OBJECTS:
            listing.told.add(kind, NO_OBJECTS[kind])
            continue
        if label is None:
            entry.fault(where, f"the label_id {shown(key)} does not exist", "unknown_class")
            continue
        if kind == "label":
            entry.labels.append(str(label).strip())
            continue
        try:
            shape = _shape(record, listing)
        except ValueError as error:
            entry.fault(where, str(error))
            continue
        flags, attributes = flags_of(mapping(record.get("attributes")))
        extras = {name: value for name, value in record.items() if name not in OWN_KEYS}
        extras |= {"attributes": attributes} if attributes else {}
        group = str(record["group"]) if record.get("group") else ""
        entry.things.append(Thing(label, shape, where, shown([at, record.get("id")]), flags, extras, group))
    entry.things = united(_without_boxes(entry.things, listing), listing.told)


def _without_boxes(things: list[Thing], listing: Listing) -> list[Thing]:
    """Things without the boxes of those that have a polygon or a mask as well, in the same group."""
    drawn = {
        (str(thing.label), thing.group) for thing in things if thing.group and thing.shape.segmentation is not None
    }
    own = [
        thing
        for thing in things
        if thing.shape.segmentation is not None or (str(thing.label), thing.group) not in drawn
    ]
    if len(own) < len(things):
        listing.told.add(
            "box", "of the same group and class as a polygon or mask, which is read", len(things) - len(own)
        )
    return own


def _shape(record: Mapping[str, Any], listing: Listing) -> Shape:
    kind = record.get("type")
    if kind == "bbox":
        x, y, width, height = _numbers(record, "bbox", 4)
        return rectangle(x, y, x + width, y + height)
    if kind == "polygon":
        points = _numbers(record, "points")
        return polygon(list(zip(points[::2], points[1::2], strict=False)))
    if kind == "mask":
        return masked(mapping(record.get("rle")))
    if kind == "rotated_bbox":
        x, y, width, height, degrees = _numbers(record, "bbox", 5)
        listing.told.add("rotated rectangle", ROTATED)
        return rotated_rectangle((x - width / 2, y - height / 2, x + width / 2, y + height / 2), degrees, (x, y))
    if kind == "ellipse":
        x1, y1, x2, y2 = _numbers(record, "points", 4)
        listing.told.add("ellipse", ROUND)
        return ellipse(((x1 + x2) / 2, (y1 + y2) / 2), (abs(x2 - x1) / 2, abs(y2 - y1) / 2))
    raise ValueError(f"the type {shown(kind)} is none that is read")


def _numbers(record: Mapping[str, Any], key: str, count: int = 0) -> list[float]:
    found = [number(value, f"{key}[{at}]") for at, value in enumerate(items(record.get(key)))]
    if not found or (count and len(found) != count) or (not count and len(found) % 2):
        raise ValueError(f"{key} is {shown(record.get(key))}, not {count or 'an even number of'} numbers")
    return found
