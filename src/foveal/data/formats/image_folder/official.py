"""Splits that text files beside class folders give, as public data sets come with them.

- Lists of paths: ``meta/train.txt`` and ``meta/test.txt`` with lines such as ``apple_pie/1005649`` (Food-101).
- A table of numbers: ``images.txt`` with ``1 CLASS/1.jpg``, ``train_test_split.txt`` with ``1 0`` (CUB-200).
- Classes of a split without class folders: ``val/val_annotations.txt`` with ``val_0.JPEG n034 ...`` (Tiny
  ImageNet).
"""

import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.image_folder.splits import Layout
from foveal.data.formats.recognition.tree import Folder, Tree
from foveal.data.formats.splits import split_name_of_file, split_of
from foveal.data.formats.text_file import read_text
from foveal.data.notes import listed, plural
from foveal.errors import DataError

HOMES = frozenset({"meta", "splits", "split", "lists", "list"})
"""Folders of lists, in lower case."""
NUMBERED, PARTED = "images.txt", "train_test_split.txt"
TRAINED = {"1": SPLITS.index("train"), "0": SPLITS.index("test")}
ENOUGH = 0.9
"""Share of lines that must name images, or images and classes, for a file to be what it is taken for."""
FIELDS = re.compile(r"[\t,; ]+")


@dataclass
class Official:
    """What the files give.

    Attributes:
        codes: Split of each image, by its name.
        labels: Class of each image outside class folders, by its name.
        files: The files that were read.
        notes: What they are.
    """

    codes: dict[str, int] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def official(tree: Tree, layout: Layout, classes: Collection[str]) -> Official:
    """The splits and classes that files beside the class folders give.

    Args:
        tree: The files.
        layout: The folders of the splits.
        classes: Names of the classes.
    """
    found = Official()
    if "" in layout.splits and any(folder.with_suffix(".txt") for folder in _list_homes(tree)):  # else names are costly
        home = layout.splits[""]
        names = {folder.inside(name) for folder in tree.folders(home) for name in folder.images}
        if not _numbered(tree, home, names, found):
            _lists(tree, home, names, found)
        outside = len(names) - len(found.codes)
        if found.codes and outside:
            found.notes.append(f"{plural(outside, 'image')} in none of them: of no split, and trained on.")
    for name in layout.beside:
        code = split_of(name)
        if code != UNASSIGNED and SPLITS[code] not in layout.splits:
            _labelled(tree, name, code, {*classes}, found)
    return found


def _numbered(tree: Tree, home: str, names: Collection[str], found: Official) -> bool:
    """CUB-200's two files."""
    if not {NUMBERED, PARTED} <= {*tree.folder().others}:
        return False
    paths, parts = (_pairs(tree, name) for name in (NUMBERED, PARTED))
    codes = {
        name: TRAINED[parts[key]]
        for key, path in paths.items()
        if parts.get(key) in TRAINED and (name := _inside(home, path)) in names
    }
    return _take(codes, len(paths), {NUMBERED, PARTED}, found)


def _lists(tree: Tree, home: str, names: Collection[str], found: Official) -> None:
    """Lists of paths, one for each split."""
    stems = {posixpath.splitext(name)[0]: name for name in names}
    for folder in _list_homes(tree):
        files = folder.with_suffix(".txt")
        lists = [(split_name_of_file(posixpath.splitext(posixpath.basename(name))[0]), name) for name in files]
        of_split = [(SPLITS.index(split), name) for split, name in lists if split is not None]
        if len({code for code, _ in of_split}) < len(of_split) or len(of_split) < 2:
            continue
        codes: dict[str, int] = {}
        total = 0
        for code, file in of_split:
            for line in _lines(tree, file):
                total += 1
                path = _inside(home, line)
                name = path if path in names else stems.get(path, "")
                if name:
                    codes.setdefault(name, code)
        if _take(codes, total, {name for _, name in of_split}, found):
            return


def _list_homes(tree: Tree) -> list[Folder]:
    """The folders that lists may lie in."""
    top = tree.folder()
    return [top, *(tree.folder(name) for name in top.folders if name.lower() in HOMES)]


def _labelled(tree: Tree, name: str, code: int, classes: Collection[str], found: Official) -> None:
    """A file with the classes of the images in a split's folder."""
    folder = tree.folder(name)
    images = {one.rpartition("/")[2]: one for one in _images(tree, folder)}
    for file in folder.with_suffix(".txt", ".csv", ".tsv"):
        rows = [FIELDS.split(line) for line in _lines(tree, file)]
        labels = {
            images[base]: row[1]
            for row in rows
            if len(row) > 1 and row[1] in classes and (base := posixpath.basename(row[0])) in images
        }
        if labels and len(labels) >= ENOUGH * len(rows):
            found.labels |= labels
            found.codes |= dict.fromkeys(labels, code)
            found.files.add(file)
            left = len(images) - len(labels)
            more = f"; {plural(left, 'image')} of it not in the file left out" if left else ""
            found.notes.append(f"The classes of {plural(len(labels), 'image')} of {name} are those of {file}{more}.")
            return


def _images(tree: Tree, folder: Folder) -> list[str]:
    return [below.inside(image) for below in tree.folders(folder.name) for image in below.images]


def _take(codes: Mapping[str, int], total: int, files: set[str], found: Official) -> bool:
    """Take splits where nearly all lines name images, and there are images to train on and others."""
    if len(codes) < ENOUGH * total or SPLITS.index("train") not in codes.values() or len({*codes.values()}) < 2:
        return False
    found.codes |= codes
    found.files |= files
    found.notes.append(f"Splits are those of {listed(sorted(files))}.")
    return True


def _inside(home: str, path: str) -> str:
    """An image's name, for a path that is relative to the folder of images, or to the root."""
    path = path.replace("\\", "/").removeprefix("./")
    return path if not home or path.startswith(f"{home}/") else f"{home}/{path}"


def _pairs(tree: Tree, name: str) -> dict[str, str]:
    pairs = (line.partition(" ") for line in _lines(tree, name))
    return {key: value.strip() for key, _, value in pairs}


def _lines(tree: Tree, name: str) -> list[str]:
    """The lines of a text file that are not blank; none where it is no text."""
    try:
        text = read_text(tree.path(name))
    except DataError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]
