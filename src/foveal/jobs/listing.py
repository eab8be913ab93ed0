"""The images that a job's command names, one by one: files, folders, patterns, lists of paths and tar shards.

Memory does not grow with their number, but for the names of one folder's files at a time.
"""

import glob
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from foveal.artifact.place import descriptor_of
from foveal.data.notes import SHOWN, plural
from foveal.errors import DataError, ImageError
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.imaging.walk import walk
from foveal.inference.images import check_no_address
from foveal.jobs import tar
from foveal.jobs.items import Item
from foveal.jobs.path_lists import PARQUET, paths_of

LIST_MARK = "@"
"""Before the name of a list of paths."""


class Listing:
    """The images of a job in their order, and what was left out on the way.

    Args:
        names: As the command line has them.
        unnamed: Which files of folders are left out without a note.
    """

    def __init__(self, names: Sequence[str], *, unnamed: Callable[[str], bool] = lambda _: False) -> None:
        self._unnamed = unnamed
        self._names = names
        self._left: Counter[str] = Counter()
        self._first: dict[str, list[str]] = {}
        self._shards = 0
        self._notes: list[str] = []

    def __iter__(self) -> Iterator[Item]:
        """Each mention of an image; one that is named twice comes twice.

        Raises:
            DataError: A name matches nothing, is an address, a pipe or a compressed tar; or a list cannot be read.
        """
        for name in self._names:
            before, empty = self._left.copy(), True
            for item in self._inside(name):
                empty = False
                yield item
            if empty:
                others = [f"{count:,} x {kind}" for kind, count in sorted((self._left - before).items())]
                also = f" but {', '.join(others)}" if others else ""
                raise DataError(f"{name}: no images here{also}.", f"Looked for {', '.join(sorted(IMAGE_SUFFIXES))}.")

    def notes(self) -> list[str]:
        """What the user should know of what was listed."""
        read = [f"Images are read in place from {plural(self._shards, 'tar shard')}."] if self._shards else []
        left = [
            f"{count:,} x {kind} left out: {', '.join(self._first[kind])}{_more(count)}."
            for kind, count in sorted(self._left.items())
        ]
        return [*self._notes, *read, *left]

    def _inside(self, name: str) -> Iterator[Item]:
        try:
            check_no_address(name)
        except ImageError as error:
            raise DataError(error.what, error.hint) from None
        path = Path(name)
        if name.startswith(LIST_MARK) and not path.exists():
            yield from self._of_list(name.removeprefix(LIST_MARK))
        elif path.is_dir():
            yield from self._of_folder(path)
        elif path.exists():
            _check_file(path, name)
            yield from self._of_list(name) if name.lower().endswith(PARQUET) else self._of_file(name)
        else:
            inside = sorted(p for p in glob.iglob(name, recursive=True) if os.path.isfile(p))  # noqa: PTH113, PTH207
            if not inside:
                raise DataError(f"{name}: no such file or folder.", "Check the path; quote patterns such as '*.jpg'.")
            for file in inside:
                yield from self._of_found(file)

    def _of_folder(self, folder: Path) -> Iterator[Item]:
        closed: list[DataError] = []
        for path in walk(folder, closed=closed.append, again=lambda link: self._leave("linked folder", str(link))):
            name = str(path)
            if path.suffix.lower() in IMAGE_SUFFIXES:
                yield look_at(name)
            elif tar.is_shard(name):
                yield from self._of_found(name)
            elif not self._unnamed(name):
                kind = "compressed tar" if tar.is_compressed(name) else path.suffix.lower() or "file without suffix"
                self._leave(kind, name)
            while closed:
                yield _closed(closed.pop(0))
        yield from map(_closed, closed)

    def _of_list(self, name: str) -> Iterator[Item]:
        for path in paths_of(name, note=self._notes.append):
            if tar.is_shard(path) and os.path.exists(path):  # noqa: PTH110
                yield from self._of_found(path)
            else:
                yield look_at(path)

    def _of_found(self, name: str) -> Iterator[Item]:
        """A file that is one of many: a shard that is none of Foveal's is a bad file, and no reason to stop."""
        try:
            yield from self._of_file(name)
        except DataError as error:
            yield Item(name, bad=error.what.removeprefix(f"{name}: ").rstrip("."))

    def _of_file(self, name: str) -> Iterator[Item]:
        if tar.is_compressed(name):
            tar.check_plain(name)
        if not tar.is_shard(name):
            yield look_at(name)
            return
        self._shards += 1
        try:
            yield from tar.members(name, left=self._leave)
        except OSError as error:
            yield Item(name, bad=f"cannot be opened ({error.strerror or error})")

    def _leave(self, kind: str, name: str) -> None:
        self._left[kind] += 1
        first = self._first.setdefault(kind, [])
        if len(first) < SHOWN:
            first.append(name)


def look_at(name: str) -> Item:
    """A file with its size and age; without them, if it cannot be looked at: opening it says why."""
    try:
        status = os.stat(name)  # noqa: PTH116  a million Path objects take seconds
    except (OSError, ValueError):
        return Item(name)
    return Item(name, num_bytes=status.st_size, changed_ns=status.st_mtime_ns)


def _more(count: int) -> str:
    return f" and {count - SHOWN:,} more" if count > SHOWN else ""


def _closed(error: DataError) -> Item:
    folder, _, reason = error.what.rstrip(".").rpartition(": ")
    return Item(folder, bad=reason)


def _check_file(path: Path, name: str) -> None:
    """Refuse what can be read only once.

    Raises:
        DataError: It is a pipe or a device.
    """
    if descriptor_of(path) is not None or not stat.S_ISREG(path.stat().st_mode):
        raise DataError(
            f"{name}: is a pipe or a device, which can be read only once; --out goes on where a killed command ended.",
            "Name files, or leave out --out.",
        )
