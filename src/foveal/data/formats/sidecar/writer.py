"""What a format cannot hold, as it is put aside.

A writer makes each record, reads it back with its own format's reader and hands both to ``Aside``; what differs is kept
here. Nothing needs to know which field fits which format.
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
"""A coordinate that comes back nearer than this is the same."""
SAME_AREA = 1e-6
"""Relative difference of areas, likewise."""
ONE_BOX = "exact box"


@dataclass(frozen=True)
class Kept:
    """A field that the target has no place for.

    Attributes:
        field: Its name.
        count: How often it was met.
        where: Where it went.
    """

    field: str
    count: int
    where: str

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {"field": self.field, "count": self.count, "where": self.where}


@dataclass
class Aside:
    """Collects what a writer's target cannot hold.

    Attributes:
        target: Name of the format.
        counts: How often each field went where.
        images: Entries by the name that the image has in the target.
        categories: The class map, where the target loses a part of it.
        about: What the source says of the whole data set and the target does not hold.
    """

    target: str
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    categories: dict[str, Any] | None = None
    about: dict[str, Any] = field(default_factory=dict)
    _met: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, what: str, where: str = NAME, number: int = 1) -> None:
        """Report a field."""
        self.counts[what, where] += number

    def object(self, image: str, key: str, thing: Object, back: Object) -> None:
        """An object as it is, and as the target gives it back."""
        number = self._met[image, key]
        self._met[image, key] += 1
        rest = self._rest(thing, back)
        if rest:
            which = {"key": key, "number": number} if number else {"key": key}
            self._entry(image).setdefault("objects", []).append({**which, **rest})

    def whole(self, image: str, at: int, thing: Object, name: str, what: str) -> None:
        """An object that must not stand in the target at all.

        Args:
            image: In the target.
            at: Place among the image's objects.
            thing: The object.
            name: Of its class.
            what: How to report it.
        """
        self.count(what)
        record: dict[str, Any] = {"box": list(thing.box), "area": thing.area, "flags": _flag_names(thing.flags)}
        own = {"id": thing.id, "segmentation": thing.segmentation, "extras": thing.extras}
        record |= {title: value for title, value in own.items() if value not in (None, {})}
        self._entry(image).setdefault("whole", []).append({"at": at, "class": name, **record})

    def image(self, name: str, extras: dict[str, Any], back: dict[str, Any]) -> None:
        """What the source says of an image, and what the target gives back."""
        rest = self._rest_of_extras(extras, back)
        if rest:
            self._entry(name)["extras"] = rest

    def split(self, name: str, split: int, back: int) -> None:
        """Split of an image, and the one that the target gives back."""
        if split != back:
            self.count("split")
            self._entry(name)["split"] = NO_SPLIT if split == UNASSIGNED else SPLITS[split]

    def class_map(self, categories: Categories, back: Categories | None) -> None:
        """The class map, and the one that the target gives back."""
        if categories != back:
            self.count("class ids and order", number=len(categories))
            self.categories = categories.to_dict()

    def data_set(self, about: dict[str, Any], back: dict[str, Any]) -> None:
        """What the source says of the whole data set, and what the target gives back."""
        self.about = self._rest_of_extras(about, back)

    def kept(self) -> list[Kept]:
        """Every field that the target has no place of its own for."""
        return [Kept(what, n, where) for (what, where), n in sorted(self.counts.items())]

    def text(self) -> str:
        """The file; empty where nothing needs it."""
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

    def _rest(self, thing: Object, back: Object) -> dict[str, Any]:
        rest: dict[str, Any] = {}
        if not _near(thing.box, back.box):
            rest["box"] = list(thing.box)
            self.count(ONE_BOX)
        if thing.flags != back.flags:
            rest["flags"] = _flag_names(thing.flags)
            for name in _flag_names(thing.flags & ~back.flags):
                self.count(f"flag {name}")
        own = box_area(thing.box) if back.area is None else back.area
        if thing.area is not None and abs(thing.area - own) > SAME_AREA * max(1.0, own):
            rest["area"] = thing.area
            self.count("area")
        if thing.id != back.id:
            rest["id"] = thing.id
            self.count("object id")
        if not same_segmentation(thing.segmentation, back.segmentation):
            rest["segmentation"] = thing.segmentation
            self.count("segmentation (mask)" if isinstance(thing.segmentation, dict) else "segmentation (polygons)")
        extras = self._rest_of_extras(thing.extras, back.extras)
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
    """In square pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])


def same_segmentation(one: Any, other: Any) -> bool:
    """Equal, polygons to ``EXACT_PX``."""
    if one == other or not (isinstance(one, list) and isinstance(other, list)):
        return bool(one == other)
    return len(one) == len(other) and all(_near(a, b) for a, b in zip(one, other, strict=True))


def _near(one: Sequence[float], other: Sequence[float]) -> bool:
    if len(one) != len(other):
        return False
    return all(abs(a - b) <= EXACT_PX for a, b in zip(one, other, strict=True))


def _flag_names(flags: int) -> list[str]:
    return [str(flag.name).lower() for flag in Flag if flags & flag]
