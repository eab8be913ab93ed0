"""What is inside folders that are no classes: the same in each, a copy of the data set, or splits."""

import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from foveal.data.formats.image_folder.splits import Layout
from foveal.data.formats.image_folder.strangers import besides
from foveal.data.formats.image_folder.words import (
    AS_GIVEN,
    FEW,
    LAYOUT_WORDS,
    called_images,
    numbered_parts,
    stem_of,
)
from foveal.data.formats.recognition.evidence import Doubt
from foveal.data.formats.recognition.tree import Folder, Tree
from foveal.data.formats.splits import split_name, split_names
from foveal.data.notes import listed
from foveal.errors import ImageError
from foveal.imaging.header import read_header

NUMBER = re.compile(r"(?<![\w./])-?\d+(?:\.\d+)?(?![\w./])")
BOX = 4
"""Numbers of a box."""


def same_inside(tree: Tree, layout: Layout, classes: Mapping[str, Sequence[str]]) -> Doubt | None:
    """All classes have the same sub-folders or, where no splits say that they are classes, the same file names."""
    for split, names in classes.items():
        folders = [tree.folder(tree.folder(layout.splits[split]).inside(name)) for name in names]
        if len(folders) < 2:
            continue
        below = {folder.folders for folder in folders}
        fine = all(folder.images for folder in folders) or (split and _inside_classes(folders))
        if len(below) == 1 and folders[0].folders and not fine:
            one = folders[0].name
            return Doubt(
                f"{tree.root}: {listed(names)} all have the same sub-folders ({listed(folders[0].folders)})."
                f"{besides(tree)}",
                f"If each is a data set of its own or one variant of the same, name it: {tree.path(one)}. If they are"
                f" splits, call them train, val and test. {AS_GIVEN}",
            )
        first = {*map(stem_of, folders[0].images)}
        same = all(first == {*map(stem_of, folder.images)} for folder in folders[1:])  # up to the first that differs
        if same and len(first) > 1 and (_differ(tree, folders) or not _numbered(first)):
            return Doubt(
                f"{tree.root}: {listed(names)} have images of the same names, as parts of one data set do.",
                f"If one holds masks, say so with --data.images and --data.labels. {AS_GIVEN}",
            )
    return None


def _inside_classes(folders: Sequence[Folder]) -> bool:
    """Whether sub-folders that all classes of a split have may be parts of the classes."""
    if any(folder.images for folder in folders):
        return True
    below = folders[0].folders
    if len(below) == 1:
        return called_images(below[0])
    return not any(split_name(name) or re.sub(r"[\s-]", "_", name.lower()) in LAYOUT_WORDS for name in below)


def called_like_parts(tree: Tree, names: Sequence[str]) -> Doubt | None:
    """Folders are called like numbered parts of one data set."""
    if not numbered_parts(names):
        return None
    return Doubt(
        f"{tree.root}: {listed(names)} are called like parts of one data set, not like classes.",
        f"Say with a table or annotations what each image shows, --data.labels. {AS_GIVEN}",
    )


def splits_inside(tree: Tree, layout: Layout, homes: Sequence[str]) -> Doubt | None:
    """A "class" has folders of splits: a data set of its own."""
    for home in homes if "" in layout.splits else ():
        folder = tree.folder(home)
        while len(folder.folders) == 1 and not folder.images:
            folder = tree.folder(folder.inside(folder.folders[0]))
        splits = split_names(folder.folders)
        if len({*splits.values()}) > 1 and "train" in splits.values():
            return Doubt(
                f"{tree.root}: {folder.name} has the folders {listed(folder.folders)}; it looks like a data set of its"
                " own, not like a class.",
                f"Name it alone: {tree.path(folder.name)}. {AS_GIVEN}",
            )
    return None


def boxes_listed(tree: Tree, layout: Layout, homes: Sequence[str]) -> Doubt | None:
    """A text file beside the class folders names their images, with a line of a box's numbers behind: WIDER FACE's."""
    texts = [name for above in ("", *layout.beside) for name in tree.folder(above).with_suffix(".txt")]
    images = {f"{posixpath.basename(home)}/{name}" for home in homes for name in tree.folder(home).images if texts}
    for name in texts:
        lines = tree.head(name).splitlines()
        for line, *behind in zip(lines, lines[1:], lines[2:], strict=False):
            if line.strip() in images and any(len(NUMBER.findall(text)) >= BOX for text in behind):
                return Doubt(
                    f"{tree.root}: {name} names the images and has lines of numbers like boxes behind (as WIDER FACE),"
                    " which are not read.",
                    f"Convert them to COCO, Pascal VOC or YOLO. {AS_GIVEN}",
                )
    return None


def copy_inside(tree: Tree, layout: Layout, classes: Mapping[str, Sequence[str]]) -> Doubt | None:
    """One "class" has folders called as the classes beside it: a copy of the data set inside itself."""
    for split, names in classes.items():
        for name in names:
            folder = tree.folder(tree.folder(layout.splits[split]).inside(name))
            beside = {*names} - {name}
            if len(beside) > 1 and not folder.images and beside <= {*folder.folders}:
                return Doubt(
                    f"{tree.root}: {folder.name} has folders of the same names as the class folders beside it"
                    f" ({listed(sorted(beside))}); it looks like a copy of the data set.",
                    f"Move it away, or name it alone: {tree.path(folder.name)}. {AS_GIVEN}",
                )
    return None


def _numbered(stems: Collection[str]) -> bool:
    """Whether names differ in nothing but their numbers, as those of images in different classes may."""
    return len({re.sub(r"\d+", "#", stem) for stem in stems}) == 1


def _differ(tree: Tree, folders: Sequence[Folder]) -> bool:
    """Whether folders hold different kinds of images, as images and masks are: by suffix, or by the mode of one."""
    kinds = {frozenset(posixpath.splitext(name)[1].lower() for name in folder.images) for folder in folders}
    if len(kinds) > 1 or len(folders) >= FEW:
        return len(kinds) > 1
    modes = {_mode(tree.path(folder.inside(folder.images[0]))) for folder in folders} - {""}
    return len(modes) > 1


def _mode(path: Path) -> str:
    """An image's mode; empty: it cannot be read."""
    try:
        return read_header(path).mode
    except ImageError:
        return ""
