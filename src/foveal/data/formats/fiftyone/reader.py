"""FiftyOne's exports: a whole data set (``samples.json``), or labels or boxes by an image's name (``labels.json``).

Boxes and points are fractions of the image's sides. Of a data set with several fields of labels one is read.
"""

import posixpath
from pathlib import Path

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.fiftyone.record import measure, objects_of, take_label
from foveal.data.formats.fiftyone.samples import take_samples
from foveal.data.formats.layout import images_in
from foveal.data.formats.listings.documents import items, mapping, shown
from foveal.data.formats.listings.listing import Entry, Listing, near
from foveal.data.formats.listings.sampled import read_documents
from foveal.data.formats.recognition.request import Request

NAME = "fiftyone"
DATA = "data"
"""Folder of images beside a document."""


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
        take_samples(page["samples"], title, split, listing)
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
            measure(entry, listing)
            objects_of(detections, classes, entry, listing)
        else:
            for label in value if isinstance(value, list) else [value]:
                take_label(label.get("label") if isinstance(label, dict) else label, classes, entry)
        listing.entries.append(entry)
    return True


def _by_stem(folder: Path) -> dict[str, str]:
    """The images in a folder by their names without suffixes, as ``labels.json`` has them."""
    return {posixpath.splitext(name)[0]: name for name in images_in(folder, folder)}
