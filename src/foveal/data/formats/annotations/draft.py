"""What a source says of its images before it is checked, and how it becomes a Catalog.

A reader makes a ``Draft`` of each image; ``look`` finds the files, ``assemble`` mends and packs. All formats pass
through here, so a fault is evaluated the same whatever the format.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from foveal.data.catalog.builder import sorted_order
from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.objects import Object, Objects, text_of
from foveal.data.formats.annotations.orientation import LYING, read_orientation, turn
from foveal.data.formats.annotations.repair import Repairs, mend_boxes, mend_outlines
from foveal.errors import DataError, ImageError
from foveal.imaging.decode import read_size
from foveal.types.categories import Categories
from foveal.types.flags import NOT_EVALUATED

HEADERS_A_TURN = 64
"""Headers that a thread reads before it takes the next turn."""


@dataclass(slots=True)
class Draft:
    """One image as a source lists it.

    Attributes:
        name: Path of the image relative to the data set's root, with forward slashes.
        where: The file (and line or entry) that lists it.
        split: Its code.
        size: Width and height that the source declares; None: it does not say.
        seen: Width and height of the file as a person sees it; None until ``look`` was there.
        objects: What the source says is in it.
        places: File and line or entry of each object, for messages.
        keys: How each object is known in a side-car.
        extras: What else the source says, one entry for each format that said it.
    """

    name: str
    where: str
    split: int = UNASSIGNED
    size: tuple[int, int] | None = None
    seen: tuple[int, int] | None = None
    objects: list[Object] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)

    def add(self, thing: Object, place: str, key: str) -> None:
        """One object more."""
        self.objects.append(thing)
        self.places.append(place)
        self.keys.append(key)


def look(drafts: Iterable[Draft], root: Path, repairs: Repairs) -> list[Draft]:
    """Those whose images are there, each once, with the size that the file has.

    Missing and unreadable files, and second entries of one image, go to ``repairs``.
    """
    once = list(_once(drafts, repairs))
    sizes: list[tuple[int, int] | ImageError] = [(0, 0)] * len(once)

    def fill(first: int) -> None:
        for at in range(first, min(first + HEADERS_A_TURN, len(once))):
            try:
                sizes[at] = read_size(root / once[at].name)
            except ImageError as error:
                sizes[at] = error

    with ThreadPoolExecutor(thread_name_prefix="foveal-headers") as pool:
        list(pool.map(fill, range(0, len(once), HEADERS_A_TURN)))
    there = []
    for draft, size in zip(once, sizes, strict=True):
        if isinstance(size, ImageError):
            missing = not os.path.exists(root / draft.name)  # noqa: PTH110  (False for names that are too long)
            kind, reason = (
                ("missing", "is listed, but there is no such file") if missing else ("unreadable", size.reason)
            )
            repairs.add(draft.name, draft.where, kind, reason, "dropped")
        else:
            draft.seen = size
            there.append(draft)
    return there


def assemble(
    drafts: Sequence[Draft],
    *,
    root: Path,
    format: str,  # noqa: A002
    categories: Categories,
    repairs: Repairs,
    about: dict[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> Catalog:
    """Check and mend every object, then pack.

    Args:
        drafts: Images that ``look`` found.
        root: Folder that names are relative to.
        format: Name of the reader.
        categories: The class map that objects' labels refer to.
        repairs: Faults so far, and the policy for those found here.
        about: What the source says of the whole data set.
        notes: Remarks of the reader.

    Raises:
        DataError: There is no image; or there is a fault and the policy is ``error``.
    """
    for draft in drafts:
        _settle_size(draft, root, repairs)
    mend_outlines(drafts, repairs)
    rows = mend_boxes(drafts, repairs)
    found = repairs.settle(root)
    if not drafts:
        what = f"{root}: none of the images listed can be used.{repairs.first()}"
        raise DataError(what, "Check where the images are.")
    names = Names.of([draft.name for draft in drafts])
    order = sorted_order(names)
    labels = [sorted({o.label for o in row if not o.flags & NOT_EVALUATED}) for row in rows]
    catalog = Catalog(
        root,
        format,
        "boxes",
        categories,
        names,
        np.array([draft.split for draft in drafts], np.uint8),
        Ragged.of(labels),
        multi_label=True,
        notes=(*notes, *repairs.notes()),
        sizes=np.array([draft.seen for draft in drafts], np.int32).reshape(-1, 2),
        objects=Objects.of(rows),
        extras=Names.of([text_of(draft.extras) for draft in drafts]),
        about=text_of(about or {}),
        repairs=found,
    )
    return catalog.take(order)


def unlisted(root: Path, names: Iterable[str], listed_in: str, repairs: Repairs) -> None:
    """Tell of images that lie in the data set but that nothing lists."""
    for name in names:
        repairs.add(name, listed_in, "unlisted", f"lies in {root.name or root}, but nothing lists it", "left out")


def _once(drafts: Iterable[Draft], repairs: Repairs) -> Iterator[Draft]:
    """The first entry of each image; the objects of a second one join it, unless it is in another split."""
    first: dict[str, Draft] = {}
    for draft in drafts:
        known = first.setdefault(draft.name, draft)
        if known is draft:
            continue
        if draft.split != known.split and UNASSIGNED not in (draft.split, known.split):
            message = f"is in {SPLITS[known.split]} and again in {SPLITS[draft.split]}"
            repairs.add(draft.name, draft.where, "two_splits", message, f"kept in {SPLITS[known.split]}")
        else:
            known.split = min(known.split, draft.split)
            known.objects += draft.objects
            known.places += draft.places
            known.keys += draft.keys
            repairs.add(draft.name, draft.where, "listed_twice", "is listed twice", "joined")
    yield from first.values()


def _settle_size(draft: Draft, root: Path, repairs: Repairs) -> None:
    """Compare the declared size with the file's; turn objects that are told in the stored pixels of a turned file."""
    assert draft.seen is not None, "look comes first"
    if draft.size is None or draft.size == draft.seen:
        return
    told, there = (f"{w} x {h}" for w, h in (draft.size, draft.seen))
    if draft.size == draft.seen[::-1]:
        orientation = read_orientation(root / draft.name)
        if orientation in LYING:
            message = (
                f"the annotation is in the {told} pixels that the file stores; upright (EXIF orientation {orientation})"
                f" it is {there}"
            )
            repairs.add(draft.name, draft.where, "turned", message, "turned")
            draft.objects = [turn(o, orientation, size=draft.size) for o in draft.objects]
            return
    message = f"the annotation says {told} pixels, the file has {there}"
    repairs.add(draft.name, draft.where, "size", message, "kept")
