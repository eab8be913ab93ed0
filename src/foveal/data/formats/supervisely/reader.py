"""Supervisely's projects: ``meta.json``, and in each data set ``img/1.jpg`` with ``ann/1.jpg.json``.

Points are x, y in pixels. A tag called like a split is the image's split, other tags of images are labels.
"""

from pathlib import Path, PurePosixPath
from typing import Any

from foveal.data.catalog.catalog import UNASSIGNED, Catalog
from foveal.data.formats.listings.documents import items, mapping, shown, whole_size
from foveal.data.formats.listings.listing import Entry, Listing, Thing, flags_of
from foveal.data.formats.listings.sampled import read_documents
from foveal.data.formats.listings.shapes import NO_AREA
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.splits import split_of
from foveal.data.formats.supervisely.record import OWN_KEYS, shape_of

NAME = "supervisely"
NO_OBJECTS = ("line", "polyline", "point", "graph", "cuboid", "multichannel", "any")
"""Geometries that are no objects of an image; ``line`` is how a polyline is stored."""


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read Supervisely's documents.

    Args:
        path: A project, a data set of one, or a document.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No document, no image or no object is left, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    return read_documents(path, request, NAME, _take)


def _take(document: object, title: str, split: int, listing: Listing) -> bool:
    page = mapping(document)
    if isinstance(page.get("classes"), list) and "objects" not in page:
        names = [mapping(one).get("title") for one in page["classes"]]
        listing.classes += [name for name in names if isinstance(name, str) and name not in listing.classes]
        return bool(listing.classes)
    if not isinstance(page.get("objects"), list):
        return False
    place = PurePosixPath(title)
    home = place.parent.parent if place.parent.name.lower() == "ann" else place.parent
    images = home / "img" if place.parent.name.lower() == "ann" else home
    size = mapping(page.get("size"))
    entry = Entry(place.stem, title, str(images), split, whole_size(size.get("width"), size.get("height")))
    rest = {key: value for key, value in page.items() if key not in ("size", "objects", "tags")}
    entry.extras = {key: value for key, value in rest.items() if value not in ("", None, [], {})}
    tags = [_tag(tag) for tag in items(page.get("tags"))]
    for tag in filter(None, tags):
        code = split_of(tag)
        if code == UNASSIGNED:
            entry.labels.append(tag)
        elif entry.split == UNASSIGNED:
            entry.split = code
            listing.told.add("image", "whose split is one of its tags")
    for at, record in enumerate(page["objects"]):
        _take_object(mapping(record), f"{title}, objects[{at}]", at, entry, listing)
    listing.entries.append(entry)
    return True


def _take_object(record: dict[str, Any], where: str, at: int, entry: Entry, listing: Listing) -> None:
    kind = record.get("geometryType") or ("bitmap" if record.get("bitmap") else "polygon")
    if kind in NO_OBJECTS:
        listing.told.add(str(kind), NO_AREA)
        return
    try:
        shape = shape_of(record, str(kind), entry.size)
    except ValueError as error:
        entry.fault(where, str(error))
        return
    tags = {name: mapping(tag).get("value", True) for tag in items(record.get("tags")) if (name := _tag(tag))}
    flags, rest = flags_of({name: True if value is None else value for name, value in tags.items()})
    extras: dict[str, Any] = {key: value for key, value in record.items() if key not in OWN_KEYS and value}
    extras |= {"tags": rest} if rest else {}
    entry.things.append(Thing(record.get("classTitle"), shape, where, shown([at, record.get("id")]), flags, extras))


def _tag(tag: object) -> str:
    """The name of a tag; older projects write the name alone."""
    name = tag if isinstance(tag, str) else mapping(tag).get("name")
    return name.strip() if isinstance(name, str) else ""
