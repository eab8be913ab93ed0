"""COCO as a format among others."""

from foveal.data.catalog.catalog import Annotation
from foveal.data.formats.coco import reader
from foveal.data.formats.coco.files import KINDS, Kind, describe
from foveal.data.formats.coco.files import find as find_files
from foveal.data.formats.coco.record import NAME
from foveal.data.formats.recognition.evidence import Doubt, Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree

SEEN: dict[Kind, str] = {
    "objects": "COCO's lists",
    "keypoints": "keypoints, read for their boxes",
    "panoptic": "segments of COCO panoptic",
    "labels": "COCO's lists with labels of whole images, no boxes",
}
ANNOTATIONS: dict[Kind, tuple[Annotation, ...]] = {"panoptic": ("masks", "boxes"), "labels": ("labels",)}
"""What a kind of file can be read for, where that is not objects."""


def find(tree: Tree) -> Evidence | Doubt | None:
    """JSON files with COCO's lists, whatever they are called."""
    files = find_files(tree)
    if files.chosen:
        verb = "has" if len(files.chosen) == 1 else "have"
        what = SEEN[files.kind]
        kinds: tuple[Annotation, ...] = ANNOTATIONS.get(files.kind, ("boxes", "masks"))
        seen = f"{describe(files.chosen, tree.root)} {verb} {what}"
        return Evidence(tree.labels or tree.path(tree.file), seen, Sure.CERTAIN, kinds)
    if not files.others:
        return None
    names = describe([path for path, _ in files.others], tree.root)
    what = KINDS[files.others[0][1]]
    if files.others[0][1] == "images":
        return Doubt(f"{tree.path(tree.file)}: {names} has {what}.", "Use an annotation file with objects.")
    return Doubt(
        f"{tree.path(tree.file)}: {names} has {what}, which is not read.",
        "Use COCO's instances JSON, with a bbox in each annotation; or masks as images with --data.format mask_folder.",
        own=True,
    )


FORMAT = Format(NAME, "COCO", find, reader.read)
