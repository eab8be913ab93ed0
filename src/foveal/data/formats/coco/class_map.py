"""COCO's categories as a class map: source ids to ours, over all files."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foveal.data.formats import layout
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.coco.record import is_number
from foveal.data.formats.coco.source import Source
from foveal.errors import CategoryError
from foveal.types.categories import Categories


@dataclass
class ClassMap:
    """Source ids to ours, over all files.

    Attributes:
        fixed: A model's class map, to which no class is added.
        ids: Source id to name.
        extras: Further fields of a class, by name.
        places: Our id by name, after ``build``.
    """

    fixed: Categories | None
    ids: dict[int, str] = field(default_factory=dict)
    extras: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)

    def take(self, source: Source, repairs: Repairs) -> None:
        """The classes of one file.

        Raises:
            CategoryError: An invalid entry, or two classes share an id or a name.
        """
        met: set[int] = set()
        for at, record in enumerate(source.document["categories"]):
            where = f"{source.path}: categories[{at}]"
            named = isinstance(record, dict) and layout.is_file_name(record.get("name"))
            if not named or not record["name"].strip():
                raise CategoryError(f"{where} has no name.", 'Each class is {"id": number, "name": text}.')
            key, name = record.get("id"), record["name"]
            if not isinstance(key, int) or isinstance(key, bool):
                raise CategoryError(
                    f"{where}, {name!r}: the id {key!r} is not a whole number.", "Use whole numbers as ids."
                )
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
            self.extras.setdefault(name, {k: v for k, v in record.items() if k not in ("id", "name")})

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

    def label(self, key: Any, where: str) -> int | None:
        """Our id of a source id; None: unknown in the file.

        Raises:
            CategoryError: The class exists, but the model's class map lacks it.
        """
        name = self.ids.get(key) if is_number(key) else None  # type: ignore[arg-type]
        if name is None:
            return None
        if name not in self.places:
            assert self.fixed is not None
            self.fixed.index(name, where=where)
        return self.places[name]
