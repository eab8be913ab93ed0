"""COCO's lists without boxes, as iNaturalist and COCO Camera Traps write them: labels of whole images."""

import unicodedata
from pathlib import Path
from typing import Any

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats import layout
from foveal.data.formats.coco.files import Files, split_in
from foveal.data.formats.coco.record import NAME, whole_of
from foveal.data.formats.listings.documents import items, load_json, mapping, shown, whole_size
from foveal.data.formats.listings.gather import gather
from foveal.data.formats.listings.listing import Entry, Listing, near
from foveal.data.formats.recognition.request import Request
from foveal.errors import DataError


def read_labels(files: Files, request: Request) -> Catalog:
    """Images and the classes that annotations give them.

    Args:
        files: The files.
        request: What the caller asks.

    Raises:
        DataError: Not JSON, no image can be used, or fewer than two classes are left.
        CategoryError: A class that the class map lacks.
    """
    listing = Listing(NAME, files.root, request, notes=list(files.notes))
    for file in files.chosen:
        _take(file, listing)
    if not any(entry.labels for entry in listing.entries):
        raise DataError(
            f"{files.chosen[0]}: no annotation names the class of an image.{request.repairs.first()}",
            "Each annotation is {'image_id': id of an image, 'category_id': id of a category}.",
        )
    return gather(listing)


def _take(file: Path, listing: Listing) -> None:
    document = mapping(load_json(file))
    title, split = layout.relative(file, listing.root), split_in(file, listing.root)
    listing.documents.append(title)
    names = {_key(one.get("id")): _name(one.get("name")) for one in map(mapping, items(document.get("categories")))}
    entries: dict[str, Entry] = {}
    for at, record in enumerate(map(mapping, items(document.get("images")))):
        where, written = f"{title}, images[{at}]", record.get("file_name")
        if not isinstance(written, str) or not written:
            listing.request.repairs.add("", where, "malformed", f"file_name is {shown(written)}, no name", "dropped")
            continue
        size = whole_size(record.get("width"), record.get("height"))
        entry = entries.setdefault(_key(record.get("id")), Entry(written, where, near(title), split, size))
        listing.entries += [entry] if entry.where == where else []
    for at, record in enumerate(map(mapping, items(document.get("annotations")))):
        where = f"{title}, annotations[{at}]"
        found = entries.get(_key(record.get("image_id")))
        name = names.get(_key(record.get("category_id")), "")
        if found is None or not name:
            key = "image_id" if found is None else "category_id"
            message = f"its {key} {shown(record.get(key))} is in no list"
            listing.request.repairs.add("" if found is None else found.written, where, "malformed", message, "dropped")
        else:
            found.labels.append(name)


def _key(value: Any) -> str:
    """An id as text, whatever its type."""
    number = whole_of(value)
    return str(value if number is None else number)


def _name(value: Any) -> str:
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    return unicodedata.normalize("NFC", text.strip()) if isinstance(text, str) else ""
