"""A COCO file's annotations as columns, part by part; what is written otherwise than usual is read one by one.

Shapes: m annotations of a part, M of the file, R rings of their polygons.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.objects import COMPACT, Object, text_of
from foveal.data.formats.coco.record import FLAG_KEYS, LARGEST_AREA, NAME, NUMBERS, OBJECT_KEYS, object_of
from foveal.data.formats.coco.told import Told

FIELDS = itemgetter("id", "image_id", "category_id", "bbox")
WHOLE = {int}
UNUSUAL = (KeyError, TypeError, ValueError, OverflowError, AttributeError)
"""What the quick reading of a part stumbles over."""
LEAST = 6
"""Numbers of the smallest polygon."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with an annotation.

    Attributes:
        at: Its place in the list.
        place: Its place in words.
        image: Its ``image_id``.
        category: Its ``category_id``.
        message: In words.
        action: ``dropped`` where nothing of it is left.
    """

    at: int
    place: str
    image: Any
    category: Any
    message: str
    action: str


class Texts:
    """Texts of unequal length, collected."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.lengths: list[NDArray[np.int64]] = []

    def extend(self, texts: list[bytes]) -> None:
        """Add texts."""
        self.data += b"".join(texts)
        self.lengths.append(np.fromiter(map(len, texts), np.int64, len(texts)))

    def names(self) -> Names:
        """All, without a copy; nothing can be added any more."""
        lengths = np.concatenate([np.zeros(1, np.int64), *self.lengths])
        return Names(Ragged(np.frombuffer(self.data, np.uint8), np.cumsum(lengths)))


class Columns:
    """Takes the annotations of one file.

    Args:
        title: The file, in messages.
        told: Collects values of another form.

    Attributes:
        images: ``image_id`` of each, a column of numbers per part or a list where one is none.
        categories: ``category_id`` of each, likewise.
        faults: Annotations and fields that cannot be read.
        keys: Keys that are no fields of an object, and their number.
    """

    def __init__(self, title: str, told: Told) -> None:
        self.title, self.told = title, told
        self.count = 0
        self.images: list[NDArray[np.int64] | list[Any]] = []
        self.categories: list[NDArray[np.int64] | list[Any]] = []
        self.at: list[NDArray[np.int64]] = []
        self.boxes: list[NDArray[np.float64]] = []
        self.reaches: list[NDArray[np.float64]] = []
        self.flags: list[NDArray[np.uint8]] = []
        self.areas: list[NDArray[np.float64]] = []
        self.ids: list[NDArray[np.int64]] = []
        self.segmentations, self.extras = Texts(), Texts()
        self.faults: list[Fault] = []
        self.keys: dict[str, int] = {}

    def take(self, items: list[Any]) -> None:
        """Take the next annotations."""
        try:
            self._quickly(items)
        except UNUSUAL:
            self._one_by_one(items)
        self.count += len(items)

    def _quickly(self, items: list[Any]) -> None:
        ids, images, categories, given = zip(*map(FIELDS, items), strict=True)
        boxes = _boxes(given)
        if {*map(type, ids), *map(type, images), *map(type, categories)} != WHOLE or min(ids) < 0:
            raise ValueError
        names = set().union(*items)
        flags = np.zeros(len(items), np.uint8)
        for key in FLAG_KEYS.keys() & names:
            flags |= _set_flags([item.get(key) for item in items]) * np.uint8(FLAG_KEYS[key])
        areas = np.full(len(items), np.nan)
        if "area" in names:
            areas = _numbers([item["area"] for item in items])
            if not ((areas >= 0) & (areas <= LARGEST_AREA)).all():
                raise ValueError
        shapes, reaches = [b""] * len(items), boxes
        if "segmentation" in names:
            values = [item.get("segmentation") for item in items]
            reaches = _reaches(values, boxes)
            shapes = [orjson.dumps(value) if value else b"" for value in values]
        columns = [np.array(column, np.int64) for column in (ids, images, categories)]
        extras = [b""] * len(items)
        if not names <= OBJECT_KEYS:
            extras = [_extras({k: v for k, v in item.items() if k not in OBJECT_KEYS}) for item in items]
            self._count_keys(items, names - OBJECT_KEYS)
        self._add(columns, boxes, reaches, flags, areas, shapes, extras)

    def _add(
        self,
        keys: list[NDArray[np.int64]],
        boxes: NDArray[np.float64],
        reaches: NDArray[np.float64],
        flags: NDArray[np.uint8],
        areas: NDArray[np.float64],
        shapes: list[bytes],
        extras: list[bytes],
    ) -> None:
        self.ids.append(keys[0])
        self.images.append(keys[1])
        self.categories.append(keys[2])
        self.at.append(np.arange(self.count, self.count + len(boxes)))
        self.boxes.append(boxes)
        self.reaches.append(reaches)
        self.flags.append(flags)
        self.areas.append(areas)
        self.segmentations.extend(shapes)
        self.extras.extend(extras)

    def _one_by_one(self, items: list[Any]) -> None:
        rows: list[tuple[int, Object, Any, Any]] = []
        for at, item in enumerate(items, self.count):
            if not isinstance(item, dict):
                message = f"annotations[{at}] is not a JSON object"
                self.faults.append(Fault(at, "", None, None, message, "dropped"))
                continue
            place = f"annotation {item['id']}" if "id" in item else f"annotations[{at}]"
            own = (item.get("image_id"), item.get("category_id"))
            tell = self._teller(f"{self.title}, {place}")
            try:
                thing = object_of(item, 0, tell)
            except (ValueError, OverflowError) as error:
                self.faults.append(Fault(at, place, *own, str(error), "dropped"))
                continue
            if thing.segmentation is None and _holds(item.get("segmentation")):
                message = "its segmentation is neither polygons nor a mask"
                self.faults.append(Fault(at, place, *own, message, "segmentation dropped"))
            if thing.area is None and item.get("area") is not None:
                message = f"its area {json.dumps(item['area'])} is not a number of pixels"
                self.faults.append(Fault(at, place, *own, message, "area dropped"))
            self._count_keys([item], item.keys() - OBJECT_KEYS)
            rows.append((at, thing, *own))
        if rows:
            self._add_rows(rows)

    def _add_rows(self, rows: list[tuple[int, Object, Any, Any]]) -> None:
        places, things, images, categories = zip(*rows, strict=True)
        self.ids.append(np.array([thing.id for thing in things], np.int64))
        self.images.append(list(images))
        self.categories.append(list(categories))
        self.at.append(np.array(places, np.int64))
        self.boxes.append(np.array([thing.box for thing in things], np.float64))
        self.reaches.append(np.full((len(things), 4), np.nan))
        self.flags.append(np.array([thing.flags for thing in things], np.uint8))
        self.areas.append(np.array([np.nan if thing.area is None else thing.area for thing in things]))
        texts = ["" if thing.segmentation is None else COMPACT.encode(thing.segmentation) for thing in things]
        self.segmentations.extend([text.encode() for text in texts])
        self.extras.extend([text_of(thing.extras).encode() for thing in things])

    def _teller(self, where: str) -> Callable[[str], None]:
        return lambda form: self.told.add(form, where)

    def _count_keys(self, items: list[dict[str, Any]], names: set[str]) -> None:
        for name in names:
            self.keys[name] = self.keys.get(name, 0) + sum(name in item for item in items)


