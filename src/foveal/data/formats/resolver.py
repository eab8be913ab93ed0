"""From an image's path as an annotation writes it to the file that is there; the one way of all readers.

An exact path is taken at once. Other spellings are tried in turn: slashes, the Unicode form, percent-encoding, case,
suffix, and the last parts of an absolute path or one from another machine, where they name one image only. Each is
told, with a count.
"""

import os
import posixpath
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.many_names import MOST, names_in
from foveal.data.formats.splits import split_of
from foveal.data.notes import plural
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.imaging.walk import walk

EXACT = ""
NOWHERE: tuple[str, Container[str]] = ("", frozenset())


class Resolver:
    """Finds images by their paths as written; not for use from several threads.

    Args:
        root: The data set; names are relative to it.
        folders: Folders, relative to the root, that paths may be relative to, likeliest first; "" is the root itself.
        suffixes: Suffixes of the files to be found, in lower case.
        only: Whether nothing but the folders is looked into: the user named them.
    """

    def __init__(
        self,
        root: Path,
        folders: Sequence[str] = ("",),
        *,
        suffixes: frozenset[str] = IMAGE_SUFFIXES,
        only: bool = False,
    ) -> None:
        self.root, self.only = root, only
        self.folders = list(dict.fromkeys(_clean(folder) for folder in folders))
        self.suffixes = suffixes
        self._listings: dict[str, Container[str]] = {}
        self._room = MOST
        self._next: dict[tuple[str | None, str], tuple[str, Container[str]]] = {}
        self._index: dict[str, list[str]] | None = None
        self._told: Counter[str] = Counter()
        self._examples: dict[str, tuple[str, str]] = {}

    def __call__(self, written: str, *, near: str | None = None) -> str | None:
        """The name of the file, relative to the root; None: there is none, or several could be meant.

        Args:
            written: The path as written.
            near: A folder, relative to the root, that is tried before the others.
        """
        above, slash, last = written.rpartition("/")
        start, there = self._next.get((near, above + slash), NOWHERE)
        if last in there:
            return start + last
        asked = near
        near = None if near is None else _clean(near)
        if near is not None and (name := self._there(near, written)):
            self._expect(asked, written, name)
            return name
        for at, folder in enumerate(self.folders):
            name = self._there(folder, written)
            if name:
                if at:  # the next image is likely in the same folder
                    self.folders.insert(0, self.folders.pop(at))
                    self._next.clear()
                if near is None:
                    self._expect(None, written, name)
                return name
        found = self._other_spelling(written, near)
        if found is None:
            return None
        name, how = found
        self._told[how] += 1
        self._examples.setdefault(how, (written, name))
        return name

    def likely(self, written: str) -> str:
        """A name for a file that is not there, for messages."""
        if "://" in written:
            return written
        return posixpath.normpath(posixpath.join(self.folders[0] if self.folders else "", written.replace("\\", "/")))

    def why_not(self, written: str) -> str:
        """Why there is no name, as the end of a sentence about the image."""
        tails = self._candidates(written)
        if len(tails) > 1:
            return f"could be {plural(len(tails), 'image')}, such as {tails[0]} and {tails[1]}"
        return "does not exist"

    def notes(self, *others: "Resolver") -> list[str]:
        """One line that counts the paths, of other resolvers too, that are not written as the files are called."""
        told = sum((one._told for one in others), self._told)
        if not told:
            return []
        examples: dict[str, tuple[str, str]] = {}
        for one in (*reversed(others), self):
            examples |= one._examples
        kinds = []
        for how, count in told.most_common():
            written, name = examples[how]
            kinds.append(f"{count:,} by {how} (such as {written!r} for {name})")
        total = sum(told.values())
        was = "was" if total == 1 else "were"
        return [f"{plural(total, 'image')} {was} found under another spelling: {'; '.join(kinds)}."]

    def _expect(self, near: str | None, written: str, name: str) -> None:
        """Others that are written with the same folder are looked for first where this one was found."""
        above, slash, last = written.rpartition("/")
        home = name.removesuffix(last)
        if last and home + last == name and home[-1:] in ("", "/"):
            self._next[near, above + slash] = home, self._listing(home.rstrip("/"))

    def _there(self, folder: str, written: str) -> str:
        if "/." in written or "//" in written or written.startswith((".", "/")):
            name = posixpath.normpath(posixpath.join(folder, written))
        else:
            name = f"{folder}/{written}" if folder else written
        if name.startswith("/"):
            base = str(self.root.absolute())
            if name.startswith(base + "/"):
                name = name[len(base) + 1 :]
            elif posixpath.basename(name) in self._listing(posixpath.dirname(name)):
                return os.path.relpath(name, base).replace(os.sep, "/")
            else:
                return ""
        home, _, last = name.rpartition("/")
        there = self._listings.get(home)
        return name if last in (self._listing(home) if there is None else there) else ""

    def _listing(self, folder: str) -> Container[str]:
        """The names in a folder."""
        if folder not in self._listings:
            self._listings[folder], self._room = names_in(self.root / folder, self._room)
        return self._listings[folder]

    def _other_spelling(self, written: str, near: str | None) -> tuple[str, str] | None:
        slashed = written.replace("\\", "/")
        spellings = {
            "slashes": slashed,
            "Unicode form": unicodedata.normalize("NFC", slashed),
            "Unicode form ": unicodedata.normalize("NFD", slashed),
            "percent-encoding": unquote(slashed),
        }
        folders = [*([] if near is None else [near]), *self.folders]
        for how, spelling in spellings.items():
            if spelling != written:
                for folder in folders:
                    if name := self._there(folder, spelling):
                        return name, how.strip()
        tails = self._candidates(written)
        if len(tails) > 1 and near:
            tails = [name for name in tails if name.startswith(f"{near}/")]
        return (tails[0], _how(written, tails[0])) if len(tails) == 1 else None

    def _candidates(self, written: str) -> list[str]:
        """Images that a path may mean: the same last parts, of which one path is all."""
        if self._index is None:
            self._index = defaultdict(list)
            for name in self._images():
                self._index[_key(posixpath.basename(name))].append(name)
        parts = _parts(urlsplit(written).path if "://" in written else written)
        if not parts:
            return []
        suffix = posixpath.splitext(parts[-1])[1].lower()
        best: dict[int, list[str]] = defaultdict(list)
        for name in self._index.get(_key(parts[-1]), ()):
            depth = self._fit(parts, name)
            if depth:
                best[depth].append(name)
        found = best[max(best)] if best else []
        same = [name for name in found if name.lower().endswith(suffix)] if suffix in self.suffixes else []
        cased = [name for name in same or found if posixpath.basename(name) == parts[-1]]
        return cased or same or found

    def _fit(self, parts: Sequence[str], name: str) -> int:
        """Number of last parts that agree; 0 unless all parts of one of them do, or the splits differ."""
        most = 0
        for folder in self.folders:
            if folder and not name.startswith(f"{folder}/"):
                continue
            own = _parts(name[len(folder) + 1 :] if folder else name)
            same = 1
            while same < min(len(own), len(parts)) and _fold(own[-1 - same]) == _fold(parts[-1 - same]):
                same += 1
            if same in (len(own), len(parts)) and not _splits_differ(parts[:-1], _parts(name)[:-1]):
                most = max(most, same)
        return most

    def _images(self) -> Iterator[str]:
        seen: set[str] = set()
        outside = [folder for folder in self.folders if folder.startswith("..")]
        for start in self.folders if self.only else ["", *outside]:
            for path in walk(self.root / start, closed=lambda _: None):
                name = os.path.relpath(path, self.root).replace(os.sep, "/")
                if os.path.splitext(name)[1].lower() in self.suffixes and name not in seen:  # noqa: PTH122
                    seen.add(name)
                    yield name


