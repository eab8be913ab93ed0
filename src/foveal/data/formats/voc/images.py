"""The images of a Pascal VOC data set, and which of them an annotation belongs to."""

import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from foveal.data.formats.homes import IMAGE_WORDS, fold
from foveal.data.formats.layout import images_in
from foveal.data.formats.resolver import Resolver
from foveal.data.formats.voc.parts import Part
from foveal.data.notes import plural
from foveal.imaging.suffixes import IMAGE_SUFFIXES


class Images:
    """Images by what their annotations are called.

    Args:
        root: The data set.
        parts: Its parts.
        fixed: The only folder of images, relative to the root; None: those of the parts.

    Attributes:
        by_key: Names of images by their paths below the folder of images, without suffix; of an image in the folder of
            a split, the folder of the split stands before it.
    """

    def __init__(self, root: Path, parts: Sequence[Part], fixed: str | None = None) -> None:
        bases = {home: part.base for part in parts for home in part.images}
        if fixed is not None:
            bases = {fixed: parts[0].base}
        self.homes = [*bases]
        self.by_key: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for home, base in bases.items():
            before = base if fixed is not None else _before(home, base)
            for name in images_in(root, root / home):
                self.by_key.setdefault(key_of(name, home, before), []).append(name)
                self._by_stem[fold(_stem(name))].append(name)
        self._resolver = Resolver(root, [*self.homes, ""] if fixed is None else [fixed])
        self._respelled: list[tuple[str, str]] = []
        self._renamed: list[tuple[str, str, str]] = []

    def find(self, key: str, written: str, title: str) -> str | None:
        """The name of the image of an annotation; None: there is none.

        Args:
            key: The annotation's path below the folder of annotations, without suffix.
            written: The file name that it gives.
            title: The annotation's file.
        """
        same = self.by_key.get(key) or self.by_key.get(_without_suffix(key), [])
        if not same:
            near = [name for name in self._by_stem.get(fold(_stem(f"{key}.")), ()) if name not in same]
            same = near if len(near) == 1 else [n for n in near if posixpath.basename(n) == posixpath.basename(written)]
            if len(same) != 1:
                return (self._resolver(written) if written else None) or (near[0] if len(near) == 1 else None)
            if _stem(same[0]) != posixpath.basename(key):
                self._respelled.append((title, same[0]))
        last = posixpath.basename(written.replace("\\", "/"))
        name = next((name for name in same if posixpath.basename(name) == last), same[0])
        if last and fold(_without_suffix(last)) != fold(_stem(name)):
            self._renamed.append((title, last, name))
        return name

    def other_than(self, names: Collection[str]) -> Iterator[str]:
        """All images but some."""
        return (name for own in self.by_key.values() for name in own if name not in names)

    def missing(self, key: str, written: str) -> str:
        """A name for an image that is not there, for messages."""
        last = posixpath.basename(written.replace("\\", "/")) or f"{posixpath.basename(key)}.jpg"
        folder = posixpath.dirname(key)
        home = self.homes[0] if self.homes else ""
        return posixpath.join(home, "" if home.endswith(folder) else folder, last)

    def notes(self) -> list[str]:
        """What is not called as it should be."""
        out = self._resolver.notes()
        for title, name in self._respelled[:1]:
            count = plural(len(self._respelled), "annotation")
            out.append(f"{count} not spelt like the image, in case or Unicode form, such as {title} for {name}.")
        for title, written, name in self._renamed[:1]:
            count = plural(len(self._renamed), "annotation")
            out.append(f"{count} with another file's name inside, such as {title}: {written}, read for {name}.")
        return out


def key_of(name: str, home: str, before: str) -> str:
    """The path of an image or annotation below its folder, without suffix, and with what stands before it."""
    inner = name[len(home) + 1 :] if home else name
    return posixpath.splitext(posixpath.join(before, inner))[0]


def _before(home: str, base: str) -> str:
    """What stands before the images of a folder: nothing if it is called images, else its own name."""
    above, _, last = home.rpartition("/")
    return (above if fold(last) in IMAGE_WORDS else home) if home != base else base


def _stem(name: str) -> str:
    return posixpath.splitext(posixpath.basename(name))[0]


def _without_suffix(name: str) -> str:
    stem, suffix = posixpath.splitext(name)
    return stem if suffix.lower() in IMAGE_SUFFIXES else name
