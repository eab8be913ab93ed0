"""One annotation and one image entry of COCO's instances JSON, as Foveal's objects and extras.

``bbox`` is x, y, width, height in continuous pixels: x1 = x, x2 = x + width, no pixel added.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeGuard

from foveal.data.catalog.objects import NO_ID, Object
from foveal.data.catalog.segmentations import extent
from foveal.ops.masks import box_of
from foveal.types.flags import Flag
from foveal.types.rle import Rle

NAME = "coco"
FLAG_KEYS = {
    "iscrowd": Flag.CROWD,
    "ignore": Flag.IGNORE,
    "difficult": Flag.DIFFICULT,
    "truncated": Flag.TRUNCATED,
}
OBJECT_KEYS = frozenset({"id", "image_id", "category_id", "bbox", "area", "segmentation", *FLAG_KEYS})
"""Keys of an annotation that are fields of an ``Object``."""
IMAGE_KEYS = frozenset({"file_name", "width", "height"})
LIST_TEXT = re.compile(r"\[([^\[\]]*)\]")
"""A list as text; its items are what commas separate."""
BOX_KEYS = (("x", "y", "width", "height"), ("x", "y", "w", "h"), ("left", "top", "width", "height"))
"""Keys of a ``bbox`` that is an object."""
CORNER_KEYS = (("x1", "y1", "x2", "y2"), ("xmin", "ymin", "xmax", "ymax"), ("left", "top", "right", "bottom"))
"""Keys of one that has two corners."""
NUMBERS = frozenset({int, float})
LARGEST_ID = 2**63 - 1
LARGEST_AREA = 2.0**62
"""Of an image whose sides are whole numbers of 32 bits."""
Tell = Callable[[str], None]
"""Takes the name of a form of ``told.FORMS``."""


def object_of(record: Mapping[str, Any], label: int, tell: Tell = lambda _: None) -> Object:
    """An annotation as an object.

    Args:
        record: The annotation.
        label: Its class id inside Foveal.
        tell: Called with each value of another form that was taken.

    Raises:
        ValueError: ``bbox`` is not four numbers, or a flag is neither a number nor true or false.
    """
    shape = segmentation_of(record.get("segmentation"), tell)
    box = _box(record.get("bbox"), shape, tell)
    flags = 0
    for key, flag in FLAG_KEYS.items():
        flags |= flag if _is_set(record, key) else 0
    given = record.get("id")
    extras = {k: v for k, v in record.items() if k not in OBJECT_KEYS}
    own = NO_ID
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= LARGEST_ID:
        own = given
    elif given is not None:
        extras["id"] = given
    return Object(box, label, int(flags), area_of(record, tell), own, shape, {NAME: extras} if extras else {})


def area_of(record: Mapping[str, Any], tell: Tell = lambda _: None) -> float | None:
    """``area`` in square pixels; None where it is missing or invalid."""
    value = record.get("area")
    if isinstance(value, str) and (number := number_of(value)) is not None:
        tell("area_text")
        value = number
    return float(value) if is_number(value) and 0 <= value <= LARGEST_AREA else None


def segmentation_of(value: Any, tell: Tell = lambda _: None) -> Any:
    """A valid ``segmentation``: polygons of finite numbers, or an RLE; None: neither."""
    if isinstance(value, list) and value:
        return _polygons(value, tell)
    if isinstance(value, dict) and isinstance(value.get("counts"), list | str):
        size = value.get("size")
        return value if isinstance(size, list) and len(size) == 2 and NUMBERS.issuperset(map(type, size)) else None
    return None


def key_of(record: Mapping[str, Any]) -> str:
    """Key of an annotation in a side-car."""
    return str(record.get("id"))


def image_extras(record: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of an image's entry besides its name and size."""
    extras = {k: v for k, v in record.items() if k not in IMAGE_KEYS}
    return {NAME: extras} if extras else {}


def number_of(text: str) -> float | None:
    """The number that a text is; None: it is none."""
    try:
        return float(text)
    except ValueError:
        return None