def by_stem(names: Sequence[str], key: Callable[[str], str] = lambda name: name) -> dict[str, list[str]]:
    """Names by their stems in one Unicode form."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        found[unicodedata.normalize("NFC", posixpath.splitext(key(name))[0])].append(name)
    return dict(found)


def _clean(folder: str) -> str:
    return "" if folder in ("", ".") else posixpath.normpath(folder)


def _parts(path: str) -> list[str]:
    parts = unquote(path.replace("\\", "/")).split("/")
    return [part for part in parts if part not in ("", ".", "..") and not part.endswith(":")]


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _key(base: str) -> str:
    """A file's name without its suffix, if that is an image's, in one form and case."""
    stem, suffix = posixpath.splitext(base)
    return _fold(stem if suffix.lower() in IMAGE_SUFFIXES else base)


def _splits_differ(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two paths name different splits."""
    first = {split_of(part) for part in one} - {UNASSIGNED}
    second = {split_of(part) for part in other} - {UNASSIGNED}
    return bool(first and second and first != second)


def _how(written: str, name: str) -> str:
    """In what the path differs from the file's."""
    if "://" in written:
        return "the path in a URL"
    parts, own = _parts(written), _parts(name)
    last, base = parts[-1], own[-1]
    if last != base:
        if unicodedata.normalize("NFC", last) == unicodedata.normalize("NFC", base):
            return "Unicode form"
        if _fold(last) == _fold(base):
            return "case"
        return "suffix" if posixpath.splitext(last)[1].lower() in IMAGE_SUFFIXES else "a missing suffix"
    if [_fold(part) for part in parts] == [_fold(part) for part in own]:
        return "case" if parts != own else "percent-encoding"
    return "its folder"
