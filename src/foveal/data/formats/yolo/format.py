"""YOLO as a format among others."""

import os
from pathlib import Path

from foveal.data.catalog.catalog import Annotation
from foveal.data.formats.homes import find_below, name_of
from foveal.data.formats.recognition.evidence import Doubt, Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.yolo import reader
from foveal.data.formats.yolo.layouts.darknet import find_darknet, is_darknet
from foveal.data.formats.yolo.layouts.from_folders import (
    class_files_of,
    has_polygons,
    homes_of,
    labelled,
    named_in_lines,
    no_names,
)
from foveal.data.formats.yolo.layouts.from_yaml import lost_path, not_there
from foveal.data.formats.yolo.layouts.layout import Lines
from foveal.data.formats.yolo.layouts.yaml_file import SUFFIXES, Document, find_yaml, load_yaml, tells_classes
from foveal.data.formats.yolo.record import NAME
from foveal.data.notes import listed, plural

DEPTH = 2
"""Levels of folders in which a YAML file is looked for, to be named."""


def find(tree: Tree) -> Evidence | Doubt | None:
    """A YAML file with names and splits, Darknet's obj.data, or text files that belong to images."""
    if tree.labels is not None:
        return _named(tree, tree.labels)
    if tree.file:
        return _of_file(tree)
    document, others = find_yaml(tree)
    if document is not None:
        if _of_class_folders(document):
            return None
        return _stale(tree, document) or _of_yaml(document, tuple(others))
    data = [name for name in find_darknet(tree) if is_darknet(tree.head(name))]
    if len(data) > 1 and "/" not in data[0] and "/" in data[1]:
        data = data[:1]
    if len(data) > 1:
        return Doubt(
            f"{tree.root} has {len(data)} data sets of Darknet: {listed(data)}.", "Name one of them.", own=True
        )
    if data:
        return Evidence(tree.path(data[0]), f"{data[0]} names lists of images and classes", Sure.CERTAIN, ("boxes",))
    return _of_folders(tree, tree.root, None)


def _of_class_folders(document: Document) -> bool:
    """Whether its splits have folders called as its classes and no images themselves: an export for classification."""
    names = document.values.get("names")
    known = {*map(str, names.values() if isinstance(names, dict) else names if isinstance(names, list) else ())}
    tree = Tree(document.file.parent)
    homes = [str(document.values[key]).replace("\\", "/").strip("/") for key in document.splits if document.values[key]]
    folders = [tree.folder(home) for home in homes if os.path.isdir(document.file.parent / home)]  # noqa: PTH112  (any text)
    return bool(folders) and all(one.folders and {*one.folders} <= known and not one.images for one in folders)


def _stale(tree: Tree, document: Document) -> Doubt | None:
    """No path of a YAML file exists here, nor a label file: what it was exported with was removed or replaced."""
    lost = lost_path(document, tree.images)
    if lost is None or labelled(tree, homes_of(tree, tree.images), None)[1]:
        return None
    error = not_there(document, *lost)
    return Doubt(error.what, error.hint, own=True)


def _of_file(tree: Tree) -> Evidence | Doubt | None:
    path = tree.path(tree.file)
    if path.suffix.lower() in SUFFIXES:
        return _of_yaml(load_yaml(path), ())
    if path.suffix.lower() == ".data" and is_darknet(tree.head(tree.file)):
        return Evidence(path, f"{tree.file} names lists of images and classes", Sure.CERTAIN, ("boxes",))
    return None


def _named(tree: Tree, labels: Path) -> Evidence | Doubt | None:
    """What the file or folder is that the user named."""
    if labels.is_file():
        return _of_file(Tree(labels))
    document, others = find_yaml(Tree(labels))
    if document is not None:
        return _of_yaml(document, tuple(others))
    return _of_folders(tree, labels, name_of(labels, tree.root))


def _of_yaml(document: Document, others: tuple[str, ...]) -> Evidence:
    names = document.values.get("names")
    told = plural(len(names), "class") if isinstance(names, list | dict) else "classes"
    splits = [key for key in document.splits if document.values[key]]
    seen = f"{document.file.name} names {told}" + (f" and the splits {', '.join(splits)}" if splits else "")
    return Evidence(document.file, seen, Sure.CERTAIN, _kinds(document.lines()[0]), others)


def _kinds(lines: Lines) -> tuple[Annotation, ...]:
    return ("boxes",) if lines in ("pose", "oriented", "boxes") else ("boxes", "masks")


def _of_folders(tree: Tree, where: Path, within: str | None) -> Evidence | Doubt | None:
    homes = homes_of(tree, tree.images)
    if not homes:
        return None
    images, pairs = labelled(tree, homes, within)
    if not pairs:
        return None
    files = class_files_of(tree, homes, within)
    if not files:
        inner = find_below(tree, DEPTH, lambda name: name.lower().endswith(SUFFIXES)) if within is None else []
        sets = [name for name in inner if "/" in name and tells_classes(tree.path(name))]
        if sets and len(tree.folder().folders) == 1:
            return None
        if sets:
            seen = f"{tree.root} has no class names itself; {listed(sets)} {'has' if len(sets) == 1 else 'have'} some."
            return Doubt(seen, f"Name the data set: {tree.path(sets[0])}.", own=True)
        if named_in_lines(tree, homes, within):
            seen = (
                f"label files for {pairs:,} of {plural(images, 'image')} name corners and classes in each line (DOTA)"
            )
            return Evidence(where, seen, Sure.CERTAIN, ("boxes",))
        error = no_names(tree, f"label files of YOLO for {pairs:,} of {plural(images, 'image')}")
        return Doubt(error.what, error.hint, own=True)
    seen = f"{files[0]} names classes, and there are label files for {pairs:,} of {plural(images, 'image')}"
    return Evidence(where, seen, Sure.CERTAIN, ("boxes", "masks") if has_polygons(tree, homes, within) else ("boxes",))


FORMAT = Format(NAME, "YOLO", find, reader.read)
