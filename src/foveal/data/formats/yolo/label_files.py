"""The label file of each image: where YOLO expects it, else in the one folder that has files of the same names."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import takewhile

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.homes import fold, split_in
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.yolo.class_files import is_class_file
from foveal.data.formats.yolo.record import BOX_FIELDS, DOTA_HEADS, corners_of, fields_of
from foveal.data.notes import listed, plural

IMAGES, LABELS = "images", "labels"
SAMPLE = 20
"""Number of lines or files that are looked at to tell what they are."""


class LabelFiles:
    """Pairs images with text files.

    Args:
        tree: The data set; names are relative to its root.
        within: Folder that the user named, relative to the root; None: wherever they are.
        apart: Text files that are no label files, such as lists.

    Attributes:
        found: Label file of each image that has one.
        folders: Folders of label files, by the folder of the images.
        bare: Folders of images none of which has a label file, and where one of them was looked for.
    """

    def __init__(self, tree: Tree, within: str | None = None, apart: Iterable[str] = ()) -> None:
        self.tree, self.within, self.apart = tree, within, set(apart)
        self.found: dict[str, str] = {}
        self.folders: dict[str, str] = {}
        self.bare: dict[str, str] = {}
        self._elsewhere: dict[str, int] = {}
        self._respelled: dict[str, str] = {}
        self._texts: dict[str, dict[str, str]] = {}

    def pair(self, images: Iterable[str]) -> None:
        """Find the label files of images."""
        homes: dict[str, list[str]] = defaultdict(list)
        for name in images:
            homes[posixpath.dirname(name)].append(name)
        waiting = []
        for home, names in homes.items():
            usual = posixpath.dirname(label_file(f"{home}/x" if home else "x"))
            if not (self._allowed(usual) and self._take(home, usual, names)):
                waiting.append(home)
        taken = set(self.folders.values())
        for home in waiting:
            place = self._other_place(home, homes[home], taken)
            if place is None or not self._take(home, place, homes[home]):
                self.bare[home] = self.expected(homes[home][0])
            else:
                self._elsewhere[home] = len(homes[home])

    def expected(self, image: str) -> str:
        """Where the label file of an image would be."""
        usual = label_file(image)
        home = self.folders.get(posixpath.dirname(image), posixpath.dirname(usual))
        if not self._allowed(home):
            home = self.within or ""
        return posixpath.join(home, posixpath.basename(usual))

    def texts(self, folder: str) -> dict[str, str]:
        """The text files of a folder that may be label files, by stem."""
        if folder not in self._texts:
            names = self.tree.folder(folder).with_suffix(".txt")
            self._texts[folder] = {_stem(name): name for name in names if self._may_be_labels(name)}
        return self._texts[folder]

    def places(self) -> list[str]:
        """All folders with text files that may be label files."""
        start = "" if self.within is None else self.within
        return [folder.name for folder in self.tree.folders(start) if self.texts(folder.name)]

    def notes(self) -> list[str]:
        """What is not as YOLO expects it."""
        out = []
        if self._elsewhere and self.within is None:
            where = listed([f"{self.folders[home] or '.'} (for {home or '.'})" for home in self._elsewhere])
            total = sum(self._elsewhere.values())
            out.append(f"The label files of {plural(total, 'image')} lie in another folder than usual: {where}.")
        for image, file in [*self._respelled.items()][:1]:
            count = plural(len(self._respelled), "label file")
            out.append(f"{count} not spelt like the image, in case or Unicode form, such as {file} for {image}.")
        sharers: dict[str, list[str]] = defaultdict(list)
        for image, file in self.found.items():
            sharers[file].append(image)
        shared = [names for names in sharers.values() if len(names) > 1]
        if shared:
            out.append(
                f"{plural(len(shared), 'label file')} {'is' if len(shared) == 1 else 'are'} read for several images of"
                f" the same name, such as {' and '.join(shared[0][:2])}."
            )
        return out

    def _take(self, home: str, place: str, names: Sequence[str]) -> bool:
        """Pair by stem; where case or Unicode form differ, with what is left."""
        texts = self.texts(place)
        if not texts:
            return False
        pairs = {name: texts[_stem(name)] for name in names if _stem(name) in texts}
        if len(pairs) < len(names):
            left = {fold(stem): file for stem, file in texts.items() if file not in {*pairs.values()}}
            near = {name: left[fold(_stem(name))] for name in names if name not in pairs and fold(_stem(name)) in left}
            self._respelled |= near
            pairs |= near
        self.found |= pairs
        if pairs:
            self.folders[home] = place
        return bool(pairs)

    def _other_place(self, home: str, names: Sequence[str], taken: set[str]) -> str | None:
        """The folder with most files of the same names; among equals the nearest, if that is one."""
        places = self.places()
        stems = {fold(_stem(name)) for name in names} if places else set()
        split = split_in(home)
        ranked: dict[tuple[int, int], list[str]] = defaultdict(list)
        for place in places:
            texts = self.texts(place)
            hits = len(stems & set(map(fold, texts)))
            fits = UNASSIGNED in (split, split_in(place)) or split == split_in(place)
            if hits and fits and place not in taken and looks_like_labels(self.tree, [*texts.values()]):
                near = _shared(place.split("/"), home.split("/"))
                ranked[hits, near].append(place)
        best = ranked[max(ranked)] if ranked else []
        return best[0] if len(best) == 1 else None

    def _allowed(self, folder: str) -> bool:
        return self.within is None or self.within == "" or f"{folder}/".startswith(f"{self.within}/")

    def _may_be_labels(self, name: str) -> bool:
        return name not in self.apart and not is_class_file(name)


def label_file(image: str) -> str:
    """The usual label file of an image: the last ``images`` of its path becomes ``labels``, its suffix ``.txt``."""
    folders = image.split("/")
    for at in reversed(range(len(folders) - 1)):
        if folders[at] == IMAGES:
            folders[at] = LABELS
            break
    return posixpath.splitext("/".join(folders))[0] + ".txt"


def looks_like_labels(tree: Tree, files: Sequence[str]) -> bool:
    """Whether the first of some text files have lines of a class and numbers, or all are empty."""
    heads = [head for file in files[:SAMPLE] if (head := tree.head(file)).strip()]
    return not heads or any(_is_labels(head) for head in heads)


def _is_labels(head: str) -> bool:
    lines = [line for line in head.splitlines()[:SAMPLE] if line.strip() and not line.lower().startswith(DOTA_HEADS)]
    return all(corners_of(line.split()) or _are_numbers(fields_of(line)) for line in lines)


def _are_numbers(fields: Sequence[str]) -> bool:
    try:
        return len([float(text) for text in fields]) >= BOX_FIELDS
    except ValueError:
        return False


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Number of folders that two paths share at their beginnings and ends."""
    ends = ((one, other), (one[::-1], other[::-1]))
    return sum(sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))) for a, b in ends)


def _stem(name: str) -> str:
    return posixpath.splitext(posixpath.basename(name))[0]
