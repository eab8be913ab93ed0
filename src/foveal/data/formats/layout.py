"""Common names of folders, and names of images without their layout."""

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.formats.splits import split_name
from foveal.errors import DataError, ImageError
from foveal.imaging.header import read_header
from foveal.imaging.suffixes import IMAGE_SUFFIXES, SUFFIXES_OF
from foveal.imaging.walk import HIDDEN, HIDDEN_FILES, walk

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


def found_by_walk(catalog: Catalog, own: Sequence[str]) -> list[str]:
    """Names under which images are found in a folder that has no list of them: not hidden, with an image's suffix.

    Args:
        catalog: The images.
        own: Their names without the layout.

    Raises:
        DataError: A file that is no image.
    """
    out = []
    for i, name in enumerate(own):
        parts = portable(name).split("/")
        parts = [f"_{p}" if p.startswith(".") or p in HIDDEN or p in HIDDEN_FILES else p for p in parts]
        if posixpath.splitext(parts[-1])[1].lower() not in IMAGE_SUFFIXES:
            try:
                parts[-1] += SUFFIXES_OF[read_header(catalog.path(i)).kind][0]
            except ImageError as error:
                raise DataError(error.what, error.hint) from None
        out.append("/".join(parts))
    return out


def split_folders(catalog: Catalog) -> list[str]:
    """The folder of each image's split, with a slash; none where no image has a split, else ``train/``."""
    if (catalog.splits == UNASSIGNED).all():
        return [""] * len(catalog)
    return [f"{SPLITS[0 if code == UNASSIGNED else code]}/" for code in catalog.splits.tolist()]


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
