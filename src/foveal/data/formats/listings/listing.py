"""What annotation tools list, before classes and files are known: images, their objects and their labels."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.listings.documents import is_true
from foveal.data.formats.listings.shapes import Shape, Told, joined
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.splits import PARTS, split_of
from foveal.types.flags import Flag

FLAG_WORDS = {
    "crowd": Flag.CROWD,
    "iscrowd": Flag.CROWD,
    "is_crowd": Flag.CROWD,
    "difficult": Flag.DIFFICULT,
    "ignore": Flag.IGNORE,
    "ignored": Flag.IGNORE,
    "truncated": Flag.TRUNCATED,
}
"""Names of attributes that mean a flag, in lower case."""
APART = frozenset({"annotations", "annotation", "labels", "label", "json", "jsons", "xml", "xmls"})
"""Folders of annotations beside one of images, in lower case."""


@dataclass(slots=True)
class Thing:
    """One object as written.

    Attributes:
        label: Its class; empty with the flag IGNORE: a region to be ignored for every class.
        shape: Where it is.
        where: File and entry, for messages.
        key: Key in a side-car.
        flags: ``types.flags.Flag`` values, added up.
        extras: Further fields.
        group: Polygons of one class and group are one object; empty: it stands alone.
    """

    label: object
    shape: Shape
    where: str
    key: str
    flags: int = 0
    extras: dict[str, Any] = field(default_factory=dict)
    group: str = ""


@dataclass(slots=True)
class Entry:
    """One image as written.

    Attributes:
        written: Its path.
        where: The file and entry that list it.
        near: Folder, relative to the root, that is looked in first; None: none.
        split: Code of its split; UNASSIGNED: where its folder says none either.
        size: Width and height as declared.
        things: Its objects.
        labels: Its image-level labels.
        extras: Further fields.
        faults: Objects that are not among ``things``: place, kind of fault and message.
        instead: Other spellings of the path, tried in turn where it does not exist.
        gone: What to say if the image does not exist; empty: that it does not.
    """

    written: str
    where: str
    near: str | None = None
    split: int = UNASSIGNED
    size: tuple[int, int] | None = None
    things: list[Thing] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)
    faults: list[tuple[str, str, str]] = field(default_factory=list)
    instead: list[str] = field(default_factory=list)
    gone: str = ""

    def fault(self, where: str, message: str, kind: str = "malformed") -> None:
        """Note an object that cannot be read."""
        self.faults.append((where, kind, message))


@dataclass
class Listing:
    """All images that the documents of a data set list.

    Attributes:
        format: Name of the reader.
        root: Folder that names are relative to.
        request: What the caller asks.
        entries: The images.
        classes: Classes in the order in which a document declares them; empty: not declared.
        told: What is read as something else, or not read.
        notes: Further notes.
        documents: Titles of the documents.
        parts: Names of other files that are read, such as masks of objects: they are no images without annotations.
    """

    format: str
    root: Path
    request: Request
    entries: list[Entry] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    told: Told = field(default_factory=Told)
    notes: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    parts: set[str] = field(default_factory=set)

    def fault(self, where: str, message: str, kind: str = "malformed") -> None:
        """Note an entry that names no image."""
        self.request.repairs.add("", where, kind, message, "dropped")


def flags_of(attributes: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Flags that attributes mean, and the other attributes."""
    flags, rest = 0, {}
    for name, value in attributes.items():
        flag = FLAG_WORDS.get(name.lower()) if isinstance(value, bool | int | float | str) else None
        if flag is not None and str(value).strip().lower() in ("0", "1", "true", "false", "no", "yes", "0.0", "1.0"):
            flags |= flag if is_true(value) else 0
        else:
            rest[name] = value
    return flags, rest


def united(things: Iterable[Thing], told: Told) -> list[Thing]:
    """Things, where polygons of one class and group are one object, at the place of the first."""
    out: list[Thing] = []
    first: dict[tuple[str, str], int] = {}
    for thing in things:
        if not thing.group or not isinstance(thing.shape.segmentation, list):
            out.append(thing)
            continue
        at = first.setdefault((str(thing.label), thing.group), len(out))
        if at == len(out):
            out.append(thing)
            continue
        other = out[at]
        shape = joined([other.shape, thing.shape])
        extras = {**thing.extras, **other.extras}
        out[at] = replace(other, shape=shape, flags=other.flags | thing.flags, extras=extras)
        told.add("polygon", "joined to another of the same group and class")
    return out


def split_of_folders(name: str) -> int:
    """Code of the split that one of a path's folders names, the innermost first."""
    codes = (split_of(part) for part in reversed(PurePosixPath(name).parts[:-1]))
    return next((code for code in codes if code != UNASSIGNED), UNASSIGNED)


def split_of_document(name: str, *, alone: bool) -> int:
    """Code of the split that a document is for, by its folders, or a word in its name unless it stands alone."""
    found = split_of_folders(name)
    if found != UNASSIGNED or alone:
        return found
    stem = PurePosixPath(name).stem
    codes = {split_of(stem), *(split_of(word) for word in PARTS.split(stem))} - {UNASSIGNED}
    return codes.pop() if len(codes) == 1 else UNASSIGNED


def near(title: str) -> str:
    """The folder of a document, relative to the root."""
    return title.rpartition("/")[0]


def root_of(path: Path, request: Request) -> Path:
    """The folder that names are relative to, for a document or a folder of them."""
    if request.root is not None:
        return request.root
    if path.is_dir():
        return path
    return path.parent.parent if path.resolve().parent.name.lower() in APART else path.parent