def _boxes(given: tuple[Any, ...]) -> NDArray[np.float64]:
    """(m, 4) xyxy of usual boxes."""
    if {*map(type, given)} != {list} or {*map(len, given)} != {4}:
        raise ValueError
    boxes = _numbers(list(chain.from_iterable(given))).reshape(-1, 4)
    with np.errstate(over="ignore", invalid="ignore"):
        boxes[:, 2:] += boxes[:, :2]
    return boxes


def _numbers(values: list[Any]) -> NDArray[np.float64]:
    """Values that are all numbers."""
    if not NUMBERS.issuperset(map(type, values)):
        raise ValueError
    return np.array(values, np.float64)


def _set_flags(values: list[Any]) -> NDArray[np.uint8]:
    """(m,) 0 or 1 of usual flags."""
    if not {int, bool, float, type(None)}.issuperset(map(type, values)):
        raise ValueError
    return np.array([bool(value) for value in values], np.uint8)


def _reaches(values: list[Any], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, 4) boxes around usual polygons; NaN for masks and for polygons that have to be looked at."""
    kinds = {*map(type, values)}
    if not kinds <= {list, dict, type(None)}:
        raise ValueError
    reaches = boxes.copy()
    if dict in kinds:
        masks = [i for i, value in enumerate(values) if type(value) is dict and value]
        if any(not isinstance(values[i].get("counts"), list | str) for i in masks):
            raise ValueError
        reaches[masks] = np.nan
        for i in masks:
            size = values[i].get("size")
            if not isinstance(size, list) or len(size) != 2 or not NUMBERS.issuperset(map(type, size)):
                raise ValueError
    owners = [i for i, value in enumerate(values) if type(value) is list and value]
    if not owners:
        return reaches
    rings = list(chain.from_iterable(values[i] for i in owners))
    if {*map(type, rings)} != {list}:
        raise ValueError
    lengths = np.fromiter(map(len, rings), np.int64, len(rings))
    if (lengths % 2).any() or (lengths <= 2).any():
        raise ValueError
    points = _numbers(list(chain.from_iterable(rings))).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise ValueError
    starts = np.cumsum(lengths) // 2 - lengths // 2
    counts = np.fromiter((len(values[i]) for i in owners), np.int64, len(owners))
    first = np.cumsum(counts) - counts
    least = np.minimum.reduceat(np.minimum.reduceat(points, starts), first)
    most = np.maximum.reduceat(np.maximum.reduceat(points, starts), first)
    short = np.minimum.reduceat(lengths, first) < LEAST
    reaches[owners] = np.where(short[:, None], np.nan, np.column_stack([least, most]))
    return reaches


def _extras(values: dict[str, Any]) -> bytes:
    if not values:
        return b""
    text = orjson.dumps({NAME: values})
    return text if b"null" not in text else text_of({NAME: values}).encode()  # it writes NaN as null


def _holds(segmentation: Any) -> bool:
    """Whether there is anything in a segmentation."""
    if isinstance(segmentation, list):
        return any(map(_holds, segmentation)) if all(isinstance(v, list) for v in segmentation) else True
    return bool(segmentation)
