"""COCO's image entries as drafts."""

import json
import posixpath
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats import layout
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.coco.record import image_extras, is_number, number_of
from foveal.data.formats.coco.source import Source
from foveal.data.formats.coco.told import Told
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_of
from foveal.errors import DataError

LARGEST_SIDE = 2**31
ENTRY = 'Each image is {"id": number, "file_name": text, "width": number, "height": number}.'
NAME_KEYS = ("filename", "path", "file", "coco_url")
"""Keys that name the file where ``file_name`` is missing."""
URL_PARTS = 2
"""Last parts of a URL that stand for folder and file."""


def read_images(source: Source, repairs: Repairs, told: Told) -> tuple[list[Draft], dict[Any, Draft]]:
    """The images of a file, and each by its id.

    Raises:
        DataError: An entry without a file's name or an id.
    """
    drafts: list[Draft] = []
    by_id: dict[Any, Draft] = {}
    for at, record in enumerate(source.document["images"]):
        draft, key = _draft(source, at, record, told)
        source.listed.add(draft.name)
        if key in by_id:
            message = f"its id {json.dumps(key)} is that of {by_id[key].where}, {by_id[key].name}"
            repairs.add(draft.name, draft.where, "duplicate_id", message, "dropped")
            continue
        by_id[key] = draft
        drafts.append(draft)
    return drafts, by_id


def _draft(source: Source, at: int, record: Any, told: Told) -> tuple[Draft, Any]:
    where = f"{source.title}, images[{at}]"
    if not isinstance(record, dict):
        raise DataError(f"{source.path}: images[{at}] is {json.dumps(record)}, not an object.", ENTRY)
    written = _written(record, where, told)
    if not written:
        given = record.get("file_name")
        what = "has no file_name" if given in (None, "") else f": file_name is {json.dumps(given)}, not text"
        raise DataError(f"{source.path}: images[{at}] {what}.".replace("] :", "]:"), "Name the image's file.")
    if not layout.is_file_name(written):
        raise DataError(f"{source.path}: images[{at}]: {written!r} is not a valid file name.", "Correct it.")
    key = record.get("id")
    if not (is_number(key) or isinstance(key, str)):
        what = "has no id" if key is None else f"has the id {json.dumps(key)}, neither a number nor text"
        raise DataError(f"{source.path}: images[{at}] ({written}) {what}.", "Give the image an id.")
    found = source.locate(written)
    name = found or source.locate.likely(written)
    extras = image_extras(record)
    own = written.replace("\\", "/")
    folder, _, last = name.rpartition("/")
    if _portable(folder) + last != own:
        extras[layout.NAME_KEY] = own
    draft = Draft(name, where, source.split, _size(record, where, told), extras=extras)
    if found is None:
        draft.lost = source.lost(written)
    return draft, key


@cache
def _portable(folder: str) -> str:
    """What ``layout.portable`` leaves of a folder, before the image's own name."""
    return layout.portable(f"{folder}/x")[:-1]


def _written(record: Mapping[str, Any], where: str, told: Told) -> str | None:
    name = record.get("file_name")
    if isinstance(name, str) and name:
        return name
    if type(name) is int and abs(name) < LARGEST_SIDE:
        told.add("name_number", where)
        return str(name)
    for key in NAME_KEYS:
        name = record.get(key)
        if isinstance(name, str) and name:
            told.add("name_key", where, key)
            return "/".join(urlsplit(name).path.split("/")[-URL_PARTS:]) if "://" in name else name
    return None


def _size(record: Mapping[str, Any], where: str, told: Told) -> tuple[int, int] | None:
    sides = [record.get("width"), record.get("height")]
    if type(sides[0]) is int and type(sides[1]) is int and abs(sides[0]) < LARGEST_SIDE > abs(sides[1]):
        return sides[0], sides[1]
    if any(isinstance(side, str) for side in sides):
        sides = [number_of(side) if isinstance(side, str) else side for side in sides]
        if None not in sides:
            told.add("size_text", where)
    if not all(is_number(side) and abs(side) < LARGEST_SIDE for side in sides):
        return None
    return int(sides[0]), int(sides[1])  # type: ignore[arg-type]


def unlisted(tree: Tree, names: set[str], there: Iterable[str], *, deep: bool) -> list[str]:
    """Images that are not listed, in the folders of those that are.

    Args:
        tree: The data set.
        names: All images that are listed.
        there: Those that exist.
        deep: Whether to look anywhere below ``images``, too.
    """
    homes = {name.rpartition("/")[0] for name in there}
    inside = {folder.inside(name) for home in homes for folder in [tree.folder(home)] for name in folder.images}
    for top in {home.split("/")[0] for home in homes}.intersection(layout.IMAGE_FOLDERS if deep else ()):
        others = (folder for folder in tree.folders(top) if folder.name not in homes)
        folders = [folder for folder in others if not _of_another_split(folder.name, homes)]
        inside |= {folder.inside(name) for folder in folders for name in folder.images}
    return sorted(inside - names)


def _of_another_split(name: str, homes: Iterable[str]) -> bool:
    """Whether a folder is ``images/val2017`` or the like, and has no listed image: other files list its images."""
    folder = "/".join(name.split("/")[:2])
    split = split_of(posixpath.basename(folder))
    return split != UNASSIGNED and not any(f"{home}/".startswith(f"{folder}/") for home in homes)
