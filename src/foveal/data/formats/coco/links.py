"""Annotations joined to their images and classes.

Shapes: m annotations of a part, M of all files.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.objects import NO_ID, Objects
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.packed import GONE, Packed
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.coco.class_map import ClassMap
from foveal.data.formats.coco.columns import Columns
from foveal.data.formats.coco.record import NAME, is_number, whole_of
from foveal.data.formats.coco.source import Source
from foveal.data.formats.coco.told import Told


def used_categories(columns: Columns) -> set[int]:
    """Ids of the classes that annotations have."""
    out: set[int] = set()
    for part in columns.categories:
        if isinstance(part, np.ndarray):
            out.update(np.unique(part).tolist())
        else:
            out.update(key for value in part if (key := whole_of(value)) is not None)
    return out


@dataclass
class Linker:
    """Joins the annotations of files.

    Attributes:
        known: The class map.
        repairs: Collects annotations without an image or a class.
        told: Collects values of another form.
    """

    known: ClassMap
    repairs: Repairs
    told: Told

    def link(self, source: Source, by_id: Mapping[Any, Draft]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(M,) numbers of drafts, or ``GONE``, and (M,) labels of a file's annotations."""
        columns = source.columns
        owners, labels = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
        named = {draft.number: draft for draft in by_id.values()}
        keys = _sorted_keys(by_id)
        for images, categories, at, ids in zip(
            columns.images, columns.categories, columns.at, columns.ids, strict=True
        ):
            mine = self._owners(source, images, at, by_id, keys)
            label = self._labels(source, categories, at, mine >= 0)
            for row in np.flatnonzero((mine < 0) | (label < 0)).tolist():
                place = f"annotation {ids[row]}" if ids[row] != NO_ID else f"annotations[{at[row]}]"
                self._lost(source, place, _value(images, row), _value(categories, row), named.get(int(mine[row])))
            owners.append(np.where(label < 0, GONE, mine))
            labels.append(label)
        self._report(source, by_id)
        joined = np.concatenate(owners)
        self._renumber(source, joined, named)
        return joined, np.concatenate(labels)

    def _owners(
        self,
        source: Source,
        images: "NDArray[np.int64] | list[Any]",
        at: NDArray[np.int64],
        by_id: Mapping[Any, Draft],
        keys: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
    ) -> NDArray[np.int64]:
        """(m,) numbers of drafts; ``keys``: from ``_sorted_keys``."""
        if isinstance(images, np.ndarray):
            if keys is not None:
                places = np.searchsorted(keys[0], images).clip(max=len(keys[0]) - 1)
                if (keys[0][places] == images).all():
                    numbers: NDArray[np.int64] = keys[1][places]
                    return numbers
            images = images.tolist()
        out = np.full(len(images), GONE, np.int64)
        for row, value in enumerate(images):
            draft, exact = _image_of(value, by_id)
            if draft is not None:
                out[row] = draft.number
                if not exact:
                    self.told.add("image_id", f"{source.title}, annotations[{at[row]}]")
        return out

    def _labels(
        self,
        source: Source,
        categories: "NDArray[np.int64] | list[Any]",
        at: NDArray[np.int64],
        wanted: NDArray[np.bool_],
    ) -> NDArray[np.int32]:
        """(m,) labels; -1: no such class."""
        out = np.full(len(categories), -1, np.int32)
        seen: dict[Any, int] = {}
        for row in np.flatnonzero(wanted).tolist() if not isinstance(categories, np.ndarray) else ():
            value = categories[row]
            if not isinstance(value, int | float | str):
                continue
            label = self.known.label(value, f"{source.path}, annotations[{at[row]}]")
            out[row] = -1 if label is None else label
            if label is not None and not is_number(value):
                self.told.add("category_id", f"{source.title}, annotations[{at[row]}]")
        if isinstance(categories, np.ndarray):
            keys, first, inverse = np.unique(categories[wanted], return_index=True, return_inverse=True)
            rows = np.flatnonzero(wanted)
            for key, row in zip(keys.tolist(), first.tolist(), strict=True):
                where = f"{source.path}, {self._place(source, at[rows[row]])}" if self.known.is_foreign(key) else ""
                label = self.known.label(key, where)
                seen[key] = -1 if label is None else label
            out[rows] = np.array([seen[key] for key in keys.tolist()], np.int32)[inverse]
        return out

    def _place(self, source: Source, at: int) -> str:
        every, ids = np.concatenate(source.columns.at), np.concatenate(source.columns.ids)
        own = ids[np.flatnonzero(every == at)[0]]
        return f"annotation {own}" if own != NO_ID else f"annotations[{at}]"

    def _lost(self, source: Source, place: str, image: Any, category: Any, draft: Draft | None) -> None:
        """Report an annotation of no image, or of no class."""
        where = f"{source.title}, {place}"
        if draft is None:
            message = f"no image has its image_id {json.dumps(image)}"
            self.repairs.add("", where, "unknown_image", message, "dropped")
            return
        kind, fault = ("unknown_class", "unknown") if is_number(category) else ("malformed", "not a number")
        self.repairs.add(draft.name, where, kind, f"its category_id {json.dumps(category)} is {fault}", "dropped")

    def _report(self, source: Source, by_id: Mapping[Any, Draft]) -> None:
        """Report what could not be read."""
        for fault in source.columns.faults:
            if not fault.place:
                self.repairs.add("", source.title, "malformed", fault.message, fault.action)
                continue
            draft, _ = _image_of(fault.image, by_id)
            gone = draft is None or self.known.key_of(fault.category) is None
            if gone and fault.action == "dropped":
                self._lost(source, fault.place, fault.image, fault.category, draft)
            elif draft is not None and not gone:
                where = f"{source.title}, {fault.place}"
                self.repairs.add(draft.name, where, "malformed", fault.message, fault.action)

    def _renumber(self, source: Source, owners: NDArray[np.int64], named: Mapping[int, Draft]) -> None:
        """Give annotations new ids where another has the same, or drop them."""
        ids = np.concatenate([np.zeros(0, np.int64), *source.columns.ids])
        at = np.concatenate([np.zeros(0, np.int64), *source.columns.at])
        there = np.flatnonzero((owners != GONE) & (ids != NO_ID))
        _, first = np.unique(ids[there], return_index=True)
        if len(first) == len(there):
            return
        fresh = int(ids.max(initial=0))
        for row in np.delete(there, first).tolist():
            name, message = named[int(owners[row])].name, f"another object has the same id {ids[row]}"
            if self.repairs.policy == "drop":
                where = f"{source.title}, annotation {ids[row]}"
                self.repairs.add(name, where, "duplicate_id", message, "dropped")
                owners[row] = GONE
                continue
            fresh += 1
            where = f"{source.title}, annotations[{at[row]}]"
            self.repairs.add(name, where, "duplicate_id", message, f"now {fresh}")
            ids[row] = fresh
        source.columns.ids = [ids]


