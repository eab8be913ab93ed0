"""A Catalog as CVAT for images 1.1: ``annotations.xml``, images in ``images/<subset>/``.

An object with polygons is written as polygons, joined by a group where it has several, one with a mask as a mask, any
other as a box. Flags are attributes of their own, declared for each label.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np
from defusedxml.ElementTree import fromstring

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.objects import Object
from foveal.data.formats import layout
from foveal.data.formats.cvat.reader import image_extras, take_shapes
from foveal.data.formats.cvat.record import CORNERS, NAME
from foveal.data.formats.listings.back import check_names, class_map, hand_back
from foveal.data.formats.listings.documents import mapping
from foveal.data.formats.listings.listing import Entry, split_of_folders
from foveal.data.formats.listings.shapes import Told
from foveal.data.formats.sidecar.writer import Aside
from foveal.data.formats.xml_text import ILLEGAL
from foveal.errors import CategoryError
from foveal.types.flags import Flag
from foveal.types.rle import Rle

FILE = "annotations.xml"
IMAGES = "images"
ATTRIBUTES = ("occluded", "source", "z_order", "group_id")
"""Attributes of a shape that are written as they were read."""
FLAGS = {flag: str(flag.name).lower() for flag in Flag}


def place(catalog: Catalog, own: Sequence[str]) -> list[str]:
    """Target name of each image."""
    folders = [_folder(code) for code in catalog.splits.tolist()]
    return layout.unique([folder + name for folder, name in zip(folders, own, strict=True)], by_stem=False)


def write(catalog: Catalog, folder: Path, names: Sequence[str], extras: Sequence[dict[str, Any]], aside: Aside) -> None:
    """Write all files but the images.

    Args:
        catalog: With objects and sizes.
        folder: The new data set.
        names: Target name of each image.
        extras: Further fields of each image.
        aside: Takes what CVAT cannot store.

    Raises:
        CategoryError: A class name that XML does not allow, or two that CVAT's reader takes for one.
    """
    assert catalog.objects is not None and catalog.sizes is not None, "only data sets with objects are written"
    check_names(catalog.categories)
    titles = catalog.categories.names
    for title in titles:
        if ILLEGAL.search(title):
            raise CategoryError(f"The class name {title!r} has characters that XML does not allow.", "Rename it first.")
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    root.append(_meta(titles))
    for i, name in enumerate(names):
        code = int(catalog.splits[i])
        width, height = (int(v) for v in catalog.sizes[i])
        more = {"subset": SPLITS[code]} if code != UNASSIGNED else {}
        sides = {"width": str(width), "height": str(height)}
        image = SubElement(root, "image", {"id": str(i), "name": name.removeprefix(_folder(code)), **more, **sides})
        row = catalog.objects[i]
        image.extend(_shapes(row, titles))
        entry = Entry(name, "", size=(width, height))
        take_shapes(fromstring(tostring(image)), entry, Told())
        aside.image(name, extras[i], {layout.NAME_KEY: layout.portable(name), NAME: image_extras(image)})
        aside.split(name, code, code if code != UNASSIGNED else split_of_folders(name))
        hand_back(name, row, entry.things, NAME, aside)
    indent(root)
    text = tostring(root, encoding="unicode")
    (folder / FILE).write_text(f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n', "utf-8", newline="\n")
    aside.class_map(catalog.categories, class_map(catalog, titles))
    aside.data_set(json.loads(catalog.about) if catalog.about else {}, {})


def _folder(code: int) -> str:
    return f"{IMAGES}/" if code == UNASSIGNED else f"{IMAGES}/{SPLITS[code]}/"


def _meta(titles: Sequence[str]) -> Element:
    """The labels, each with the flags as attributes."""
    meta = Element("meta")
    labels = SubElement(SubElement(meta, "task"), "labels")
    for title in titles:
        label = SubElement(labels, "label")
        SubElement(label, "name").text = title
        attributes = SubElement(label, "attributes")
        for name in FLAGS.values():
            attribute = SubElement(attributes, "attribute")
            about = {"name": name, "mutable": "False", "input_type": "checkbox", "default_value": "false", "values": ""}
            for tag, text in about.items():
                SubElement(attribute, tag).text = text
    return meta


def _shapes(row: Sequence[Object], titles: Sequence[str]) -> list[Element]:
    """The shapes of one image; several polygons of one object share a group of their own."""
    shapes: list[Element] = []
    taken: set[tuple[str, str]] = set()
    fresh = 1
    for item in row:
        own = mapping(item.extras.get(NAME))
        record = {"label": titles[item.label], "occluded": "0", "source": "manual"}
        record |= {key: own[key] for key in ATTRIBUTES if _is_text(own.get(key))}
        rings = item.segmentation if isinstance(item.segmentation, list) else []
        if rings and (len(rings) > 1 or record.get("group_id")):
            while not record.get("group_id") or (record["label"], record["group_id"]) in taken:
                record["group_id"], fresh = str(fresh), fresh + 1
            taken.add((record["label"], record["group_id"]))
        for element in _drawn(item, rings):
            element.attrib = {**record, **element.attrib}
            for name, text in {**mapping(own.get("attributes")), **_flags(item.flags)}.items():
                if _is_text(text) and _is_text(name):
                    SubElement(element, "attribute", {"name": name}).text = text
            shapes.append(element)
    return shapes


def _drawn(item: Object, rings: Sequence[Sequence[float]]) -> list[Element]:
    if rings:
        points = [";".join(f"{x},{y}" for x, y in zip(ring[::2], ring[1::2], strict=True)) for ring in rings]
        return [Element("polygon", {"points": text}) for text in points]
    if isinstance(item.segmentation, dict):
        with suppress(ValueError, KeyError, TypeError, IndexError, OverflowError):
            return [_mask(Rle.from_coco(item.segmentation))]
    return [Element("box", {side: str(value) for side, value in zip(CORNERS, item.box, strict=True)})]


def _mask(rle: Rle) -> Element:
    """A mask as runs row by row, within the box around its pixels.

    Raises:
        ValueError: It is empty.
    """
    pixels = rle.mask()
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    if not len(rows):
        raise ValueError("no pixels")
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    runs = Rle.of(pixels[top:bottom, left:right].T).runs.tolist()
    place = {"left": left, "top": top, "width": right - left, "height": bottom - top}
    return Element("mask", {"rle": ", ".join(map(str, runs)), **{key: str(value) for key, value in place.items()}})


def _is_text(value: object) -> bool:
    """Whether a value comes back from XML as it is."""
    return isinstance(value, str) and value == value.strip() and not ILLEGAL.search(value)


def _flags(flags: int) -> dict[str, str]:
    return {name: "true" for flag, name in FLAGS.items() if flags & flag}
