"""From the drafts of a reader to a Catalog: find files, fix objects, pack columns.

All formats pass through here, so a fault is treated the same whatever the format.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foveal.data.catalog.builder import sorted_order
from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.headers import read_headers
from foveal.data.catalog.objects import Objects, text_of
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.fix import fix_boxes, fix_segmentations
from foveal.data.formats.annotations.orientation import LYING, read_orientation, upright
from foveal.data.formats.annotations.packed import Packed
from foveal.data.formats.annotations.plausible import check_left, check_unit
from foveal.data.formats.annotations.repair import Repairs
from foveal.errors import DataError, ImageError
from foveal.types.categories import Categories
from foveal.types.flags import IGNORED_FLAGS


def find_images(drafts: Iterable[Draft], root: Path, repairs: Repairs, packed: Packed | None = None) -> list[Draft]:
    """Drafts whose images exist, each once, with the size of the file.

    Missing and unreadable files, and duplicate entries, go to ``repairs``; duplicates are unpacked.
    """
    once = list(_once(drafts, repairs, packed))
    headers = read_headers(root, Names.of([draft.name for draft in once]), tiled=repairs.tiled)
    there = []
    for draft, header in zip(once, headers, strict=True):
        if isinstance(header, ImageError):
            missing = not os.path.exists(root / draft.name)  # noqa: PTH110  (False for names that are too long)
            lost = draft.lost or "is listed but does not exist"
            kind, reason = ("missing", lost) if missing else ("unreadable", header.reason)
            repairs.add(draft.name, draft.where, kind, reason, "dropped")
        else:
            draft.seen = header.width, header.height
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
    packed: Packed | None = None,
) -> Catalog:
    """Check and fix every object, then pack.

    Args:
        drafts: From ``find_images``.
        root: Folder that names are relative to.
        format: Name of the reader.
        categories: The class map that objects' labels refer to.
        repairs: Faults so far, and the policy for those found here.
        about: Further fields of the data set.
        notes: Notes of the reader.
        packed: Objects that are not in the drafts.

    Raises:
        DataError: There is no image, nothing is left of the annotations, or no box can be right; or there is a fault
            and the policy is ``error``.
    """
    for draft in drafts:
        _settle_size(draft, root, repairs, packed)
    check_unit(root, drafts, packed)
    if packed is not None:
        packed.unpack_suspects(drafts)
    fix_segmentations(drafts, repairs)
    rows = fix_boxes(drafts, repairs)
    found = repairs.settle(root)
    if not drafts:
        what = f"{root}: none of the images listed can be used.{repairs.first()}"
        raise DataError(what, "Check the paths of the images.")
    order = sorted_order(Names.of([draft.name for draft in drafts])).tolist()
    drafts, rows = [drafts[i] for i in order], [rows[i] for i in order]
    objects = Objects.of(rows)
    if packed is not None:
        objects = packed.join(drafts, objects)
    check_left(root, len(objects.labels), found)
    return Catalog(
        root,
        format,
        "boxes",
        categories,
        Names.of([draft.name for draft in drafts]),
        np.array([draft.split for draft in drafts], np.uint8),
        _labels(objects),
        multi_label=True,
        notes=(*notes, *repairs.notes()),
        sizes=np.array([draft.seen for draft in drafts], np.int32).reshape(-1, 2),
        objects=objects,
        extras=Names.of([text_of(draft.extras) for draft in drafts]),
        about=text_of(about or {}),
        repairs=found,
    )


def _labels(objects: Objects) -> Ragged:
    """The classes that occur in each image, but for objects that do not count."""
    owners = np.repeat(np.arange(len(objects)), np.diff(objects.offsets))
    there = objects.flags & IGNORED_FLAGS == 0
    classes = int(objects.labels.max(initial=0)) + 1
    pairs = np.sort(owners[there] * classes + objects.labels[there])  # numpy's unique takes ten times as long
    mine, labels = np.divmod(pairs[np.flatnonzero(np.diff(pairs, prepend=-1))], classes)
    counts = np.bincount(mine, minlength=len(objects))
    return Ragged(labels.astype(np.int32), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def report_unlisted(root: Path, names: Iterable[str], listed_in: str, repairs: Repairs) -> None:
    """Report images in the data set that are not listed."""
    for name in names:
        repairs.add(name, listed_in, "unlisted", f"is in {root.name or root} but not listed", "left out")


def _once(drafts: Iterable[Draft], repairs: Repairs, packed: Packed | None) -> Iterator[Draft]:
    """The first entry of each image; the objects of a second one are merged, unless it is in another split."""
    first: dict[str, Draft] = {}
    for draft in drafts:
        known = first.setdefault(draft.name, draft)
        if known is draft:
            continue
        if packed is not None:
            packed.unpack(known)
            packed.unpack(draft)
        if draft.split != known.split and UNASSIGNED not in (draft.split, known.split):
            message = f"is in {SPLITS[known.split]} and again in {SPLITS[draft.split]}"
            repairs.add(draft.name, draft.where, "two_splits", message, f"kept in {SPLITS[known.split]}")
        else:
            known.split = min(known.split, draft.split)
            known.objects += draft.objects
            known.places += draft.places
            known.keys += draft.keys
            repairs.add(draft.name, draft.where, "listed_twice", "is listed twice", "merged")
    yield from first.values()


def _settle_size(draft: Draft, root: Path, repairs: Repairs, packed: Packed | None) -> None:
    """Compare the declared size with the file's; bring objects given in the stored pixels of a rotated file upright."""
    assert draft.seen is not None, "find_images comes first"
    if draft.size is None or draft.size == draft.seen:
        return
    declared, there = (f"{w} x {h}" for w, h in (draft.size, draft.seen))
    if draft.size == draft.seen[::-1]:
        orientation = read_orientation(root / draft.name)
        if orientation in LYING:
            message = (
                f"the annotation is in the {declared} pixels that the file stores; as displayed (EXIF orientation"
                f" {orientation}) it is {there}"
            )
            repairs.add(draft.name, draft.where, "turned", message, "turned")
            if packed is not None:
                packed.unpack(draft)
            draft.objects = [upright(o, orientation, size=draft.size) for o in draft.objects]
            return
    message = f"the annotation declares {declared} pixels, the file has {there}"
    repairs.add(draft.name, draft.where, "size", message, "kept")
