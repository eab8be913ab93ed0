"""COCO's categories as a class map: source ids to ours, over all files."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foveal.data.formats import layout
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.coco.record import is_number, whole_of
from foveal.data.formats.coco.source import Source
from foveal.data.formats.coco.told import Told
from foveal.data.notes import listed
from foveal.errors import CategoryError
from foveal.types.categories import Categories

NO_GROUP = (None, "", "none", "None")
"""``supercategory`` of what is itself a group."""
ENTRY = 'Each class is {"id": number, "name": text}.'
LARGEST_NAME = 10**9
"""Numbers from here on name no class."""


@dataclass(frozen=True)
class Entry:
    """One valid category of a file."""

    at: int
    key: int
    name: str
    above: Any
    extras: dict[str, Any]


@dataclass
class ClassMap:
    """Source ids to ours, over all files.

    Attributes:
        fixed: A model's class map, to which no class is added.
        ids: Source id to name.
        extras: Further fields of a class, by name.
        places: Our id by name, after ``build``.
        groups: Entries that only name the group of others.
        spellings: Names by their Unicode normal form.
    """

    fixed: Categories | None
    ids: dict[int, str] = field(default_factory=dict)
    extras: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)

    def take(self, source: Source, repairs: Repairs, told: Told, used: Collection[int]) -> None:
        """The classes of one file.

        Args:
            source: The file.
            repairs: Collects entries that are listed twice.
            told: Collects values of another form.
            used: Ids that annotations have.

        Raises:
            CategoryError: An invalid entry, or two classes share an id or a name.
        """
        met: set[int] = set()
        entries = [self._entry(source, at, record, told) for at, record in enumerate(source.document["categories"])]
        for entry in entries:
            where, key, name = f"{source.path}: categories[{entry.at}]", entry.key, entry.name
            if _is_group(entry, entries, used):
                self.groups[name] = key
                continue
            if self.ids.get(key, name) != name:
                raise CategoryError(
                    f"{where}: {name!r} has the id {key}, which {self.ids[key]!r} has too.",
                    "Give every class a unique id, the same in every file.",
                )
            twin = next((k for k, known in self.ids.items() if known == name), key)
            if twin != key and self.fixed is None:
                raise CategoryError(
                    f"{where}: {name!r} has the id {key}, and the id {twin} too.",
                    "Give every class one id, the same in every file.",
                )
            if key in met:
                repairs.add(
                    "", where, "duplicate_id", f"the class {name!r} is listed twice with the id {key}", "dropped"
                )
            met.add(key)
            self.ids[key] = name
            self.extras.setdefault(name, entry.extras)

    def build(self, first: Path) -> Categories:
        """The class map.

        Raises:
            CategoryError: There are no classes; the message names the first file.
        """
        if not self.ids and self.fixed is None:
            raise CategoryError(f"{first}: the list 'categories' is empty.", "Name at least one class.")
        own = self.fixed or Categories(tuple(self.ids.values()), tuple(self.ids))
        self.places = {name: i for i, name in enumerate(own.names)}
        return own

    def key_of(self, given: Any) -> int | None:
        """The id of a class that an annotation means; None: there is no such class."""
        key = given if is_number(given) and given in self.ids else whole_of(given)
        return int(key) if key is not None and key in self.ids else None

    def is_foreign(self, given: Any) -> bool:
        """Whether a class exists that the model's class map lacks."""
        key = self.key_of(given)
        return key is not None and self.ids[key] not in self.places

    def label(self, key: Any, where: str) -> int | None:
        """Our id of a source id; None: unknown in the file.

        Raises:
            CategoryError: The class exists, but the model's class map lacks it.
        """
        known = self.key_of(key)
        if known is None:
            return None
        name = self.ids[known]
        if name not in self.places:
            assert self.fixed is not None
            self.fixed.index(name, where=where)
        return self.places[name]

    def notes(self) -> list[str]:
        """What entries are no classes."""
        if not self.groups:
            return []
        names = listed([f"{name!r} (id {key})" for name, key in self.groups.items()])
        return [f"No class but the supercategory of others, and in no annotation: {names}."]

    def _entry(self, source: Source, at: int, record: Any, told: Told) -> Entry:
        where = f"{source.path}: categories[{at}]"
        name = record.get("name") if isinstance(record, dict) else None
        if is_number(name) and abs(name) < LARGEST_NAME:
            told.add("category_name", f"{source.title}, categories[{at}]")
            name = str(name)
        if not isinstance(record, dict) or not isinstance(name, str) or not layout.is_file_name(name):
            what = "has no name" if name in (None, "") else f"has the name {name!r:.99}, which is no valid text"
            raise CategoryError(f"{where} {what}.", ENTRY)
        if not name.strip():
            raise CategoryError(f"{where} has no name.", ENTRY)
        given = record.get("id")
        key = whole_of(given)
        if key is None or abs(key) >= 2**63:
            raise CategoryError(
                f"{where}, {name!r}: the id {given!r} is not a whole number.", "Use whole numbers as ids."
            )
        if not isinstance(given, int):
            told.add("category_key", f"{source.title}, categories[{at}]")
        if self.fixed is not None and not self.spellings:
            self.spellings = {_normal(own): own for own in self.fixed.names}
        known = self.spellings.setdefault(_normal(name), name)
        extras = {k: v for k, v in record.items() if k not in ("id", "name")}
        return Entry(at, key, known, record.get("supercategory"), extras)


def _is_group(entry: Entry, entries: Collection[Entry], used: Collection[int]) -> bool:
    """Whether an entry is only the supercategory of others, as some tools write it, and no annotation uses it."""
    if entry.key in used or entry.above not in (*NO_GROUP, entry.name):
        return False
    return any(other is not entry and other.key != entry.key and other.above == entry.name for other in entries)


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)
