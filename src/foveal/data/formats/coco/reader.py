"""COCO's instances JSON: images, objects with boxes, polygons and RLE masks, crowds.

``bbox`` is x, y, width, height in continuous pixels: x1 = x, x2 = x + width, no pixel added. Class ids are mapped once,
in the order of the file. ``iscrowd``, and the keys ``ignore``, ``difficult`` and ``truncated`` that some tools add,
become flags; all other keys are kept and written back.
"""

import json
import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.objects import NO_ID
from foveal.data.formats import layout
from foveal.data.formats.annotations.assemble import assemble, find_images, report_unlisted
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.coco.class_map import ClassMap
from foveal.data.formats.coco.record import NAME, image_extras, is_number, key_of, object_of
from foveal.data.formats.coco.source import LISTS, Source, find, load, locate, stands_alone
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.sidecar import reader as sidecar
from foveal.data.formats.splits import split_of
from foveal.errors import DataError

LARGEST_SIDE = 2**31
NOTHING: tuple[Any, ...] = (None, [], {}, "")


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read a data set in COCO's format.

    Args:
        path: A JSON file, or a folder with ``annotations/instances*.json`` (``instances_train*``, ``instances_val*``
            and ``instances_test*`` are splits) or with ``_annotations.coco.json`` in the folder of each split.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: Not JSON, not COCO's format, no usable image, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks, no class, or two that share an id or a name.
    """
    request = request or Request()
    categories, repairs = request.categories, request.repairs
    root, files, notes = find(path)
    sources = [load(file, root) for file in files]
    aside = sidecar.load(root, NAME)
    known = ClassMap(categories)
    about: dict[str, dict[str, Any]] = {"classes": {}, "files": {}}
    for source in sources:
        known.take(source, repairs)
    own = known.build(sources[0].path)
    drafts: list[Draft] = []
    for source in sources:
        drafts += _drafts(source, root, known, repairs)
        rest = {k: v for k, v in source.document.items() if k not in LISTS and v not in NOTHING}
        if rest:
            about["files"]["" if source.split == UNASSIGNED else SPLITS[source.split]] = rest
    if not drafts:
        raise DataError(
            f"{sources[0].path}: the list 'images' is empty.", "List each image with its id, file_name and size."
        )
    about["classes"] = {name: extra for name, extra in known.extras.items() if extra}
    there = find_images(drafts, root, repairs)
    if aside is not None:
        own = own if categories else aside.class_map(own.names, own)
        notes += aside.merge(there, own, repairs, known=known.ids.values())
    if path.is_dir() or stands_alone(files):
        _report_unlisted(root, sources, repairs, deep=stands_alone(files))
    joined = sidecar.join_about({NAME: {k: v for k, v in about.items() if v}} if any(about.values()) else {}, aside)
    return assemble(there, root=root, format=NAME, categories=own, repairs=repairs, about=joined, notes=notes)


def _drafts(source: Source, root: Path, known: ClassMap, repairs: Repairs) -> list[Draft]:
    drafts: list[Draft] = []
    by_id: dict[Any, Draft] = {}
    for at, record in enumerate(source.document["images"]):
        draft, key = _draft(source, root, at, record)
        source.listed.add(draft.name)
        if key in by_id:
            message = f"its id {json.dumps(key)} is that of {by_id[key].where}, {by_id[key].name}"
            repairs.add(draft.name, draft.where, "duplicate_id", message, "dropped")
            continue
        by_id[key] = draft
        drafts.append(draft)
    _take_objects(source, by_id, known, repairs)
    return drafts


def _draft(source: Source, root: Path, at: int, record: Any) -> tuple[Draft, Any]:
    where = f"{source.title}, images[{at}]"
    if not isinstance(record, dict) or not isinstance(record.get("file_name"), str) or not record["file_name"]:
        raise DataError(f"{source.path}: images[{at}] has no file_name.", "Name the image's file.")
    if not layout.is_file_name(record["file_name"]):
        raise DataError(
            f"{source.path}: images[{at}]: {record['file_name']!r} is not a valid file name.", "Correct it."
        )
    key = record.get("id")
    if not _is_key(key):
        raise DataError(f"{source.path}: images[{at}] ({record['file_name']}) has no id.", "Give the image an id.")
    written = record["file_name"]
    name = locate(source, root, written)
    extras = image_extras(record)
    own = written.replace("\\", "/")
    if layout.portable(name) != own:
        extras[layout.NAME_KEY] = own
    return Draft(name, where, source.split, _size(record), extras=extras), key


def _size(record: Mapping[str, Any]) -> tuple[int, int] | None:
    sides = [record.get("width"), record.get("height")]
    if not all(is_number(side) and abs(side) < LARGEST_SIDE for side in sides):
        return None
    return int(sides[0]), int(sides[1])  # type: ignore[arg-type]


def _take_objects(source: Source, by_id: dict[Any, Draft], known: ClassMap, repairs: Repairs) -> None:
    records = source.document["annotations"]
    met: Counter[int] = Counter()
    fresh = max((r["id"] for r in records if isinstance(r, dict) and isinstance(r.get("id"), int)), default=0)
    for at, record in enumerate(records):
        if not isinstance(record, dict):
            repairs.add("", source.title, "malformed", f"annotations[{at}] is not a JSON object", "dropped")
            continue
        place = f"annotation {record['id']}" if "id" in record else f"annotations[{at}]"
        key = record.get("image_id")
        draft = by_id.get(key) if _is_key(key) else None
        if draft is None:
            message = f"no image has its image_id {json.dumps(key)}"
            repairs.add("", f"{source.title}, {place}", "unknown_image", message, "dropped")
            continue
        where = f"{source.title}, {place}"
        category = record.get("category_id")
        label = known.label(category, f"{source.path}, {place}")
        if label is None:
            kind, fault = ("unknown_class", "unknown") if is_number(category) else ("malformed", "not a number")
            repairs.add(draft.name, where, kind, f"its category_id {json.dumps(category)} is {fault}", "dropped")
            continue
        try:
            item = object_of(record, label)
        except (ValueError, OverflowError) as error:
            repairs.add(draft.name, where, "malformed", str(error), "dropped")
            continue
        if item.segmentation is None and record.get("segmentation"):
            message = "its segmentation is neither polygons nor a mask"
            repairs.add(draft.name, where, "malformed", message, "segmentation dropped")
        if item.area is None and record.get("area") is not None:
            message = f"its area {json.dumps(record['area'])} is not a number of pixels"
            repairs.add(draft.name, where, "malformed", message, "area dropped")
        if item.id != NO_ID:
            met[item.id] += 1
            if met[item.id] > 1:
                message = f"another object has the same id {item.id}"
                if repairs.policy == "drop":
                    repairs.add(draft.name, where, "duplicate_id", message, "dropped")
                    continue
                fresh += 1
                repairs.add(draft.name, f"{source.title}, annotations[{at}]", "duplicate_id", message, f"now {fresh}")
                item = replace(item, id=fresh)
        draft.add(item, where, key_of(record))


def _is_key(value: Any) -> bool:
    return is_number(value) or isinstance(value, str)


def _report_unlisted(root: Path, sources: Sequence[Source], repairs: Repairs, *, deep: bool) -> None:
    """Report unlisted images in the folders of listed ones; ``deep``: also anywhere below ``images``."""
    names = set().union(*(source.listed for source in sources))
    homes = {posixpath.dirname(name) for name in names if (root / name).is_file()}
    inside = {name for home in homes for name in layout.images_in(root, root / home, deep=False)}
    for top in {home.split("/")[0] for home in homes}.intersection(layout.IMAGE_FOLDERS if deep else ()):
        inside |= {name for name in layout.images_in(root, root / top) if not _of_another_split(name, homes)}
    report_unlisted(root, sorted(inside - names), ", ".join(source.title for source in sources), repairs)


def _of_another_split(name: str, homes: Iterable[str]) -> bool:
    """Whether an image lies in ``images/val2017`` or the like, and no listed image does: other files list those."""
    folder = "/".join(name.split("/")[:2])
    split = split_of(posixpath.basename(folder))
    return split != UNASSIGNED and not any(f"{home}/".startswith(f"{folder}/") for home in homes)
