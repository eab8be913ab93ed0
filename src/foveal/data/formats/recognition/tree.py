"""The files of a data set as every format sees them: each folder is listed once, each file's beginning read once."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.errors import DataError
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.imaging.walk import HIDDEN_FILES, is_hidden

HEAD_BYTES = 1 << 16
"""Bytes of a text file that formats look at."""


@dataclass(frozen=True)
class Folder:
    """One folder, without hidden files.

    Attributes:
        name: Its path relative to the root, with forward slashes; empty: the root.
        folders: Names of its sub-folders, sorted; links to folders included.
        images: Names of its images, sorted.
        others: Names of its other files, sorted.
    """

    name: str
    folders: tuple[str, ...]
    images: tuple[str, ...]
    others: tuple[str, ...]

    def inside(self, name: str) -> str:
        """The path, relative to the root, of something in this folder."""
        return f"{self.name}/{name}" if self.name else name

    def with_suffix(self, *suffixes: str) -> list[str]:
        """Paths, relative to the root, of its other files with one of these suffixes, in lower case."""
        return [self.inside(name) for name in self.others if name.lower().endswith(suffixes)]


class Tree:
    """A folder, or a single file of one, that may be a data set.

    Args:
        path: A folder or a file.
        labels: The file or folder with the annotations that the user named; formats look nowhere else for them.
        images: The folder of images that the user named.

    Attributes:
        root: The folder.
        file: Name of the single file in ``root`` to be read; empty: the folder is meant.
    """

    def __init__(self, path: Path, *, labels: Path | None = None, images: Path | None = None) -> None:
        single = path.is_file()
        self.root = path.parent if single else path
        self.file = path.name if single else ""
        self.labels, self.images = labels, images
        self._folders: dict[str, Folder] = {}
        self._heads: dict[str, str] = {}

    def path(self, name: str) -> Path:
        """The path of something below the root."""
        return self.root / name if name else self.root

    def folder(self, name: str = "") -> Folder:
        """A folder below the root; an empty one where there is none.

        Raises:
            DataError: It cannot be read.
        """
        if name not in self._folders:
            self._folders[name] = _listed(self.root, name)
        return self._folders[name]

    def folders(self, start: str = "") -> Iterator[Folder]:
        """A folder and all below it, each real one once; a folder before those in it."""
        seen: set[tuple[int, int]] = set()
        waiting = [start]
        while waiting:
            name = waiting.pop()
            status = os.stat(self.path(name))  # noqa: PTH116  (a folder just listed)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            folder = self.folder(name)
            yield folder
            waiting += [folder.inside(below) for below in reversed(folder.folders)]

    def texts(self, *suffixes: str, depth: int | None = None) -> list[str]:
        """Files that may be annotations, relative to the root: the single file, or all with these suffixes.

        Args:
            suffixes: In lower case, such as ``.json``.
            depth: Number of levels of folders to look into; 0: the root alone; None: all.
        """
        if self.file:
            return [self.file] if self.file.lower().endswith(suffixes) else []
        return [
            name
            for folder in self.folders()
            if depth is None or (folder.name.count("/") + 1 if folder.name else 0) <= depth
            for name in folder.with_suffix(*suffixes)
        ]

    def head(self, name: str) -> str:
        """The beginning of a text file, as UTF-8 with replacement characters; empty where it cannot be read."""
        if name not in self._heads:
            try:
                with (self.root / name).open("rb") as file:
                    text = file.read(HEAD_BYTES).decode("utf-8-sig", errors="replace")
            except OSError:
                text = ""
            self._heads[name] = text
        return self._heads[name]

    def holds_images(self, name: str) -> bool:
        """Whether there is an image in a folder or anywhere below it."""
        return any(folder.images for folder in self.folders(name))


def _listed(root: Path, name: str) -> Folder:
    folders: list[str] = []
    images: list[str] = []
    others: list[str] = []
    here = root / name if name else root
    try:
        with os.scandir(here) as entries:
            for entry in entries:
                file = entry.name  # a hundred thousand of them
                if entry.is_dir():
                    if not is_hidden(file):
                        folders.append(file)
                elif file[0] != "." and file not in HIDDEN_FILES:
                    suffix = file[file.rfind(".") :]
                    if suffix in IMAGE_SUFFIXES or suffix.lower() in IMAGE_SUFFIXES:
                        images.append(file)
                    else:
                        others.append(file)
    except FileNotFoundError:
        pass
    except NotADirectoryError:
        pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(
            f"{here}: this folder cannot be read ({reason}).", "Change its permissions: its images would be missing."
        ) from None
    for names in (folders, images, others):
        names.sort()
    return Folder(name, tuple(folders), tuple(images), tuple(others))


def common_stems(one: Sequence[str], other: Sequence[str]) -> int:
    """Number of names that differ in nothing but their suffixes."""
    return len({_stem(name) for name in one} & {_stem(name) for name in other})


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name
