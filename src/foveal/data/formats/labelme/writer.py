"""A Catalog as LabelMe's files: one JSON file beside each image, in a folder for each split, else in ``images/``.

An object with polygons is written as polygons, joined by a group where it has several, one with a mask as a mask, any
other as a rectangle. Flags are flags of the shape. What of masks and boxes is not the same in LabelMe, such as a box
that is not the one around the polygons, goes into the side-car.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.objects import Object
from foveal.data.formats import layout
from foveal.data.formats.labelme.mask import write_mask
from foveal.data.formats.labelme.record import IGNORED, NAME, NOTHING, PAGE_KEYS, SHAPE_KEYS, page_extras, take_shapes
from foveal.data.formats.listings.back import check_names, class_map, hand_back
from foveal.data.formats.listings.documents import mapping
from foveal.data.formats.listings.listing import Entry, split_of_folders
from foveal.data.formats.listings.shapes import Told
from foveal.data.formats.sidecar.writer import Aside
from foveal.types.flags import Flag
from foveal.types.rle import Rle

VERSION = "5.5.0"
"""Of the LabelMe whose files these are like."""
UNASSIGNED_FOLDER = "images"


def place(catalog: Catalog, own: Sequence[str]) -> list[str]:
    """Target name of each image; JSON files have the images' stems, so stems must differ."""
    folders = [UNASSIGNED_FOLDER if code == UNASSIGNED else SPLITS[code] for code in catalog.splits.tolist()]
    return layout.unique([f"{folder}/{name}" for folder, name in zip(folders, own, strict=True)], by_stem=True)


def write(catalog: Catalog, folder: Path, names: Sequence[str], extras: Sequence[dict[str, Any]], aside: Aside) -> None:
    """Write all files but the images.

    Args:
        catalog: With objects and sizes.
        folder: The new data set.
        names: Target name of each image.
        extras: Further fields of each image.
        aside: Takes what LabelMe cannot store.
    """
    assert catalog.objects is not None and catalog.sizes is not None, "only data sets with objects are written"
    check_names(catalog.categories, IGNORED)
    for i, name in enumerate(names):
        row = catalog.objects[i]
        width, height = (int(v) for v in catalog.sizes[i])
        own = {k: v for k, v in mapping(extras[i].get(NAME)).items() if k not in PAGE_KEYS}
        page = {
            "version": VERSION,
            "flags": mapping(mapping(extras[i].get(NAME)).get("flags")),
            "shapes": _shapes(row, catalog.categories.names),
            "imagePath": PurePosixPath(name).name,
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
            **own,
        }
        text = json.dumps(page, indent=2)
        file = (folder / name).with_suffix(".json")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")
        entry = Entry(name, "", size=(width, height))
        take_shapes(json.loads(text), entry, Told())
        back = {NAME: page_extras(page)}
        if page["flags"]:
            back[NAME]["flags"] = page["flags"]
        aside.image(name, extras[i], {layout.NAME_KEY: layout.portable(name), **back})
        aside.split(name, int(catalog.splits[i]), split_of_folders(name))
        hand_back(name, row, entry.things, NAME, aside)
    aside.class_map(catalog.categories, class_map(catalog, ()))
    aside.data_set(json.loads(catalog.about) if catalog.about else {}, {})


def _shapes(row: Sequence[Object], titles: Sequence[str]) -> list[dict[str, Any]]:
    """The shapes of one image; several polygons of one object share a group of their own."""
    shapes: list[dict[str, Any]] = []
    taken: set[tuple[str, str]] = set()
    fresh = 1
    for item in row:
        own = mapping(item.extras.get(NAME))
        flags = {**mapping(own.get("flags")), **{str(f.name).lower(): True for f in Flag if item.flags & f}}
        record: dict[str, Any] = {"label": titles[item.label], "group_id": own.get("group_id")}
        rings = item.segmentation if isinstance(item.segmentation, list) else []
        if rings and (len(rings) > 1 or record["group_id"] is not None):
            while record["group_id"] is None or (record["label"], str(record["group_id"])) in taken:
                record["group_id"], fresh = fresh, fresh + 1
            taken.add((record["label"], str(record["group_id"])))
        for drawn in _drawn(item, rings):
            more = {k: v for k, v in own.items() if k not in SHAPE_KEYS and k != "group_id" and v not in NOTHING}
            shapes.append({**record, **drawn, "flags": flags, **more})
    return shapes


def _drawn(item: Object, rings: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
    """The type and the points of an object's shapes."""
    if rings:
        points = [list(zip(ring[::2], ring[1::2], strict=True)) for ring in rings]
        return [{"points": ring, "shape_type": "polygon"} for ring in points]
    if isinstance(item.segmentation, dict):
        with suppress(ValueError, KeyError, TypeError, IndexError, OverflowError):
            text, corners = write_mask(Rle.from_coco(item.segmentation))
            return [{"points": corners, "shape_type": "mask", "mask": text}]
    x1, y1, x2, y2 = item.box
    return [{"points": [(x1, y1), (x2, y2)], "shape_type": "rectangle"}]
