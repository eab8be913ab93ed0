"""The layout of a data set without a YAML: folders of images and text files, and a file of class names."""

import posixpath
from collections.abc import Sequence
from pathlib import Path

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.homes import folders_below, image_homes, name_of, split_in, splits_of
from foveal.data.formats.layout import images_in
from foveal.data.formats.recognition.tree import HEAD_BYTES, Folder, Tree
from foveal.data.formats.splits import split_of
from foveal.data.formats.yolo.class_files import class_files, names_in
from foveal.data.formats.yolo.label_files import LABELS, LabelFiles, label_file, looks_like_labels
from foveal.data.formats.yolo.layouts.layout import Layout
from foveal.data.formats.yolo.layouts.lists import ImageLists, find_lists
from foveal.data.formats.yolo.layouts.yaml_file import ORIENTED, YAML_NAMES, tells_classes
from foveal.data.formats.yolo.record import BOX_FIELDS, DOTA_HEADS, corners_of
from foveal.data.notes import listed
from foveal.errors import DataError

CLASS_FILE = "classes.txt"
FEW = 8
"""Number of images of a folder whose label files are looked at."""
LOOKED_AT = 8
"""Number of folders of images whose text files are looked at."""


def homes_of(tree: Tree, images: Path | None) -> list[str]:
    """Folders of the images, relative to the root."""
    return image_homes(tree) if images is None else [name_of(images, tree.root)]


def labelled(tree: Tree, homes: Sequence[str], within: str | None) -> tuple[int, int]:
    """Number of images, of the first folders with any, and of those that have a text file with lines of YOLO's kind."""
    every = [tree.folder(name) for name in folders_below(tree, homes)]
    folders = sorted(every, key=lambda folder: not _has_texts(tree, folder))[:LOOKED_AT]
    names = [folder.inside(name) for folder in folders for name in folder.images]
    pairs = LabelFiles(tree, within, find_lists(tree))
    pairs.pair(names)
    files = [*pairs.found.values()]
    return len(names), len(files) if looks_like_labels(tree, files) else 0


def _has_texts(tree: Tree, folder: Folder) -> bool:
    usual = posixpath.dirname(label_file(folder.inside("x")))
    return bool(tree.folder(usual).with_suffix(".txt"))


def has_polygons(tree: Tree, homes: Sequence[str], within: str | None) -> bool:
    """Whether a line of the first label files has more than a box's fields."""
    pairs = LabelFiles(tree, within, find_lists(tree))
    names = (tree.folder(name) for name in folders_below(tree, homes)[:LOOKED_AT])
    pairs.pair([folder.inside(name) for folder in names for name in folder.images[:FEW]])
    heads = (tree.head(file) for file in pairs.found.values())
    return any(len(line.split()) > BOX_FIELDS for head in heads for line in head.splitlines())


def named_in_lines(tree: Tree, homes: Sequence[str], within: str | None) -> list[str]:
    """Label files, of the first images, that name the class in each line, as DOTA's do; none where others do not."""
    pairs = LabelFiles(tree, within, find_lists(tree))
    names = (tree.folder(name) for name in folders_below(tree, homes)[:LOOKED_AT])
    pairs.pair([folder.inside(name) for folder in names for name in folder.images[:FEW]])
    files = [file for file in pairs.found.values() if _lines(tree.head(file))]
    return files if files and all(map(corners_of, (row for file in files for row in _lines(tree.head(file))))) else []


def _lines(text: str) -> list[list[str]]:
    """The fields of lines but for DOTA's head; the last line of a long text may be cut."""
    lines = text.splitlines()[: -1 if len(text) >= HEAD_BYTES else None]
    return [line.split() for line in lines if line.strip() and not line.lower().startswith(DOTA_HEADS)]


def _classes_in_lines(tree: Tree, images: Sequence[str], within: str | None) -> dict[int, str]:
    """The classes that label files name, in alphabetical order."""
    pairs = LabelFiles(tree, within, find_lists(tree))
    pairs.pair(images)
    texts = (tree.path(file).read_text("utf-8-sig", errors="replace") for file in dict.fromkeys(pairs.found.values()))
    found = {corners.name for text in texts for line in text.splitlines() if (corners := corners_of(line.split()))}
    return dict(enumerate(sorted(found)))


def class_files_of(tree: Tree, homes: Sequence[str], within: str | None) -> list[str]:
    """Files of class names: those of the labels, else of the root, else of the images."""
    found = class_files(tree, [*([] if within is None else [within]), "", LABELS])
    if found:
        return found[:1]
    folders = folders_below(tree, homes)
    return class_files(tree, [*(posixpath.dirname(label_file(f"{name}/x")) for name in folders), *folders, *homes])


def lay_out(tree: Tree, within: str | None, images: Path | None, lists: ImageLists) -> Layout:
    """The layout.

    Args:
        tree: The data set.
        within: Folder of label files that the user named, relative to the root.
        images: The folder of images that the user named.
        lists: Reads lists of images.

    Raises:
        DataError: There are no class names or no images.
        CategoryError: Folders disagree on the classes.
    """
    homes = homes_of(tree, images)
    files = class_files_of(tree, homes, within)
    named = [] if files else named_in_lines(tree, homes, within)
    if not files and not named:
        raise no_names(tree)
    if not homes:
        raise DataError(f"{tree.root} has no images.", "Name their folder with --data.images.")
    every = [name for home in homes for name in images_in(tree.root, tree.path(home))]
    names = names_in(tree, files) if files else _classes_in_lines(tree, every, within)
    found = Layout(tree.root, (files or named)[0], names, within=within, read={*files})
    if named:
        found.notes.append("Classes are those that the label files name, in alphabetical order.")
    if ORIENTED.search(tree.root.absolute().name):
        found.lines, found.source = "oriented", "the name of the folder"
    listings = find_lists(tree)
    if listings:
        for name in listings:
            lists.take(found, tree.path(name), split_of(Path(name).stem))
        return found
    codes = splits_of(folders_below(tree, homes))
    found.folders += homes
    found.images += [(name, codes.get(name.rpartition("/")[0], UNASSIGNED)) for name in every]
    words = [name for name in codes if split_in(name) != UNASSIGNED]
    if words and set(codes.values()) == {UNASSIGNED}:
        found.notes.append(
            f"{listed(words)} {'is' if len(words) == 1 else 'are'} called like splits, but other images are in none:"
            " no split is assigned."
        )
    return found


def no_names(tree: Tree, seen: str = "") -> DataError:
    """The error of labels without class names; ``seen``: what labels there are."""
    what = f"{tree.root} has {seen}, but no class names." if seen else f"{tree.root} has no class names."
    hint = f"Add a data.yaml, or a {CLASS_FILE} with one name per line."
    around = tree.root.absolute().parent
    for name in YAML_NAMES:
        if (around / name).is_file() and tells_classes(around / name):
            hint = f"Name {tree.root.parent}, whose {name} has some."
    return DataError(what, hint)
