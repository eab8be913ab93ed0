"""KITTI as a format among others."""

from foveal.data.formats.kitti import reader
from foveal.data.formats.kitti.record import LINE, NAME, TRACKED
from foveal.data.formats.listings.sampled import PER_FOLDER, Sampled
from foveal.data.formats.recognition.evidence import Doubt, Evidence, Format
from foveal.data.formats.recognition.tree import Tree


def find(tree: Tree) -> Evidence | Doubt | None:
    """Folders of text files whose lines have a type and 14 or 15 numbers."""
    where = tree.path(tree.file) if tree.labels is None else tree.labels
    inside = tree if tree.labels is None else Tree(tree.labels)
    by_folder: dict[str, list[str]] = {}
    for name in inside.texts(".txt"):
        by_folder.setdefault(name.rpartition("/")[0], []).append(name)
    fit = []
    for folder, names in by_folder.items():
        lines = [line for name in names[:PER_FOLDER] for line in inside.head(name).splitlines()[:2]]
        if any(TRACKED.fullmatch(line) for line in lines):
            return Doubt(
                f"{inside.path(folder)} has KITTI's tracks of videos, which are not read.",
                "Use KITTI's object detection labels (label_2), or convert the frames to COCO.",
                own=True,
            )
        if any(LINE.fullmatch(line) for line in lines):
            fit.append(folder or inside.root.name)
    if not fit or tree.file:
        return None
    return Sampled(where, tuple(fit), frozenset()).evidence("KITTI's labels", ("boxes",))


FORMAT = Format(NAME, "KITTI", find, reader.read)
