"""Reading a side-car: restores what the format could not store.

An entry is used only if its record is unchanged (``key``): annotations edited since then win.
"""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
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
NO_SPLIT = "none"


@dataclass
class Sidecar:
    """A side-car as read.

    Attributes:
        path: The file.
        categories: The source's class map, where the format cannot store it.
        about: Further fields of the data set.
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
        """Restore the side-car's entries in the drafts.

        Args:
            drafts: Changed in place.
            categories: The class map that labels refer to.
            repairs: Collects objects whose image or class is gone.
            known: Classes of the data set.

        Returns:
            Notes.

        Raises:
            CategoryError: A stored object has a class that the data set has and ``categories`` lacks.
            DataError: An invalid entry.
        """
        try:
            for draft in drafts:
                entry = self.images.get(draft.name)
                if entry is not None:
                    self._merge(draft, entry, categories, repairs, known)
            for name in sorted(self.images.keys() - {draft.name for draft in drafts}):
                self._report_gone(name, repairs)
        except CategoryError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise _broken(self.path, "an entry is invalid") from None
        if not self.strays:
            return []
        one = "1 entry matches no object any more and was"
        many = one if self.strays == 1 else f"{self.strays:,} entries match no object any more and were"
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
            item = Object(tuple(record["box"]), label, area=record["area"])
            at = record["at"]
            draft.objects.insert(at, _restored(item, {k: v for k, v in record.items() if k != "box"}))
            draft.places.insert(at, where)
            draft.keys.insert(at, "")

    def _report_gone(self, name: str, repairs: Repairs) -> None:
        """Report the entry of a missing image."""
        entry = self.images[name]
        self.strays += len(entry.get("objects", [])) + ("extras" in entry)
        for number, _ in enumerate(entry.get("whole", [])):
            repairs.add("", _place(number, name), "unknown_image", "its image is missing or unusable", "dropped")


def load(root: Path, target: str) -> Sidecar | None:
    """The side-car of a data set, if it has one for this format.

    Raises:
        DataError: It is not a side-car, or newer than this Foveal.
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
        raise _broken(path, "is not a side-car file")
    if document.get("foveal_sidecar") != VERSION:
        raise DataError(f"{path}: version {document.get('foveal_sidecar')} is unknown.", "Update Foveal.")
    if document.get("format") != target:
        return None
    try:
        given = document.get("categories")
        own = given and Categories(tuple(given["names"]), tuple(given["source_ids"]))
    except (KeyError, TypeError):
        raise _broken(path, "has no valid class map") from None
    return Sidecar(path, own or None, document.get("about", {}), document["images"])


def join_about(about: dict[str, Any], sidecar: Sidecar | None) -> dict[str, Any]:
    """Further fields of the data set, from the format and the side-car."""
    return about if sidecar is None else _joined(about, sidecar.about)


def _place(number: int, image: str) -> str:
    return f"{NAME}, object {number} of {image}"


def _restored(item: Object, record: dict[str, Any]) -> Object:
    box = tuple(record["box"]) if "box" in record else item.box
    return replace(
        item,
        box=box,
        area=record.get("area", item.area),
        flags=sum(Flag[name.upper()] for name in record["flags"]) if "flags" in record else item.flags,
        id=record.get("id", item.id),
        segmentation=record.get("segmentation", item.segmentation),
        extras=_joined(item.extras, record.get("extras", {})),
    )


def _joined(own: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    out = dict(own)
    for group, values in more.items():
        there = out.get(group)
        out[group] = {**there, **values} if isinstance(there, dict) and isinstance(values, dict) else values
    return out


def _broken(path: Path, reason: str) -> DataError:
    return DataError(f"{path}: {reason}.", "Convert the data set again, or remove the file.")
