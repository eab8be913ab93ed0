"""Darknet's ``obj.data``, as CVAT's "YOLO 1.1" has it: class names and lists of images of each split."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.homes import find_below, name_of
from foveal.data.formats.layout import images_in, relative
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_name, split_of
from foveal.data.formats.text_file import numbered_lines
from foveal.data.formats.yolo.class_files import class_files, names_in
from foveal.data.formats.yolo.layouts.layout import Layout
from foveal.data.formats.yolo.layouts.lists import ImageLists, is_list
from foveal.data.formats.yolo.layouts.places import place_of
from foveal.data.notes import listed
from foveal.errors import CategoryError, DataError

ENTRY = re.compile(r"\s*([\w-]+)\s*=\s*(.*?)\s*")
OTHER_KEYS = ("classes", "names", "backup", "eval", "results", "top", "labels")
"""Entries that are no lists of images."""
DEPTH = 2
"""Levels of folders in which ``obj.data`` is looked for."""


def find_darknet(tree: Tree) -> list[str]:
    """Files like ``obj.data``, relative to the root."""
    return find_below(tree, DEPTH, lambda name: name.lower().endswith(".data")) if not tree.file else [tree.file]


def is_darknet(head: str) -> bool:
    """Whether the beginning of a file names a list of images or of class names."""
    keys = {match[1].lower() for line in head.splitlines() if (match := ENTRY.fullmatch(line))}
    return "names" in keys or ("classes" in keys and any(map(split_name, keys - {*OTHER_KEYS})))


def lay_out(file: Path, root: Path, images: Path | None, lists: ImageLists) -> Layout:
    """The layout that an ``obj.data`` describes.

    Args:
        file: It.
        root: Names are relative to it.
        images: The folder of images that the user named.
        lists: Reads lists of images.

    Raises:
        DataError: A list that is named does not exist, or there is none.
        CategoryError: No class names.
    """
    entries = {match[1].lower(): match[2] for _, line in numbered_lines(file) if (match := ENTRY.fullmatch(line))}
    bases = [file.parent, *file.parent.parents[:1], root]
    title = relative(file, root)
    found = Layout(root, title, {}, read={title})
    _name_classes(found, file, entries, bases)
    ignored = []
    for key, written in entries.items():
        if key in OTHER_KEYS:
            continue
        place = place_of(bases, written) if written else None
        if place is not None and place[0].is_dir():
            _take_folder(found, place[0], split_of(key))
        elif place is not None and (split_name(key) or is_list(Tree(place[0]).head(place[0].name))):
            lists.take(found, place[0], split_of(key))
        elif split_name(key) == "train":
            found.notes.append(f"{title} names the list {written}, which does not exist.")
        else:
            ignored.append(key)
    if not (found.images or found.listed or found.folders) and not any(name.endswith(".txt") for name in found.read):
        _take_data_folders(found, file, images)
    if ignored:
        found.notes.append(f"Entries of {title} that are not used: {listed(ignored)}.")
    return found


def _name_classes(found: Layout, file: Path, entries: dict[str, str], bases: Sequence[Path]) -> None:
    place = place_of(bases, entries["names"]) if entries.get("names") else None
    if place is not None and place[0].is_file():
        home, files = place[0].parent, [place[0].name]
    else:
        home = file.parent
        files = class_files(Tree(home), [""])
        if not files:
            raise CategoryError(
                f"{file}: the file of class names, {entries.get('names') or 'names'}, does not exist.",
                "Put obj.names, with one class name per line, beside it.",
            )
        found.notes.append(f"{file.name} names {entries.get('names') or 'no file of class names'}; {files[0]} is read.")
    found.names = names_in(Tree(home), files)
    found.read.add(relative(home / files[0], found.root))
    number = entries.get("classes", "")
    if number and number != str(len(found.names)):
        found.notes.append(f"{file.name} says that classes is {number}; {files[0]} names {len(found.names)}.")


def _take_folder(found: Layout, folder: Path, split: int) -> None:
    found.folders.append(name_of(folder, found.root))
    found.images += [(name, split) for name in images_in(found.root, folder)]


def _take_data_folders(found: Layout, file: Path, images: Path | None) -> None:
    """Without lists: the folders ``obj_train_data`` and so on."""
    home = images or file.parent
    folders = sorted(folder for folder in home.iterdir() if folder.is_dir() and folder.name.startswith("obj"))
    for folder in folders or [home]:
        _take_folder(found, folder, split_of(folder.name.removeprefix("obj")))
    if not found.images:
        raise DataError(f"{file}: no list of images exists, and no folder has images.", "Add train.txt and its images.")
    splits = {SPLITS[code] for _, code in found.images if code != UNASSIGNED}
    where = listed([PurePosixPath(name).name for name in found.folders])
    found.notes.append(
        f"No list that {file.name} names exists; all images of {where} are read"
        f"{f' as {listed(sorted(splits))}' if splits else ''}."
    )
