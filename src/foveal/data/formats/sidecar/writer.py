"""Writing a side-car: stores what the format cannot.

A writer makes each record, reads it back with its own format's reader and hands both to ``Aside``; differences are
stored here, so no code lists which fields a format supports.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.catalog.objects import Object
from foveal.data.formats.sidecar.reader import NAME, NO_SPLIT, VERSION
from foveal.types.categories import Categories
from foveal.types.flags import Flag

EXACT_PX = 1e-7
"""Coordinates closer than this in pixels are equal."""
SAME_AREA = 1e-6
"""Areas with a smaller relative difference are equal."""
ONE_BOX = "exact box"
NOWHERE = "nowhere"
"""Where a field is kept that neither the format nor a side-car stores."""


@dataclass(frozen=True)
class Kept:
    """A field that the target cannot store.

    Attributes:
        field: Its name.
        count: Number of occurrences.
        where: Where it is stored.
    """

    field: str
    count: int
    where: str

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {"field": self.field, "count": self.count, "where": self.where}


@dataclass
class Aside:
    """Collects what a writer's target cannot store.

    Attributes:
        target: Name of the format.
        counts: Number of occurrences by field and destination.
        images: Entries by the image's name in the target.
        categories: The class map, if the target loses a part of it.
        about: Further fields of the data set that the target loses.
    """

    target: str
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    categories: dict[str, Any] | None = None
    about: dict[str, Any] = field(default_factory=dict)
    _met: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, what: str, where: str = NAME, number: int = 1) -> None:
        """Count a field."""
        self.counts[what, where] += number

    def object(self, image: str, key: str, item: Object, back: Object) -> None:
        """Compare an object with what the target gives back."""
        number = self._met[image, key]
        self._met[image, key] += 1
        rest = self._rest(item, back)
        if rest:
            which = {"key": key, "number": number} if number else {"key": key}
            self._entry(image).setdefault("objects", []).append({**which, **rest})

    def whole(self, image: str, at: int, item: Object, name: str, what: str) -> None:
        """Store an object that must not be in the target.

        Args:
            image: Its name in the target.
            at: Index among the image's objects.
            item: The object.
            name: Name of its class.
            what: Field to count it as.
        """
        self.count(what)
        record: dict[str, Any] = {"box": list(item.box), "area": item.area, "flags": _flag_names(item.flags)}
        own = {"id": item.id, "segmentation": item.segmentation, "extras": item.extras}
        record |= {title: value for title, value in own.items() if value not in (None, {})}
        self._entry(image).setdefault("whole", []).append({"at": at, "class": name, **record})

    def image(self, name: str, extras: dict[str, Any], back: dict[str, Any]) -> None:
        """Compare an image's further fields with what the target gives back."""
        rest = self._rest_of_extras(extras, back)
        if rest:
            self._entry(name)["extras"] = rest

    def split(self, name: str, split: int, back: int) -> None:
        """Compare an image's split with the one that the target gives back."""
        if split != back:
            self.count("split")
            self._entry(name)["split"] = NO_SPLIT if split == UNASSIGNED else SPLITS[split]

    def class_map(self, categories: Categories, back: Categories | None) -> None:
        """Compare the class map with the one that the target gives back."""
        if categories != back:
            self.count("class ids and order", number=len(categories))
            self.categories = categories.to_dict()

    def data_set(self, about: dict[str, Any], back: dict[str, Any]) -> None:
        """Compare the data set's further fields with what the target gives back."""
        self.about = self._rest_of_extras(about, back)

    def kept(self) -> list[Kept]:
        """All fields that the target cannot store itself."""
        return [Kept(what, n, where) for (what, where), n in sorted(self.counts.items())]

    def text(self) -> str:
        """The contents of the file; empty if it is not needed."""
        if not (self.images or self.categories or self.about):
            return ""
        document: dict[str, Any] = {"foveal_sidecar": VERSION, "format": self.target}
        if self.categories:
            document["categories"] = self.categories
        if self.about:
            document["about"] = self.about
        document["images"] = self.images
        return json.dumps(document, separators=(",", ":"))

    def _entry(self, image: str) -> dict[str, Any]:
        return self.images.setdefault(image, {})

    def _rest(self, item: Object, back: Object) -> dict[str, Any]:
        rest: dict[str, Any] = {}
        if not _near(item.box, back.box):
            rest["box"] = list(item.box)
            self.count(ONE_BOX)
        if item.flags != back.flags:
            rest["flags"] = _flag_names(item.flags)
            for name in _flag_names(item.flags & ~back.flags):
                self.count(f"flag {name}")
        own = box_area(item.box) if back.area is None else back.area
        if item.area is not None and abs(item.area - own) > SAME_AREA * max(1.0, own):
            rest["area"] = item.area
            self.count("area")
        if item.id != back.id:
            rest["id"] = item.id
            self.count("object id")
        if not same_segmentation(item.segmentation, back.segmentation):
            rest["segmentation"] = item.segmentation
            self.count("segmentation (mask)" if isinstance(item.segmentation, dict) else "segmentation (polygons)")
        extras = self._rest_of_extras(item.extras, back.extras)
        if extras:
            rest["extras"] = extras
        return rest

    def _rest_of_extras(self, extras: dict[str, Any], back: dict[str, Any]) -> dict[str, Any]:
        rest: dict[str, Any] = {}
        for group, values in extras.items():
            theirs = back.get(group)
            if not isinstance(values, dict):
                if values != theirs:
                    rest[group] = values
                    self.count(group)
                continue
            theirs = theirs if isinstance(theirs, dict) else {}
            for title, value in values.items():
                if title not in theirs or theirs[title] != value:
                    rest.setdefault(group, {})[title] = value
                    self.count(f"{group} {title}")
        return rest


def box_area(box: tuple[float, float, float, float]) -> float:
    """Area in square pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])


def same_segmentation(one: Any, other: Any) -> bool:
    """Whether two segmentations are equal, polygons to ``EXACT_PX``."""
    if one == other or not (isinstance(one, list) and isinstance(other, list)):
        return bool(one == other)
    return len(one) == len(other) and all(_near(a, b) for a, b in zip(one, other, strict=True))


def _near(one: Sequence[float], other: Sequence[float]) -> bool:
    if len(one) != len(other):
        return False
    return all(abs(a - b) <= EXACT_PX for a, b in zip(one, other, strict=True))


def _flag_names(flags: int) -> list[str]:
    return [str(flag.name).lower() for flag in Flag if flags & flag]
