"""What a format cannot hold, in one JSON file beside it, and back again.

A writer makes each record, reads it back with its own reader and hands both to ``Aside``; what differs is kept here.
Nothing needs to know which field fits which format. On reading, an entry counts only where the record it belongs to
still says what it said (``key``): annotations edited since then win.
"""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.catalog.objects import Object
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.repair import Repairs
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories
from foveal.types.flags import Flag

NAME = "foveal-sidecar.json"
VERSION = 1
EXACT_PX = 1e-7
"""A coordinate that comes back nearer than this is the same."""
SAME_AREA = 1e-6
"""Relative difference of areas, likewise."""
NO_SPLIT = "none"
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
        about: What is said of the whole data set and the target does not say.
    """

    target: str
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    categories: dict[str, Any] | None = None
    about: dict[str, Any] = field(default_factory=dict)
    _met: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, what: str, where: str = NAME, number: int = 1) -> None:
        """Tell of a field."""
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
        own = {"id": thing.id, "outline": thing.outline, "extras": thing.extras}
        record |= {title: value for title, value in own.items() if value not in (None, {})}
        self._entry(image).setdefault("whole", []).append({"at": at, "class": name, **record})

    def image(self, name: str, extras: dict[str, Any], back: dict[str, Any]) -> None:
        """What is said of an image, and what the target gives back."""
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
        """What is said of the whole data set, and what the target gives back."""
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
        if not same_outline(thing.outline, back.outline):
            rest["outline"] = thing.outline
            self.count("outline (mask)" if isinstance(thing.outline, dict) else "outline (polygons)")
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


@dataclass
class Sidecar:
    """A side-car as read.

    Attributes:
        path: The file.
        categories: The class map that the source had, where the format does not say it.
        about: Of the whole data set.
        images: Entries by name.
        strays: Entries that fit no object.
    """

    path: Path
    categories: Categories | None
    about: dict[str, Any]
    images: dict[str, dict[str, Any]]
    strays: int = 0

    def merge(
        self, drafts: Sequence[Draft], categories: Categories, repairs: Repairs, *, known: Collection[str]
    ) -> list[str]:
        """Put back into the drafts what the side-car holds of them.

        Args:
            drafts: Changed in place.
            categories: The class map that labels refer to.
            repairs: Takes whole objects whose image or class is gone.
            known: Classes that the data set names.

        Returns:
            Remarks.

        Raises:
            CategoryError: A whole object is of a class that the data set names and ``categories`` lacks.
            DataError: An entry is not as Foveal writes it.
        """
        try:
            for draft in drafts:
                entry = self.images.get(draft.name)
                if entry is not None:
                    self._merge(draft, entry, categories, repairs, known)
            for name in sorted(self.images.keys() - {draft.name for draft in drafts}):
                self._tell_gone(name, repairs)
        except CategoryError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise _broken(self.path, "an entry is not as Foveal writes it") from None
        if not self.strays:
            return []
        many = (
            "1 entry fits no object any more and was"
            if self.strays == 1
            else (f"{self.strays:,} entries fit no object any more and were")
        )
        return [f"{many} left out ({self.path.name})."]

    def class_map(self, names: Sequence[str], fallback: Categories) -> Categories:
        """The source's class map if it has just these classes, else the format's own."""
        own = self.categories
        return own if own is not None and set(own.names) == set(names) else fallback

    def _merge(
        self, draft: Draft, entry: dict[str, Any], categories: Categories, repairs: Repairs, known: Collection[str]
    ) -> None:
        if "split" in entry:
            draft.split = UNASSIGNED if entry["split"] == NO_SPLIT else SPLITS.index(entry["split"])
        draft.extras = _joined(draft.extras, entry.get("extras", {}))
        waiting = {(record["key"], record.get("number", 0)): record for record in entry.get("objects", [])}
        met: Counter[str] = Counter()
        for at, key in enumerate(draft.keys):
            record = waiting.pop((key, met[key]), None)
            met[key] += 1
            if record is not None:
                draft.objects[at] = _restored(draft.objects[at], record)
        self.strays += len(waiting)
        for number, record in enumerate(entry.get("whole", [])):
            where, name = _place(number, draft.name), record["class"]
            if name not in known:
                repairs.add(draft.name, where, "unknown_class", f"the class {name!r} does not exist", "dropped")
                continue
            label = categories.index(name, where=str(self.path))
            thing = Object(tuple(record["box"]), label, area=record["area"])
            at = record["at"]
            draft.objects.insert(at, _restored(thing, {k: v for k, v in record.items() if k != "box"}))
            draft.places.insert(at, where)
            draft.keys.insert(at, "")

    def _tell_gone(self, name: str, repairs: Repairs) -> None:
        """The entry of an image that is not there."""
        entry = self.images[name]
        self.strays += len(entry.get("objects", [])) + ("extras" in entry)
        for number, _ in enumerate(entry.get("whole", [])):
            repairs.add("", _place(number, name), "unknown_image", "its image is gone or unusable", "dropped")


def load(root: Path, target: str) -> Sidecar | None:
    """The side-car of a data set, where it has one for this format.

    Raises:
        DataError: It is there, but is no side-car, or is newer than this Foveal.
    """
    path = root / NAME
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    except ValueError as error:
        raise _broken(path, f"is not JSON ({error})") from None
    if not isinstance(document, dict) or not isinstance(document.get("images"), dict):
        raise _broken(path, "is not a side-car")
    if document.get("foveal_sidecar") != VERSION:
        raise DataError(f"{path}: version {document.get('foveal_sidecar')} is unknown.", "Update Foveal.")
    if document.get("format") != target:
        return None
    try:
        told = document.get("categories")
        own = told and Categories(tuple(told["names"]), tuple(told["source_ids"]))
    except (KeyError, TypeError):
        raise _broken(path, "has no usable class map") from None
    return Sidecar(path, own or None, document.get("about", {}), document["images"])


def box_area(box: tuple[float, float, float, float]) -> float:
    """In square pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])


