"""The layout that a ``data.yaml`` describes."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foveal.data.formats.homes import name_of
from foveal.data.formats.layout import images_in, relative
from foveal.data.formats.splits import split_name, split_of
from foveal.data.formats.yolo.layouts.layout import Layout
from foveal.data.formats.yolo.layouts.lists import ImageLists
from foveal.data.formats.yolo.layouts.places import place_of
from foveal.data.formats.yolo.layouts.yaml_file import Document
from foveal.data.notes import listed
from foveal.errors import DataError
from foveal.imaging.suffixes import IMAGE_SUFFIXES

DEEPEST = 20
"""Levels of nesting of an entry that is kept."""


def lay_out(document: Document, root: Path, images: Path | None, lists: ImageLists) -> Layout:
    """The layout.

    Args:
        document: The YAML file.
        root: Names are relative to it.
        images: The folder of images that the user named.
        lists: Reads lists of images.

    Raises:
        DataError: A path does not exist, or a list is invalid.
        CategoryError: No class names, or ids that are not whole numbers.
    """
    file = document.file
    names, notes = document.names()
    found = Layout(root, relative(file, root), names, read={relative(file, root)}, notes=notes)
    found.lines, found.source = document.lines()
    found.key_points = document.key_points()
    _keep(document, found)
    bases = _bases(document, images, found)
    keys = [key for key in document.splits if document.values.get(key)]
    if not keys:
        raise DataError(f"{file}: 'train', 'val' and 'test' are missing.", "Add the paths of the images of each split.")
    moved: list[str] = []
    for key in keys:
        given = document.written[key]
        for text in given if isinstance(given, list) else [given]:
            _take(found, document, key, text, bases, moved, lists)
    if moved:
        found.notes.append(f"Paths in {file.name} that are found elsewhere: {listed(moved)}.")
    return found


def lost_path(document: Document, images: Path | None) -> tuple[str, str] | None:
    """The first split's key and path, where no path of any split exists here; else None."""
    bases = _bases(document, images, None)
    given = [(key, document.written[key]) for key in document.splits]
    each = [(key, text) for key, value in given for text in (value if isinstance(value, list) else [value])]
    paths = [(key, text) for key, text in each if isinstance(text, str) and text]
    return paths[0] if paths and all(place_of(bases, text) is None for _, text in paths) else None


def not_there(document: Document, key: str, text: str) -> DataError:
    """The error for a path that does not exist."""
    return DataError(
        f"{document.file}: {key} is '{text}', which does not exist.",
        "Paths are relative to 'path', or to the folder of the YAML file.",
    )


def _take(
    found: Layout, document: Document, key: str, text: Any, bases: Sequence[Path], moved: list[str], lists: ImageLists
) -> None:
    """Add the images that one path of a split stands for."""
    file = document.file
    if not isinstance(text, str):
        raise DataError(f"{file}: {key} has {str(text)[:60]} as a path.", "Give a folder, a list, or several of them.")
    place = place_of(bases, text)
    if place is None:
        if split_name(key) == "test" and found.images:  # exports name one whether it exists or not
            found.notes.append(f"{file.name} names a test split that does not exist: {text}.")
            return
        raise not_there(document, key, text)
    path, exact = place
    if not exact:
        moved.append(f"{text} as {relative(path, found.root)}")
    if path.is_dir():
        names = list(images_in(found.root, path))
        found.folders.append(name_of(path, found.root))
        found.images += [(name, split_of(key)) for name in names]
        if not names:
            found.notes.append(f"{file.name} names {text} as {key}, which has no images.")
    elif path.suffix.lower() in IMAGE_SUFFIXES:
        found.images.append((relative(path, found.root), split_of(key)))
    else:
        lists.take(found, path, split_of(key))


def _bases(document: Document, images: Path | None, found: Layout | None) -> list[Path]:
    """Folders that paths may be relative to; notes on them go to the layout, if it is given."""
    home = document.file.parent
    given = document.written.get("path")
    if images is not None:
        return [images]
    if not given or not isinstance(given, str):
        return [home]
    place = place_of([home], given)
    if place is None or not place[0].is_dir():
        if found is not None:
            found.notes.append(
                f"{document.file.name} has the path '{given}', which does not exist here; its folder is used."
            )
        return [home]
    if not place[1] and found is not None:
        found.notes.append(f"{document.file.name} has the path '{given}', which is found as {place[0]}.")
    return [place[0], home]


def _keep(document: Document, found: Layout) -> None:
    """Keep entries that are nothing to Foveal, and tell them."""
    more = document.more()
    found.about = {key: value for key, value in more.items() if _is_plain(value)}
    if more:
        lost = [key for key in more if key not in found.about]
        kept = [key for key in more if key in found.about]
        if kept:
            found.notes.append(f"Entries of {document.file.name} that are not used, and kept: {listed(kept)}.")
        if lost:
            found.notes.append(f"Entries of {document.file.name} that are not used: {listed(lost)}.")


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Whether it is a plain JSON value."""
    if depth > DEEPEST:
        return False
    if isinstance(value, dict):
        return all(isinstance(k, str) and _is_plain(v, depth + 1) for k, v in value.items())
    if isinstance(value, list):
        return all(_is_plain(v, depth + 1) for v in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)