def pack(sources: Sequence[Source], links: Sequence[tuple[NDArray[np.int64], NDArray[np.int32]]]) -> Packed:
    """The annotations of all files as packed objects; the files' columns are used up."""
    parts = [source.columns for source in sources]
    sizes = [len(owners) for owners, _ in links]
    at = np.concatenate([np.zeros(0, np.int64), *(column for part in parts for column in part.at)])
    titles, ends = [source.title for source in sources], np.cumsum(sizes)
    count = int(sum(sizes))
    columns = Objects(
        np.array([0, count], np.int64),
        np.concatenate([np.zeros((0, 4)), *(column for part in parts for column in part.boxes)]),
        np.concatenate([labels for _, labels in links]),
        np.concatenate([np.zeros(0, np.uint8), *(column for part in parts for column in part.flags)]),
        np.concatenate([np.zeros(0), *(column for part in parts for column in part.areas)]),
        np.concatenate([np.zeros(0, np.int64), *(column for part in parts for column in part.ids)]),
        _joined([part.segmentations.names() for part in parts]),
        _joined([part.extras.names() for part in parts]),
    )

    def place(row: int) -> tuple[str, str]:
        own = int(columns.ids[row])
        given: Any = own if own != NO_ID else columns.item(row).extras.get(NAME, {}).get("id")
        word = f"annotations[{at[row]}]" if given is None else f"annotation {given}"
        return f"{titles[int(np.searchsorted(ends, row, side='right'))]}, {word}", str(given)

    reaches = np.concatenate([np.zeros((0, 4)), *(column for part in parts for column in part.reaches)])
    return Packed(np.concatenate([owners for owners, _ in links]), columns, reaches, place)


def _joined(parts: Sequence[Names]) -> Names:
    if len(parts) == 1:
        return parts[0]
    lengths = np.concatenate([np.zeros(1, np.int64), *(np.diff(part.text.offsets) for part in parts)])
    return Names(Ragged(np.concatenate([part.text.values for part in parts]), np.cumsum(lengths)))


def _sorted_keys(by_id: Mapping[Any, Draft]) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Rising ids of images and the numbers of their drafts; None where an id is no whole number of 64 bits."""
    if not by_id or {*map(type, by_id)} != {int} or max(map(abs, by_id)) >= 2**63:
        return None
    keys = np.array(list(by_id), np.int64)
    order = np.argsort(keys)
    return keys[order], np.array([draft.number for draft in by_id.values()], np.int64)[order]


def _image_of(value: Any, by_id: Mapping[Any, Draft]) -> tuple[Draft | None, bool]:
    """The image that an ``image_id`` means, and whether it is written like the image's id."""
    if not (is_number(value) or isinstance(value, str)):
        return None, False
    draft = by_id.get(value)
    if draft is not None:
        return draft, True
    whole = whole_of(value)
    for other in (whole, None if whole is None else str(whole)):
        if other is not None and other in by_id:
            return by_id[other], False
    return None, False


def _value(column: "NDArray[np.int64] | list[Any]", row: int) -> Any:
    return int(column[row]) if isinstance(column, np.ndarray) else column[row]