def same_outline(one: Any, other: Any) -> bool:
    """Equal, polygons to ``EXACT_PX``."""
    if one == other or not (isinstance(one, list) and isinstance(other, list)):
        return bool(one == other)
    return len(one) == len(other) and all(_near(a, b) for a, b in zip(one, other, strict=True))


def join_about(about: dict[str, Any], sidecar: Sidecar | None) -> dict[str, Any]:
    """What the format says of the whole data set, and what the side-car adds."""
    return about if sidecar is None else _joined(about, sidecar.about)


def _place(number: int, image: str) -> str:
    return f"{NAME}, whole object {number} of {image}"


def _near(one: Sequence[float], other: Sequence[float]) -> bool:
    if len(one) != len(other):
        return False
    return all(abs(a - b) <= EXACT_PX for a, b in zip(one, other, strict=True))


def _restored(thing: Object, record: dict[str, Any]) -> Object:
    box = tuple(record["box"]) if "box" in record else thing.box
    return replace(
        thing,
        box=box,
        area=record.get("area", thing.area),
        flags=sum(Flag[name.upper()] for name in record["flags"]) if "flags" in record else thing.flags,
        id=record.get("id", thing.id),
        outline=record.get("outline", thing.outline),
        extras=_joined(thing.extras, record.get("extras", {})),
    )


def _joined(own: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    out = dict(own)
    for group, values in more.items():
        there = out.get(group)
        out[group] = {**there, **values} if isinstance(there, dict) and isinstance(values, dict) else values
    return out


def _flag_names(flags: int) -> list[str]:
    return [str(flag.name).lower() for flag in Flag if flags & flag]


def _broken(path: Path, reason: str) -> DataError:
    return DataError(f"{path}: {reason}.", "Convert the data set again, or remove the file to do without it.")
