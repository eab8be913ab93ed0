"""The files of a folder: the one walk of training, evaluation, checks and inference.

Sub-folders in the order of their names. Links are followed, each folder once, so that a loop of links ends: links come
last, so that a folder is found under its own name. Hidden files and folders are left out.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from foveal.errors import DataError

HIDDEN = frozenset({"__MACOSX", "__pycache__", "$RECYCLE.BIN", "@eaDir"})
"""Folders left by operating systems; those with a leading dot are hidden too."""
HIDDEN_FILES = frozenset({"Thumbs.db", "desktop.ini"})
"""Files left by operating systems; those with a leading dot are hidden too."""


def walk(
    folder: Path,
    *,
    deep: bool = True,
    hidden: Callable[[Path], None] = lambda _: None,
    again: Callable[[Path], None] = lambda _: None,
    closed: Callable[[DataError], None] | None = None,
) -> Iterator[Path]:
    """The files of a folder, sorted folder by folder.

    Args:
        folder: Where to look.
        deep: Whether its sub-folders count.
        hidden: Called with each hidden file and folder.
        again: Called with each linked folder that was read before, under its own name or another's.
        closed: Called with the error of each folder that cannot be read, which is then left out. None raises the first.

    Raises:
        DataError: A folder cannot be read and ``closed`` is None; it is named.
    """
    for home, names in walk_folders(folder, deep=deep, hidden=hidden, again=again, closed=closed):
        yield from (home / name for name in names)


def walk_folders(
    folder: Path,
    *,
    deep: bool = True,
    hidden: Callable[[Path], None] = lambda _: None,
    again: Callable[[Path], None] = lambda _: None,
    closed: Callable[[DataError], None] | None = None,
) -> Iterator[tuple[Path, list[str]]]:
    """As ``walk``, folder by folder: each with the sorted names of its files, if it has any."""
    seen: set[tuple[int, int]] = set()
    links: deque[Path] = deque()
    yield from _folders(folder, seen, links, deep, hidden, closed)
    while links:
        link = links.popleft()
        if _identity(link) in seen:
            again(link)
        else:
            yield from _folders(link, seen, links, deep, hidden, closed)


def is_hidden(name: str) -> bool:
    """Whether a folder of this name is hidden."""
    return name.startswith(".") or name in HIDDEN


def _folders(
    here: Path,
    seen: set[tuple[int, int]],
    links: deque[Path],
    deep: bool,
    hidden: Callable[[Path], None],
    closed: Callable[[DataError], None] | None,
) -> Iterator[tuple[Path, list[str]]]:
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(here) as entries:
            for entry in entries:
                is_folder = entry.is_dir()
                if is_hidden(entry.name) if is_folder else entry.name.startswith(".") or entry.name in HIDDEN_FILES:
                    hidden(Path(entry.path))
                elif not is_folder:
                    files.append(entry.name)
                elif deep and entry.is_symlink():
                    links.append(Path(entry.path))
                elif deep:
                    folders.append(entry.name)
    except OSError as error:
        if closed is None:
            raise _closed(here, error) from None
        closed(_closed(here, error))
        return
    seen.add(_identity(here))
    if files:
        yield here, sorted(files)
    for name in sorted(folders):
        yield from _folders(here / name, seen, links, deep, hidden, closed)


def _identity(folder: Path) -> tuple[int, int]:
    """Equal for two names of one folder."""
    status = folder.stat()
    return status.st_dev, status.st_ino


def _closed(folder: Path, error: OSError) -> DataError:
    reason = (error.strerror or str(error)).lower()
    return DataError(
        f"{folder}: this folder cannot be read ({reason}).",
        "Change its permissions: its images would be missing.",
    )
