"""One annotation and one image entry of COCO's instances JSON, as Foveal's objects and extras.

``bbox`` is x, y, width, height in continuous pixels: x1 = x, x2 = x + width, no pixel added.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from foveal.data.catalog.objects import NO_ID, Object
from foveal.types.flags import Flag

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
NUMBERS = frozenset({int, float})
LARGEST_ID = 2**63 - 1
LARGEST_AREA = 2.0**62
"""Of an image whose sides are whole numbers of 32 bits."""


def object_of(record: Mapping[str, Any], label: int) -> Object:
    """An annotation as an object.

    Args:
        record: The annotation.
        label: Its class id inside Foveal.

    Raises:
        ValueError: ``bbox`` is not a list of four numbers, or a flag is neither a number nor true or false.
    """
    box = record.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(is_number(v) for v in box):
        raise ValueError(f"bbox is {'missing' if box is None else json.dumps(box)}, not four numbers")
    x, y, width, height = box
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
    return Object(
        (float(x), float(y), float(x) + float(width), float(y) + float(height)),
        label,
        int(flags),
        area_of(record),
        own,
        segmentation_of(record.get("segmentation")),
        {NAME: extras} if extras else {},
    )


def area_of(record: Mapping[str, Any]) -> float | None:
    """``area`` in square pixels; None where it is missing or invalid."""
    value = record.get("area")
    return float(value) if is_number(value) and 0 <= value <= LARGEST_AREA else None


def segmentation_of(value: Any) -> Any:
    """A valid ``segmentation``: polygons of finite numbers, or an RLE; None: neither."""
    if isinstance(value, list) and value:
        good = all(isinstance(ring, list) and ring and len(ring) % 2 == 0 for ring in value)
        return value if good and all(NUMBERS.issuperset(map(type, ring)) for ring in value) and _finite(value) else None
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


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a JSON value is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
