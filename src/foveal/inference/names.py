"""Names of images in the folders that predictions are written to.

A prediction never takes another image's name: not of the same command, where images of several folders or formats may
have equal names, and not of an earlier one. ``index.csv`` in the folder says which image each name stands for.
"""

import csv
import io
import posixpath
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from foveal.artifact.place import fitting, output_error
from foveal.errors import RunError

STEM_BYTES = 244
"""Longest name without suffix: what follows it, such as ``.png``, fits into the 255 bytes that file systems allow."""
INDEX = "index.csv"


def plan_names(paths: Sequence[Path], names: Sequence[str]) -> dict[Path, str]:
    """A name without suffix for each image, unique even where case does not count.

    It is the image's path below the folder that was named, without its suffix; with it, where two differ in nothing
    else (``1.jpg`` and ``1.png``); numbered, where two differ in nothing at all (``a/1.jpg`` and ``b/1.jpg``, with both
    folders named).

    Args:
        paths: The images.
        names: For each, its path below the folder that was named.
    """
    stems = [_cut(posixpath.splitext(name)[0]) for name in names]
    groups: dict[str, set[str]] = {}
    for stem, name in zip(stems, names, strict=True):
        groups.setdefault(key_of(stem), set()).add(key_of(name))
    wanted = [stem if len(groups[key_of(stem)]) == 1 else _cut(name) for stem, name in zip(stems, names, strict=True)]
    reserved = {key_of(name) for name in [*stems, *wanted]}
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    planned = {}
    for path, name in zip(paths, wanted, strict=True):
        chosen, key = name, key_of(name)
        while key_of(chosen) in taken or (chosen != name and key_of(chosen) in reserved):
            numbers[key] = numbers.get(key, 1) + 1
            chosen = _numbered(name, numbers[key])
        planned[path] = chosen
        taken.add(key_of(chosen))
    return planned


class Naming(Protocol):
    """What gives images their names in a folder."""

    def take(self, image: Path) -> str:
        """The name of an image, without suffix."""
        ...


class OutputNames:
    """The names of images in a folder, kept in its ``index.csv``.

    Args:
        folder: The folder.
        planned: The name of each image, see ``plan_names``.
        suffix: Of the files.
        once: Images that no later command can name again, such as the standard input.

    Raises:
        RunError: The index cannot be read.
    """

    def __init__(self, folder: Path, planned: Mapping[Path, str], suffix: str, *, once: frozenset[Path]) -> None:
        self.folder = folder
        self._planned = planned
        self._suffix = suffix
        self._once = once
        self._reserved = {key_of(name) for whole in planned.values() for name in (whole, posixpath.splitext(whole)[0])}
        self._owners: dict[str, str] = {}
        try:
            with (folder / INDEX).open(encoding="utf-8", errors="surrogateescape", newline="") as file:
                self._owners = {key_of(row["name"]): row["image"] for row in csv.DictReader(file)}
        except FileNotFoundError:
            pass
        except OSError as error:
            raise output_error(folder / INDEX, error) from None
        except (KeyError, TypeError, csv.Error):
            raise RunError(f"{folder / INDEX}: not an index that Foveal wrote.", "Choose another folder.") from None

    def take(self, image: Path) -> str:
        """The name of an image; it is written into the index first."""
        planned, owner = self._planned[image], str(image) if image in self._once else str(image.resolve())
        name, number = planned, 1
        while not self._is_free(name, owner, image, own=number == 1):
            number += 1
            name = _numbered(planned, number)
        if key_of(name) not in self._owners:
            self._append(name, owner)
        return name

    def _is_free(self, name: str, owner: str, image: Path, *, own: bool) -> bool:
        """Whether an image may have a name: its own before, or nobody's."""
        key = key_of(name)
        if key in self._owners:
            return self._owners[key] == owner and image not in self._once
        return (own or key not in self._reserved) and not (self.folder / f"{name}{self._suffix}").exists()

    def _append(self, name: str, owner: str) -> None:
        self._owners[key_of(name)] = owner
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        path = self.folder / INDEX
        if not path.exists():
            table.writerow(("name", "image"))
        table.writerow((name, owner))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab", 0) as file:
                file.write(text.getvalue().encode(errors="surrogateescape"))
        except OSError as error:
            raise output_error(path, error) from None


def key_of(name: str) -> str:
    """Equal for names that a file system may take for one: case and Unicode's forms do not count."""
    return unicodedata.normalize("NFC", name).casefold()


def _cut(name: str) -> str:
    """A path whose last part leaves room for a suffix."""
    folder, last = posixpath.split(name)
    return posixpath.join(folder, fitting(last, "", limit=STEM_BYTES))


def _numbered(name: str, number: int) -> str:
    folder, last = posixpath.split(name)
    return posixpath.join(folder, fitting(last, f"-{number}", limit=STEM_BYTES))
