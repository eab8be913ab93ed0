"""A Catalog as COCO's instances JSON: one file per split, in ``annotations/``; images in ``images/``.

Where two splits have an image of one name, images lie in ``images/<split>/``, so that each keeps its name. Flags
that COCO has no key for stand in keys of their own (``ignore``, ``difficult``, ``truncated``), which other tools
ignore; Foveal's reader knows them.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.objects import NO_ID, Object
from foveal.data.formats import layout
from foveal.data.formats.coco import record as coco
from foveal.data.formats.coco.files import ANNOTATIONS, UNASSIGNED_FILE
from foveal.data.formats.sidecar.writer import Aside, box_area
from foveal.types.categories import Categories
from foveal.types.flags import Flag

DECIMALS = 9
"""Decimals: enough for a billionth of a pixel, few enough to hide rounding noise."""
OWN_KEYS = ("ignore", "difficult", "truncated")


def place(catalog: Catalog, own: Sequence[str]) -> list[str]:
    """Target name of each image, relative to the new data set; ``own`` are the names without a layout."""
    folders = _folders(catalog, own)
    return layout.unique([folder + name for folder, name in zip(folders, own, strict=True)], by_stem=False)


def write(catalog: Catalog, folder: Path, names: Sequence[str], extras: Sequence[dict[str, Any]], aside: Aside) -> None:
    """Write all files but the images.

    Args:
        catalog: With objects and sizes.
        folder: The new data set.
        names: Target name of each image.
        extras: Further fields of each image.
        aside: Takes what COCO cannot store.
    """
    about = json.loads(catalog.about) if catalog.about else {}
    own = about.get(coco.NAME, {})
    own = own if isinstance(own, dict) else {}
    ids = catalog.categories.source_ids or tuple(range(1, len(catalog.categories) + 1))
    classes = _classes(catalog.categories, ids, own.get("classes", {}))
    given = Categories(catalog.categories.names, ids)
    aside.class_map(replace(catalog.categories, source_ids=ids), given)
    aside.data_set(about, {coco.NAME: own} if own else {})
    (folder / ANNOTATIONS).mkdir()
    codes = [int(code) for code in np.unique(catalog.splits)]
    for code in codes:
        chosen = np.flatnonzero(catalog.splits == code).tolist()
        top = own.get("files", {}).get("" if code == UNASSIGNED else SPLITS[code], {})
        document = {"info": {}, "licenses": [], **top}
        document["images"], document["annotations"] = _records(catalog, chosen, names, extras, ids, aside)
        document["categories"] = classes
        text = json.dumps(document, separators=(",", ":"))
        (folder / ANNOTATIONS / _file_name(code, codes)).write_text(text, "utf-8")


def _folders(catalog: Catalog, own: Sequence[str]) -> list[str]:
    """Folder of each image: one for all, or one per split where names repeat and none begins with such a folder."""
    words = [_word(code) for code in catalog.splits.tolist()]
    again = len({name.casefold() for name in own}) < len(own)
    if len({*words}) == 1 or not again or any(name.split("/")[0] in words for name in own):
        return ["images/"] * len(own)
    return [f"images/{word}/" for word in words]


def _word(code: int) -> str:
    return UNASSIGNED_FILE if code == UNASSIGNED else SPLITS[code]


def _file_name(code: int, codes: list[int]) -> str:
    return "instances.json" if codes == [UNASSIGNED] else f"instances_{_word(code)}.json"


def _classes(categories: Categories, ids: Sequence[int], extras: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": key, "name": name, **extras.get(name, {})} for key, name in zip(ids, categories.names, strict=True)]


def _records(
    catalog: Catalog,
    chosen: Sequence[int],
    names: Sequence[str],
    extras: Sequence[dict[str, Any]],
    ids: Sequence[int],
    aside: Aside,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    assert catalog.objects is not None and catalog.sizes is not None, "only data sets with objects are written"
    rows = [catalog.objects[i] for i in chosen]
    folders = _folders(catalog, [extra[layout.NAME_KEY] for extra in extras])
    image_ids = _whole_ids([extras[i].get(coco.NAME, {}).get("id") for i in chosen])
    object_ids = iter(_whole_ids([o.extras.get(coco.NAME, {}).get("id", o.id) for row in rows for o in row]))
    images, annotations = [], []
    for i, key, row in zip(chosen, image_ids, rows, strict=True):
        width, height = (int(v) for v in catalog.sizes[i])
        rest = {k: v for k, v in extras[i].get(coco.NAME, {}).items() if k not in coco.IMAGE_KEYS}
        file_name = names[i].removeprefix(folders[i])
        image = {**rest, "id": key, "file_name": file_name, "width": width, "height": height}
        images.append(image)
        aside.image(names[i], extras[i], {layout.NAME_KEY: file_name, **coco.image_extras(image)})
        for item in row:
            record = _record(item, next(object_ids), key, ids[item.label])
            annotations.append(record)
            for title in OWN_KEYS:
                if title in record:
                    aside.count(f"flag {title}", f"key {title!r} of the annotation, which other tools ignore")
            back = coco.object_of(record, item.label)
            # A new id for an object without one is no loss.
            kept = replace(item, id=back.id) if item.id == NO_ID else item
            aside.object(names[i], coco.key_of(record), kept, back)
    return images, annotations


def _record(item: Object, key: Any, image_id: Any, category_id: int) -> dict[str, Any]:
    x1, y1, x2, y2 = item.box
    area = box_area(item.box) if item.area is None else item.area
    own = {k: v for k, v in item.extras.get(coco.NAME, {}).items() if k not in coco.OBJECT_KEYS}
    record = {
        "id": key,
        "image_id": image_id,
        "category_id": category_id,
        "bbox": [_short(x1), _short(y1), _short(x2 - x1), _short(y2 - y1)],
        "area": int(area) if area == int(area) else area,
        "iscrowd": int(bool(item.flags & Flag.CROWD)),
        "segmentation": item.segmentation or [],
        **own,
    }
    for title in OWN_KEYS:
        if item.flags & coco.FLAG_KEYS[title]:
            record[title] = 1
    return record


def _short(value: float) -> float | int:
    """A number without rounding noise, integers as int."""
    rounded = round(value, DECIMALS)
    return int(rounded) if rounded == int(rounded) else rounded


def _whole_ids(given: Sequence[Any]) -> list[Any]:
    """Unique ids; a new number for those that are missing, repeated or neither number nor text."""
    fresh = max((v for v in given if isinstance(v, int) and v <= coco.LARGEST_ID), default=0)
    fresh = max(fresh, 0)
    taken: set[Any] = set()
    out = []
    for value in given:
        if not isinstance(value, int | str) or value == NO_ID or value in taken:
            fresh += 1
            value = fresh
        taken.add(value)
        out.append(value)
    return out
