"""Label Studio's JSON and JSON-MIN: tasks with the results of annotators.

Rectangles, polygons and ellipses are objects; choices are labels of whole images. Of several annotations of a task the
ground truth is read, else the first that was not cancelled; predictions are not read.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.label_studio.record import LABEL_KEYS, NAME, VIDEO_KEYS, label_of, shape_of
from foveal.data.formats.listings.documents import items, mapping, shown
from foveal.data.formats.listings.listing import Entry, Listing, Thing, near
from foveal.data.formats.listings.sampled import read_documents
from foveal.data.formats.recognition.request import Request
from foveal.errors import DataError
from foveal.imaging.suffixes import IMAGE_SUFFIXES

IMAGE_KEYS = ("image", "img", "url", "image_url", "picture", "photo", "file", "filename")
UPLOADED = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of an uploaded file."""
TASK_KEYS = ("annotations", "completions", "predictions")
SHORT_KEYS = frozenset(
    {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "predictions"}
)
"""Keys of a task in the short form that are about the task."""
GEOMETRY = frozenset(
    [
        "x",
        "y",
        "width",
        "height",
        "rotation",
        "points",
        "radiusX",
        "radiusY",
        "closed",
        "original_width",
        "original_height",
    ]
)
REGION_KEYS = frozenset({"x", "points", "rle", "imageDataURL", "vertices", *VIDEO_KEYS})
"""Keys of a value that has a place in the image."""


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read Label Studio's documents.

    Args:
        path: A document, or a folder that has one, or one for each split.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No document, no image or nothing annotated is left, a video, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    return read_documents(path, request, NAME, _take)


def _take(document: object, title: str, split: int, listing: Listing) -> bool:
    tasks = items(document) if isinstance(document, list) else [document]
    if not any(_is_task(mapping(task)) for task in tasks):
        return False
    for at, given in enumerate(tasks):
        task = mapping(given)
        where = f"{title}, task {task.get('id', at)}"
        data = mapping(task.get("data", task))
        key, written = _image(data)
        if not written:
            listing.fault(where, "has no path of an image in its data")
            continue
        name = _path(written)
        entry = Entry(name, where, near(title), split)
        head, slash, last = name.rpartition("/")
        if UPLOADED.match(last):
            entry.instead.append(head + slash + UPLOADED.sub("", last))
        entry.extras = {"data": written} if written != name else {}
        full = "data" in task
        _take_results(_results(task, where, listing) if full else list(_short_results(data, key)), entry, listing)
        listing.entries.append(entry)
    return True


def _is_task(task: dict[str, Any]) -> bool:
    full = isinstance(task.get("data"), dict) and any(key in task for key in TASK_KEYS)
    return full or bool(_image(task)[1] and (SHORT_KEYS & task.keys() or any(_short_results(task, ""))))


def _image(data: dict[str, Any]) -> tuple[str, str]:
    """The key and the path of the image: the usual keys, else the only text that ends as an image does."""
    for key in IMAGE_KEYS:
        if isinstance(data.get(key), str) and data[key]:
            return key, data[key]
    for key, value in data.items():
        if isinstance(value, str) and Path(_path(value)).suffix.lower() in IMAGE_SUFFIXES:
            return key, value
    return "", ""


def _path(written: str) -> str:
    """The path within a URL, or that of a file from local storage."""
    try:
        parts = urlsplit(written)
    except ValueError:
        return written
    if parts.path.endswith("local-files/"):
        return parse_qs(parts.query).get("d", [written])[0]
    return parts.path if parts.scheme in ("http", "https", "s3", "gs", "azure-blob", "file") else written


def _results(task: dict[str, Any], where: str, listing: Listing) -> list[tuple[dict[str, Any], str]]:
    """The results of the annotation that is read, each with its place."""
    given: list[Any] = next((task[key] for key in TASK_KEYS[:2] if isinstance(task.get(key), list)), [])
    made = [mapping(one) for one in given if not mapping(one).get("was_cancelled")]
    best = sorted(made, key=lambda one: not one.get("ground_truth"))
    if len(best) > 1:
        listing.told.add("further annotation", "of a task that has several not read")
    if not best:
        told = "with predictions alone" if items(task.get("predictions")) else "that nobody annotated"
        listing.told.add("task", f"{told} read as an image without objects")
    return (
        [(mapping(one), f"{where}, result[{at}]") for at, one in enumerate(items(best[0].get("result")))]
        if best
        else []
    )


def _short_results(data: dict[str, Any], image: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The values of the short form, as results."""
    for key, values in data.items():
        if key in SHORT_KEYS or key == image:
            continue
        for at, value in enumerate(values if isinstance(values, list) else [values]):
            if isinstance(value, dict) and ("choices" in value or value.keys() & {*LABEL_KEYS, "original_width"}):
                sides = {name: value.get(name) for name in ("original_width", "original_height")}
                yield {"value": value, **sides}, f"{key}[{at}]"
            elif isinstance(value, str) and key in ("choice", "choices", "class", "label", "sentiment"):
                yield {"value": {"choices": [value]}}, key


def _take_results(results: list[tuple[dict[str, Any], str]], entry: Entry, listing: Listing) -> None:
    """Add objects and labels.

    Results of one id are one region: its shape, its class and what else was asked about it. A result without a shape
    and without a region is about the image.
    """
    regions: dict[str, dict[str, Any]] = {}
    places: dict[str, tuple[dict[str, Any], str]] = {}
    shaped = {str(result.get("id", where)) for result, where in results if _is_region(result)}
    for result, where in results:
        value, key = mapping(result.get("value")), str(result.get("id", where))
        if key in shaped:
            regions[key] = {**regions.get(key, {}), **value}
            if _is_region(result):
                places.setdefault(key, (result, where))
        elif "choices" in value:
            entry.labels += [str(one).strip() for one in items(value["choices"]) if str(one).strip()]
        elif value:
            listing.told.add(f"result of the type {shown(result.get('type'))}", "not read")
    for key, (result, where) in places.items():
        _take_region(regions[key], result, where, entry, listing)


def _take_region(value: dict[str, Any], result: dict[str, Any], where: str, entry: Entry, listing: Listing) -> None:
    if value.keys() & {*VIDEO_KEYS}:
        raise DataError(
            f"{listing.root / where.partition(', ')[0]}: these are regions of a video, which are not read.",
            "Annotate the frames as images, or export them as COCO or YOLO.",
        )
    sides = (result.get("original_width"), result.get("original_height"))
    try:
        shape = shape_of(value, sides, listing.told)
    except ValueError as error:
        entry.fault(where, str(error))
        return
    if shape is not None:
        extras = {key: one for key, one in value.items() if key not in GEOMETRY and key not in LABEL_KEYS}
        label = label_of(value)
        entry.things.append(Thing(label, shape, where, f"{shown(label)} {shape.box}", extras=extras))


def _is_region(result: dict[str, Any]) -> bool:
    return bool(mapping(result.get("value")).keys() & REGION_KEYS)
