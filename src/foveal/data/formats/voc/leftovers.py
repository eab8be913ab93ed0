"""What of a Pascal VOC data set is not read: other folders of images and annotations, lists, other files."""

import posixpath
from collections.abc import Sequence

from foveal.data.formats.left_out import LeftOut
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.sidecar.reader import NAME as SIDECAR
from foveal.data.formats.voc.lists import SETS, Lists
from foveal.data.formats.voc.parts import Part
from foveal.data.notes import listed, plural

SEGMENTATIONS = ("SegmentationClass", "SegmentationObject")


def notes(tree: Tree, parts: Sequence[Part], homes: Sequence[str], lists: Lists) -> list[str]:
    """A line for each kind.

    Args:
        tree: The data set.
        parts: What is read of it.
        homes: The folders of images that are read.
        lists: Its lists.
    """
    used = {*homes, *(part.home for part in parts)}
    out = []
    others = [name for part in parts for name in part.others]
    if others:
        out.append(f"{plural(len(others), 'other folder')} of annotations not read: {listed(others)}.")
    if lists.unread:
        out.append(f"{plural(len(lists.unread), 'list')} not read: {listed(lists.unread)}.")
    tops = {name.split("/")[0] for name in used}
    folders = [
        name for name in tree.folder().folders if "" not in tops and name not in tops and tree.holds_images(name)
    ]
    if folders:
        out.append(f"{plural(len(folders), 'folder')} with images not read: {listed(folders)}.")
    read = {posixpath.dirname(place.rpartition(", line")[0]) for place in lists.places.values()}
    left = LeftOut(tree.root)
    used |= {folder.name for home in homes for folder in tree.folders(home) if folder.images}
    used |= {posixpath.dirname(name) for name in used}
    for name in (name for folder in sorted({"", *used}) for name in _others(tree, folder, read)):
        left.add_file(tree.path(name))
    return [*out, *left.notes()]


def _others(tree: Tree, folder: str, read: set[str]) -> list[str]:
    here = tree.folder(folder)
    names = [name for name in here.others if name != SIDECAR and not name.lower().endswith(".xml")]
    return [here.inside(name) for name in names if not (folder in read and name.endswith(".txt") and folder != SETS)]
