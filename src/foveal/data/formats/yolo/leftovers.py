"""What of a YOLO data set is not read: images that nothing lists, label files without images, other files."""

import posixpath
from collections.abc import Iterable

from foveal.data.formats.annotations.assemble import report_unlisted
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.layout import images_in
from foveal.data.formats.left_out import LeftOut
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.sidecar.reader import NAME as SIDECAR
from foveal.data.formats.yolo.class_files import is_class_file
from foveal.data.formats.yolo.label_files import IMAGES, LabelFiles, label_file, looks_like_labels
from foveal.data.formats.yolo.layouts.layout import Layout
from foveal.data.formats.yolo.layouts.yaml_file import SUFFIXES, tells_classes
from foveal.data.notes import listed, plural


def report(tree: Tree, found: Layout, pairs: LabelFiles, repairs: Repairs) -> list[str]:
    """Report images and label files that belong to nothing.

    Returns:
        Notes on other files and folders.
    """
    names = {name for name, _ in found.images} | set(found.gone)
    strangers = _stray_labels(found, pairs, repairs)
    inside = {
        name
        for folder in {posixpath.dirname(name) for name in found.listed}
        for name in images_in(tree.root, tree.path(folder), deep=False)
    }
    yamls = [name for name in tree.folder().with_suffix(*SUFFIXES) if tells_classes(tree.path(name))]
    if len(yamls) <= 1:  # else other files may list them
        tops = {top for name in names if (top := _top(posixpath.dirname(name)))}
        inside |= {name for top in tops for name in images_in(tree.root, tree.path(top))}
    report_unlisted(tree.root, sorted(inside - names), found.title, repairs)
    return [*_other_folders(tree, names | inside), *_other_files(tree, found, pairs, names, strangers)]


def _stray_labels(found: Layout, pairs: LabelFiles, repairs: Repairs) -> set[str]:
    """Report label files without an image; returns other text files beside them."""
    known = {*pairs.found.values(), *(pairs.expected(name) for name in found.gone)}
    folders = {*pairs.folders.values()}
    folders |= {posixpath.dirname(label_file(posixpath.join(folder, "x"))) for folder in found.folders}
    strangers = set()
    for folder in sorted(folders):
        for file in sorted(pairs.texts(folder).values()):
            if file in known:
                continue
            if looks_like_labels(pairs.tree, [file]):
                repairs.add("", file, "missing", "the label file has no image", "left out")
            else:
                strangers.add(file)
    return strangers


def _other_folders(tree: Tree, known: Iterable[str]) -> list[str]:
    used = {name.split("/")[0] for name in known}
    others = [name for name in tree.folder().folders if name not in used and tree.holds_images(name)]
    if not others:
        return []
    return [f"{plural(len(others), 'folder')} with images not read: {listed(others)}."]


def _other_files(
    tree: Tree, found: Layout, pairs: LabelFiles, names: Iterable[str], strangers: Iterable[str]
) -> list[str]:
    folders = {"", *map(posixpath.dirname, names), *pairs.folders.values()}
    others = [tree.folder(folder).inside(name) for folder in folders for name in tree.folder(folder).others]
    labels = {file for folder in {*pairs.folders.values()} for file in pairs.texts(folder).values()}
    left = {*strangers, *(name for name in others if name not in labels and not _is_own(name))} - found.read
    told = LeftOut(tree.root)
    for name in sorted(left):
        told.add_file(tree.path(name))
    return told.notes()


def _is_own(name: str) -> bool:
    """Whether a file is one of YOLO's, or told elsewhere."""
    last = posixpath.basename(name)
    return last == SIDECAR or is_class_file(last) or last.lower().endswith((".cache", *SUFFIXES))


def _top(folder: str) -> str:
    """The folder of all images that a folder belongs to: up to the last ``images`` of its path."""
    head, there, _ = f"/{folder}/".rpartition(f"/{IMAGES}/")
    return f"{head}/{IMAGES}"[1:] if there else ""
