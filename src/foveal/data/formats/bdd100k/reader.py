"""BDD100K's JSON (and Scalabel's): frames with a name and labels; boxes, closed polygons and masks as RLE.

A document is a list of frames, an object with the list ``frames``, or, in the first release, one image with one frame.
Videos, whose frames have a place in one, are refused: their objects are tracks.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.bdd100k.record import NAME, flags_and_extras, shapes_of
from foveal.data.formats.listings.documents import items, mapping, shown, whole_size
from foveal.data.formats.listings.listing import Entry, Listing, Thing, near
from foveal.data.formats.listings.sampled import read_documents
from foveal.data.formats.recognition.request import Request
from foveal.errors import DataError

FRAME_KEYS = frozenset({"name", "labels", "objects", "size", "frames"})
VIDEO_KEYS = ("videoName", "video_name", "frameIndex", "frame_index")


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read BDD100K's documents.

    Args:
        path: A document, or a folder that has some, one for each split or one for each image.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No document, no image or no object is left, videos, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    return read_documents(path, request, NAME, _take)


def _take(document: object, title: str, split: int, listing: Listing) -> bool:
    frames = list(_frames(document, title))
    if not any("name" in frame and ("labels" in frame or "objects" in frame) for frame, _ in frames):
        return False
    for frame, where in frames:
        name = frame.get("name")
        if not isinstance(name, str) or not name:
            listing.fault(where, f"name is {shown(name)}, not a file name")
            continue
        if any(frame.get(key) not in (None, "", -1) for key in VIDEO_KEYS):
            raise DataError(
                f"{listing.root / title}: these are frames of videos with tracks, which are not read.",
                "Use BDD100K's labels of images, or convert the frames to COCO.",
            )
        size = mapping(frame.get("size"))
        entry = Entry(name, where, near(title), split, whole_size(size.get("width"), size.get("height")))
        entry.extras = {key: value for key, value in frame.items() if key not in FRAME_KEYS and value not in (None, {})}
        _take_labels(frame.get("labels", frame.get("objects")), entry, listing)
        listing.entries.append(entry)
    return True


def _frames(document: object, title: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The frames, each with its place."""
    page = mapping(document)
    frames = page.get("frames", document)
    if isinstance(page.get("name"), str) and isinstance(frames, list):
        first = mapping(frames[0]) if frames else {}
        rest = {key: value for key, value in page.items() if key != "frames"}
        if len(frames) == 1:
            yield {**first, **rest}, title
        else:  # several frames of one name are a video's
            yield {**rest, "labels": [], **({"videoName": page["name"]} if frames else {})}, title
        return
    for at, frame in enumerate(items(frames)):
        yield mapping(frame), f"{title}, [{at}]"


def _take_labels(labels: object, entry: Entry, listing: Listing) -> None:
    if labels is not None and not isinstance(labels, list):
        entry.fault(entry.where, f"labels is {shown(labels)}, not a list")
    for at, record in enumerate(items(labels)):
        where = f"{entry.where}, labels[{at}]"
        if not isinstance(record, dict):
            entry.fault(where, f"{shown(record)} is not a JSON object")
            continue
        flags, extras = flags_and_extras(record)
        try:
            shape = shapes_of(record, listing.told)
        except ValueError as error:
            entry.fault(where, str(error))
            continue
        if shape is not None:
            label = record.get("category")
            entry.things.append(Thing(label, shape, where, f"{shown(label)} {shape.box}", flags, extras))
