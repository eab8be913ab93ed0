"""The samples of a whole data set, as FiftyOne exports it."""

import posixpath
from typing import Any

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.fiftyone.record import measure, objects_of, split_of_tags, take_label
from foveal.data.formats.listings.documents import items, mapping, shown, whole_size
from foveal.data.formats.listings.listing import Entry, Listing, near
from foveal.data.formats.resolver import Resolver
from foveal.data.notes import listed
from foveal.errors import DataError

TRUTH = "ground_truth"
"""FiftyOne's name for the field of labels."""
GUESSES = ("pred", "model", "hypothes")
"""Beginnings of names of fields that are a model's."""
SEMANTIC = "Segmentation"
"""Kind of a field that has a semantic mask."""
LABELS = ("Detections", "Polylines", "Classification", "Classifications", "Detection", "Polyline")
"""Kinds of fields that are read."""


def take_samples(samples: list[Any], title: str, split: int, listing: Listing) -> None:
    """Add the images and labels of ``samples.json``.

    Raises:
        DataError: Its only labels are semantic masks.
    """
    field, others = _field([mapping(sample) for sample in samples])
    if not field:
        _refuse_semantic([mapping(sample) for sample in samples], title, listing)
    files = Resolver(listing.root, [near(title), ""])
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
                take_label(mapping(one).get("label"), (), entry)
        elif value:
            measure(entry, listing)
            found = [value] if kind in ("Detection", "Polyline") else items(value.get(str(kind).lower()))
            objects_of(found, (), entry, listing, files)
        listing.entries.append(entry)
    listing.notes += files.notes()
    if others:
        listing.notes.append(f"Labels are those of the field {field!r}; not read: {listed(others)}.")


def _field(samples: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """The field of labels that is read, and the others: the ground truth, else the first that is no model's."""
    kinds = {key: mapping(value).get("_cls") for sample in samples for key, value in sample.items() if value}
    fields = [key for key, kind in kinds.items() if kind in LABELS]
    own = [key for key in fields if not key.lower().startswith(GUESSES)] or fields
    chosen = TRUTH if TRUTH in own else next(iter(own), "")
    return chosen, [key for key in fields if key != chosen]


def _refuse_semantic(samples: list[dict[str, Any]], title: str, listing: Listing) -> None:
    """Say where semantic masks are to be read from, where there is nothing else.

    Raises:
        DataError: There are such masks.
    """
    for sample in samples:
        for key, value in sample.items():
            if mapping(value).get("_cls") == SEMANTIC:
                path = mapping(value).get("mask_path")
                home = posixpath.dirname(path) if isinstance(path, str) and not posixpath.isabs(path) else ""
                masks = posixpath.join(near(title), home)
                raise DataError(
                    f"{listing.root / title}: the field {key!r} holds semantic masks, not objects or labels.",
                    f"Read the folders of both: --data.format mask_folder --data.images IMAGES --data.labels {masks}"
                    if home
                    else "Export them from FiftyOne as ImageSegmentationDirectory.",
                )
