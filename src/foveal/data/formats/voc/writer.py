"""A Catalog as a Pascal VOC tree: XML with the devkit's fields, lists of splits and of classes.

VOC's boxes are whole pixels, counted from 1, both ends included; other boxes are rounded and stored exactly in the
side-car. Crowds and ignored objects are written as ``difficult``, which VOC ignores.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np
from defusedxml.ElementTree import fromstring

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.objects import Object
from foveal.data.formats import layout
from foveal.data.formats.sidecar.writer import Aside
from foveal.data.formats.voc import record as voc
from foveal.data.formats.voc.lists import CODES, MAIN
from foveal.data.formats.xml_text import ILLEGAL
from foveal.errors import CategoryError
from foveal.types.categories import Categories
from foveal.types.flags import IGNORED_FLAGS, Flag

TAG = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
UNSAFE = re.compile(r'[/\\:*?"<>|\0\s]+')
"""Characters not allowed in file names within lists."""
UNSAFE_IN_CLASS = re.compile(r'[/\\:*?"<>|\0]')
SHOWS, DIFFICULT_ONLY, SHOWS_NOT = 1, 0, -1


def place(_: Catalog, own: Sequence[str]) -> list[str]:
    """Target name of each image; VOC identifies images by their stems, in one folder."""
    flat = [UNSAFE.sub("_", name).strip("_") or "image" for name in own]
    return [f"{voc.IMAGES}/{name}" for name in layout.unique(flat, by_stem=True)]


def write(catalog: Catalog, folder: Path, names: Sequence[str], extras: Sequence[dict[str, Any]], aside: Aside) -> None:
    """Write all files but the images.

    Args:
        catalog: With objects and sizes.
        folder: The new data set.
        names: Target name of each image.
        extras: Further fields of each image.
        aside: Takes what VOC cannot store.

    Raises:
        CategoryError: A class name that XML does not allow.
    """
    assert catalog.objects is not None and catalog.sizes is not None, "only data sets with objects are written"
    _check_names(catalog.categories)
    (folder / voc.ANNOTATIONS).mkdir()
    rows = []
    for i, name in enumerate(names):
        row = catalog.objects[i]
        width, height = (int(v) for v in catalog.sizes[i])
        page = _page(name, (width, height), extras[i].get(voc.NAME, {}), row, catalog.categories)
        indent(page, "\t")
        text = tostring(page, encoding="unicode") + "\n"
        (folder / voc.ANNOTATIONS / f"{PurePosixPath(name).stem}.xml").write_text(text, "utf-8", newline="\n")
        back = fromstring(text)
        file = PurePosixPath(name).name
        aside.image(name, extras[i], {layout.NAME_KEY: file, **voc.image_extras(back, file)})
        for item, element in zip(row, back.findall("object"), strict=True):
            aside.object(name, voc.object_key(element), item, voc.object_of(element, item.label))
        rows.append(row)
    listed = _write_lists(catalog, folder / MAIN, [PurePosixPath(name).stem for name in names], rows)
    aside.class_map(catalog.categories, Categories(tuple(sorted(listed))))
    aside.data_set(json.loads(catalog.about) if catalog.about else {}, {})


def _check_names(categories: Categories) -> None:
    for name in categories:
        if name != name.strip() or _clean(name) != name:
            raise CategoryError(f"The class name {name!r} has characters that XML does not allow.", "Rename it first.")


def _page(name: str, size: tuple[int, int], extras: Any, row: Sequence[Object], categories: Categories) -> Element:
    root = Element("annotation")
    given = {**voc.USUAL, "filename": PurePosixPath(name).name, **(extras if isinstance(extras, dict) else {})}
    more = given.pop("size")
    width, height = size
    order = ("folder", "filename", "source", "owner")
    _fill(root, {tag: given[tag] for tag in order if tag in given})
    _fill(root, {"size": {"width": width, "height": height, **(more if isinstance(more, dict) else {})}})
    _fill(root, {tag: value for tag, value in given.items() if tag not in order and tag != "object"})
    for item in row:
        own = item.extras.get(voc.NAME, {})
        own = dict(own) if isinstance(own, dict) else {}
        beyond = own.pop("bndbox", {})
        flags = item.flags | (Flag.DIFFICULT if item.flags & IGNORED_FLAGS else 0)
        record: dict[str, Any] = {"name": categories.names[item.label], "pose": voc.USUAL_POSE}
        record |= {tag: int(bool(flags & flag)) for tag, flag in voc.FLAG_TAGS.items()}
        record["bndbox"] = {**_corners(item.box, size), **(beyond if isinstance(beyond, dict) else {})}
        _fill(root, {"object": {**record, **{k: v for k, v in own.items() if k != "name"}}})
    return root


def _corners(box: tuple[float, float, float, float], size: tuple[int, int]) -> dict[str, int]:
    """First and last pixel, counted from 1; at least one pixel, inside the image."""
    corners = {}
    for first, last, low, high, limit in (("xmin", "xmax", *box[::2], size[0]), ("ymin", "ymax", *box[1::2], size[1])):
        corners[first] = min(max(round(low) + 1, 1), limit)
        corners[last] = min(max(round(high), corners[first]), limit)
    return {side: corners[side] for side in voc.CORNERS}


def _fill(parent: Element, values: dict[str, Any]) -> None:
    """Add values as children; what cannot be a child goes into the side-car."""
    for tag, value in values.items():
        if tag == "#text":
            parent.text = _clean(str(value))
        elif tag.startswith("@") and TAG.fullmatch(tag[1:]):
            parent.set(tag[1:], _clean(str(value)))
        elif TAG.fullmatch(tag):
            for one in value if isinstance(value, list) else [value]:
                child = SubElement(parent, tag)
                if isinstance(one, dict):
                    _fill(child, one)
                else:
                    child.text = _clean(str(one))


def _clean(text: str) -> str:
    return ILLEGAL.sub("\ufffd", text)


def _write_lists(catalog: Catalog, folder: Path, stems: Sequence[str], rows: Sequence[Sequence[Object]]) -> set[str]:
    """Lists of images by split, and of each class; returns the classes that got one."""
    folder.mkdir(parents=True)
    members = {name: np.flatnonzero(catalog.splits == code).tolist() for name, code in CODES.items()}
    members["trainval"] = sorted(members["train"] + members["val"] + members["trainval"])
    members = {name: chosen for name, chosen in members.items() if chosen}
    for name, chosen in members.items():
        _write_lines(folder / f"{name}.txt", [stems[i] for i in chosen])
    shown = [_shown(row) for row in rows]
    listed: set[str] = set()
    taken: set[str] = set()
    for label, title in enumerate(catalog.categories):
        safe = UNSAFE_IN_CLASS.sub("_", title)
        if safe.casefold() in taken:
            continue
        taken.add(safe.casefold())
        listed.add(safe)
        for name, chosen in members.items():
            lines = [f"{stems[i]} {shown[i].get(label, SHOWS_NOT):2d}" for i in chosen]
            _write_lines(folder / f"{safe}_{name}.txt", lines)
    return listed


def _shown(row: Sequence[Object]) -> dict[int, int]:
    """For each class in an image: whether it has an object that is not difficult."""
    shown: dict[int, int] = {}
    for item in row:
        shows = SHOWS if not item.flags & IGNORED_FLAGS else DIFFICULT_ONLY
        shown[item.label] = max(shown.get(item.label, DIFFICULT_ONLY), shows)
    return shown


def _write_lines(file: Path, lines: Sequence[str]) -> None:
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")
