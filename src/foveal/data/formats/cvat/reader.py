"""CVAT for images 1.1: an XML file that lists images with their shapes; ``subset`` is an image's split.

Polygons of one label and group are one object. Tags are labels of whole images. Tracks (CVAT for video) are refused.
"""

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from foveal.data.catalog.catalog import UNASSIGNED, Catalog
from foveal.data.formats.cvat.record import NAME, SHAPES, WITHOUT_AREA, attributes_of, thing_of
from foveal.data.formats.cvat.source import declared, load
from foveal.data.formats.listings.documents import whole_size
from foveal.data.formats.listings.listing import Entry, Listing, near, united
from foveal.data.formats.listings.sampled import read_documents
from foveal.data.formats.listings.shapes import Told
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.splits import split_of
from foveal.errors import DataError

IMAGE_KEYS = frozenset({"id", "name", "width", "height", "subset"})


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read CVAT's files.

    Args:
        path: An XML file, or a folder that has one, or one for each split.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No file, no image or no object is left, tracks, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    return read_documents(path, request, NAME, _take, load={".xml": load})


def _take(document: object, title: str, split: int, listing: Listing) -> bool:
    if not isinstance(document, Element) or document.tag != "annotations":
        return False
    if document.find("track") is not None:
        raise DataError(
            f"{listing.root / title}: these are tracks of a video (CVAT for video), which are not read.",
            "Export the task from CVAT in the format 'CVAT for images 1.1' or 'COCO 1.0'.",
        )
    listing.classes += declared(document)
    for at, image in enumerate(document.iterfind("image")):
        name = image.get("name", "")
        if not name:
            listing.fault(f"{title}, image {image.get('id', at)}", "has no name")
            continue
        listing.entries.append(_entry(image, name, title, split, listing))
    return True


def _entry(image: Element, name: str, title: str, split: int, listing: Listing) -> Entry:
    where = f"{title}, image {name}"
    size = whole_size(image.get("width"), image.get("height"))
    subset = image.get("subset", "")
    own = split_of(subset)
    entry = Entry(name, where, near(title), split if own == UNASSIGNED else own, size, extras=image_extras(image))
    take_shapes(image, entry, listing.told)
    return entry


def image_extras(image: Element) -> dict[str, Any]:
    """Fields of an image besides its name, size and shapes."""
    extras: dict[str, Any] = {key: value for key, value in image.items() if key not in IMAGE_KEYS}
    subset = image.get("subset", "")
    if subset and split_of(subset) == UNASSIGNED:
        extras["subset"] = subset
    tags = [{"label": tag.get("label", ""), **attributes_of(tag)} for tag in image.iterfind("tag")]
    return {**extras, "tags": tags} if tags else extras


def take_shapes(image: Element, entry: Entry, told: Told) -> None:
    """Add an image's objects and labels."""
    things = []
    for at, element in enumerate(image, 1):
        place = f"{entry.where}, {element.tag} {at}"
        if element.tag == "tag":
            label = element.get("label", "").strip()
            entry.labels += [label] if label else []
        elif element.tag in (*SHAPES, *WITHOUT_AREA):
            try:
                thing = thing_of(element, entry.size, place, told)
            except (ValueError, OverflowError) as error:
                entry.fault(place, str(error))
                continue
            things += [] if thing is None else [thing]
        else:
            told.add(f"<{str(element.tag)[:30]}>", "not read")
    entry.things = united(things, told)
