"""Create ML's JSON: a list of images, each with objects by their centre, width and height in pixels.

An annotation with a label and no coordinates is a label of the whole image.
"""

from pathlib import Path
from typing import Any

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.listings.documents import items, mapping, number, shown
from foveal.data.formats.listings.listing import Entry, Listing, Thing, flags_of, near
from foveal.data.formats.listings.sampled import read_documents
from foveal.data.formats.listings.shapes import Shape
from foveal.data.formats.recognition.request import Request

NAME = "createml"
IMAGES = ("image", "imagefilename", "imageFilename", "filename")
"""Keys of an image's name, as different versions write them."""
LISTS = ("annotations", "annotation")


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read Create ML's documents.

    Args:
        path: A document, or a folder that has one, or one for each split.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No document, no image or no object is left, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    return read_documents(path, request, NAME, _take)


def _take(document: object, title: str, split: int, listing: Listing) -> bool:
    records = items(document)
    if not any(isinstance(one, dict) and {*one} & {*IMAGES} and {*one} & {*LISTS} for one in records):
        return False
    for at, record in enumerate(records):
        where = f"{title}, [{at}]"
        key = next((key for key in IMAGES if isinstance(mapping(record).get(key), str)), None)
        if key is None or not record[key]:
            listing.fault(where, f"has no file name in {IMAGES[0]!r}")
            continue
        rest = {name: value for name, value in record.items() if name not in (*IMAGES, *LISTS)}
        entry = Entry(record[key], where, near(title), split, extras=rest)
        for list_key in LISTS:
            _take_things(record.get(list_key), list_key, entry)
        listing.entries.append(entry)
    return True


def _take_things(given: object, key: str, entry: Entry) -> None:
    if isinstance(given, str):
        entry.labels += [given] if given.strip() else []
        return
    if given is not None and not isinstance(given, list):
        entry.fault(entry.where, f"{key} is {shown(given)}, not a list")
    for at, record in enumerate(items(given)):
        where = f"{entry.where}, {key}[{at}]"
        if not isinstance(record, dict):
            entry.fault(where, f"{shown(record)} is not a JSON object")
            continue
        label = record.get("label")
        if record.get("coordinates") is None and isinstance(label, str) and label.strip():
            entry.labels.append(label.strip())
            continue
        try:
            entry.things.append(_thing(record, where))
        except ValueError as error:
            entry.fault(where, str(error))


def _thing(record: dict[str, Any], where: str) -> Thing:
    given = mapping(record.get("coordinates"))
    if not given:
        raise ValueError(f"coordinates are {shown(record.get('coordinates'))}, not x, y, width and height")
    x, y, width, height = (number(given.get(key), key) for key in ("x", "y", "width", "height"))
    flags, rest = flags_of({k: v for k, v in record.items() if k not in ("label", "coordinates")})
    box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Thing(record.get("label"), Shape(box), where, f"{shown(record.get('label'))} {given}", flags, rest)
