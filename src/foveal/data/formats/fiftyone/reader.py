"""FiftyOne's exports: a whole data set (``samples.json``), or labels or boxes by an image's name (``labels.json``).

Boxes and points are fractions of the image's sides. Of a data set with several fields of labels one is read.
"""

import posixpath
from pathlib import Path
from typing import Any

from foveal.data.catalog.catalog import UNASSIGNED, Catalog
from foveal.data.formats.fiftyone.record import objects_of, split_of_tags
from foveal.data.formats.layout import images_in
from foveal.data.formats.listings.documents import items, mapping, shown, whole_size
from foveal.data.formats.listings.listing import Entry, Listing, near
from foveal.data.formats.listings.sampled import read_documents
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.resolver import Resolver
from foveal.data.notes import listed
from foveal.errors import ImageError
from foveal.imaging.header import read_size

NAME = "fiftyone"
DATA = "data"
"""Folder of images beside a document."""
TRUTH = "ground_truth"
"""FiftyOne's name for the field of labels."""
GUESSES = ("pred", "model", "hypothes")
"""Beginnings of names of fields that are a model's."""
LABELS = ("Detections", "Polylines", "Classification", "Classifications", "Detection", "Polyline")
"""Kinds of fields that are read."""


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read FiftyOne's documents.

    Args:
        path: A document, or a folder that has one, or one for each split.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No document, no image or no label is left, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    return read_documents(path, request, NAME, _take)


def _take(document: object, title: str, split: int, listing: Listing) -> bool:
    page = mapping(document)
    if isinstance(page.get("samples"), list):
        _take_samples(page["samples"], title, split, listing)
        return True
    if "samples" not in page and "sample_fields" in page:
        return True  # metadata.json beside samples.json
    if not isinstance(page.get("labels"), dict) or "classes" not in page:
        return False
    classes = [name for name in items(page["classes"]) if isinstance(name, str)]
    listing.classes += [name for name in classes if name not in listing.classes]
    home = f"{near(title)}/{DATA}".lstrip("/")
    files = _by_stem(listing.request.images or listing.root / home)
    for name, value in page["labels"].items():
        entry = Entry(files.get(name, name), f"{title}, {shown(name)}", home, split)
        detections = items(value)
        if any(isinstance(one, dict) and {"bounding_box", "points"} & {*one} for one in detections):
            _measure(entry, listing)
            objects_of(detections, classes, entry, listing)
        else:
            for label in value if isinstance(value, list) else [value]:
                _take_label(label.get("label") if isinstance(label, dict) else label, classes, entry)
        listing.entries.append(entry)
    return True


def _by_stem(folder: Path) -> dict[str, str]:
    """The images in a folder by their names without suffixes, as ``labels.json`` has them."""
    return {posixpath.splitext(name)[0]: name for name in images_in(folder, folder)}


def _take_samples(samples: list[Any], title: str, split: int, listing: Listing) -> None:
    field, others = _field([mapping(sample) for sample in samples])
    for at, record in enumerate(samples):
        where, sample = f"{title}, samples[{at}]", mapping(record)
        path = sample.get("filepath")
        if not isinstance(path, str) or not path:
            listing.fault(where, f"filepath is {shown(path)}, not a file's name")
            continue
        size = mapping(sample.get("metadata"))
        entry = Entry(path, where, near(title), split, whole_size(size.get("width"), size.get("height")))
        if entry.split == UNASSIGNED:
            entry.split = split_of_tags(items(sample.get("tags")))
        value = mapping(sample.get(field))
        kind = value.get("_cls")
        if kind in ("Classification", "Classifications"):
            found = items(value.get("classifications")) if kind == "Classifications" else [value]
            for one in found:
                _take_label(mapping(one).get("label"), (), entry)
        elif value:
            _measure(entry, listing)
            found = [value] if kind in ("Detection", "Polyline") else items(value.get(str(kind).lower()))
            objects_of(found, (), entry, listing)
        listing.entries.append(entry)
    if others:
        listing.notes.append(f"Labels are those of the field {field!r}; not read: {listed(others)}.")


def _field(samples: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """The field of labels that is read, and the others: the ground truth, else the first that is no model's."""
    kinds = {key: mapping(value).get("_cls") for sample in samples for key, value in sample.items() if value}
    fields = [key for key, kind in kinds.items() if kind in LABELS]
    own = [key for key in fields if not key.lower().startswith(GUESSES)] or fields
    chosen = TRUTH if TRUTH in own else next(iter(own), "")
    return chosen, [key for key in fields if key != chosen]


def _take_label(label: object, classes: list[str] | tuple[()], entry: Entry) -> None:
    """A label as a name, or as the place of one among the classes."""
    if label is None or label == "":
        return
    if type(label) is int and 0 <= label < len(classes):
        entry.labels.append(classes[label])
    elif isinstance(label, str):
        entry.labels.append(label)
    else:
        entry.fault(entry.where, f"the label {shown(label)} is no class", "unknown_class")


def _measure(entry: Entry, listing: Listing) -> None:
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
