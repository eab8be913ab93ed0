"""Common names of folders, and names of images without their layout."""

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.splits import split_name
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.imaging.walk import walk

IMAGE_FOLDERS = ("JPEGImages", "images", "Images")
"""Folders of all images."""
NAME_KEY = "name"
"""Key of an image's extras: its name without the layout, where the path does not show it."""


def portable(name: str) -> str:
    """An image's path without the folders that only the layout needs, such as ``images/train/``."""
    parts = [part for part in PurePosixPath(name).parts if part not in ("/", "..", ".")]
    while len(parts) > 1 and (parts[0] in IMAGE_FOLDERS or split_name(parts[0]) is not None):
        parts = parts[1:]
    return "/".join(parts)


def own_names(catalog: Catalog, extras: Sequence[dict[str, object]]) -> list[str]:
    """The names of images without their layout; safe as paths below a folder."""
    out = []
    for i, extra in enumerate(extras):
        given = extra.get(NAME_KEY)
        parts = PurePosixPath(str(given)).parts if given else ()
        safe = bool(parts) and not str(given).startswith("/") and ".." not in parts
        out.append("/".join(parts) if safe else portable(catalog.names[i]))
    return out


def unique(names: Iterable[str], *, by_stem: bool) -> list[str]:
    """Names that differ even where case does not count; a later one gets a number.

    Args:
        names: Paths with forward slashes.
        by_stem: Whether they must differ without their suffixes as well.
    """
    taken: set[str] = set()
    out = []
    for name in names:
        stem, suffix = posixpath.splitext(name)
        candidate, number = name, 1
        while (key := (posixpath.splitext(candidate)[0] if by_stem else candidate).casefold()) in taken:
            number += 1
            candidate = f"{stem}_{number}{suffix}"
        taken.add(key)
        out.append(candidate)
    return out


def images_in(root: Path, folder: Path, *, deep: bool = True) -> Iterator[str]:
    """Names, relative to ``root``, of the images in a folder, sorted folder by folder."""
    if folder.is_dir():
        images = (path for path in walk(folder, deep=deep) if path.suffix.lower() in IMAGE_SUFFIXES)
        yield from (relative(path, root) for path in images)


def is_file_name(text: object) -> bool:
    """Whether a text is a valid file name: not empty, no null character, no lone surrogate."""
    try:
        return isinstance(text, str) and bool(text.encode()) and "\0" not in text
    except UnicodeEncodeError:
        return False


def relative(path: Path, root: Path) -> str:
    """A path as a name relative to the data set's root, with forward slashes; it may lead outside."""
    return Path(os.path.relpath(path, root)).as_posix()