def whole_of(value: Any) -> int | None:
    """The whole number that an id of another type can only mean, such as of ``"7"`` or 7.0; None: it is none."""
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 20 else None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a JSON value is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _box(given: Any, shape: Any, tell: Tell) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2."""
    box = given
    if given in (None, [], {}, "") and shape is not None and (around := _around(shape)) is not None:
        tell("bbox_around")
        return around
    if isinstance(box, dict):
        keys = next((keys for keys in BOX_KEYS if box.keys() >= {*keys}), None)
        if keys is not None:
            tell("bbox_keys")
            box = [box[key] for key in keys]
        elif (keys := next((keys for keys in CORNER_KEYS if box.keys() >= {*keys}), None)) is not None:
            x1, y1, x2, y2 = (box[key] for key in keys)
            if all(map(is_number, (x1, y1, x2, y2))):
                tell("bbox_corners")
                box = [x1, y1, x2 - x1, y2 - y1]
    if isinstance(box, str):
        match = LIST_TEXT.fullmatch(box.strip())
        box = [part for part in re.split(r"[\s,;]+", match[1] if match else box) if part]
    if isinstance(box, list) and len(box) == 1 and isinstance(box[0], list):
        tell("bbox_nested")
        box = box[0]
    if isinstance(box, list) and len(box) == 4 and any(isinstance(v, str) for v in box):
        numbers = [number_of(v) if isinstance(v, str) else v for v in box]
        if None not in numbers:
            tell("bbox_text")
            box = numbers
    if not isinstance(box, list) or len(box) != 4 or not all(is_number(v) for v in box):
        raise ValueError(f"bbox is {'missing' if box is None else json.dumps(given)}, not four numbers")
    x, y, width, height = map(float, box)
    return x, y, x + width, y + height


def _around(shape: Any) -> tuple[float, float, float, float] | None:
    """The box around a segmentation."""
    if isinstance(shape, list):
        return extent(shape)
    with suppress(ValueError, KeyError, TypeError, OverflowError):
        x1, y1, x2, y2 = box_of(Rle.from_coco(shape)).tolist()
        return x1, y1, x2, y2
    return None


def _polygons(value: list[Any], tell: Tell) -> Any:
    rings = value
    if any(isinstance(v, str) for v in _leaves(rings)):
        numbers = _as_numbers(rings)
        if numbers is None:
            return None
        rings = numbers
        tell("segmentation_text")
    if all(map(is_number, rings)):
        tell("flat")
        rings = [rings]
    elif len(rings) > 2 and all(isinstance(p, list) and len(p) == 2 and all(map(is_number, p)) for p in rings):
        tell("points")
        rings = [[v for point in rings for v in point]]
    elif all(isinstance(r, list) and all(isinstance(p, list) and len(p) == 2 for p in r) for r in rings) and any(rings):
        tell("points")
        rings = [[v for point in ring for v in point] for ring in rings]
    if [] in rings:
        tell("empty_ring")
        rings = [ring for ring in rings if ring != []]
    good = rings and all(isinstance(ring, list) and len(ring) % 2 == 0 for ring in rings)
    if not good or not all(NUMBERS.issuperset(map(type, ring)) for ring in rings) or not _finite(rings):
        return None
    return rings


def _leaves(value: list[Any]) -> list[Any]:
    """The numbers of polygons, however they are nested."""
    out: list[Any] = []
    waiting = [value]
    while waiting:
        for item in waiting.pop():
            if isinstance(item, list):
                waiting.append(item)
            else:
                out.append(item)
    return out


def _as_numbers(rings: list[Any], levels: int = 3) -> list[Any] | None:
    """Polygons whose coordinates are text, as numbers; None where one is no number."""
    out: list[Any] = []
    for item in rings:
        deeper = isinstance(item, list) and levels > 0
        number = _as_numbers(item, levels - 1) if deeper else number_of(item) if isinstance(item, str) else item
        if number is None:
            return None
        out.append(number)
    return out


def _is_set(record: Mapping[str, Any], key: str) -> bool:
    value = record.get(key)
    if value is None or isinstance(value, int | float):
        return bool(value)
    if value not in ("0", "1", ""):
        raise ValueError(f"{key} is {json.dumps(value)}, neither 0 nor 1")
    return bool(value == "1")


def _finite(rings: list[list[float]]) -> bool:
    try:
        return all(math.isfinite(math.fsum(ring)) for ring in rings)
    except (OverflowError, ValueError):
        return False
