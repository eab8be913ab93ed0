"""Which files beside images are annotations of them, and which names are those of parts of a data set."""

import re
from collections.abc import Sequence

from foveal.data.formats.recognition.json_head import key_paths
from foveal.data.formats.recognition.tree import Tree
from foveal.imaging.suffixes import IMAGE_SUFFIXES

LAYOUT_WORDS = frozenset(
    {
        *("images", "image", "imgs", "img", "imgdir", "img_dir", "imagedir", "image_dir", "jpegimages", "pictures"),
        *("photos", "rgb", "frames", "leftimg8bit", "imagestr", "imagests", "imagesets", "obj_train_data"),
        *("annotations", "annotation", "annots", "anns", "ann", "anndir", "ann_dir", "annos", "labels", "label"),
        *("labeltxt", "labelstr", "labelsts", "xml", "xmls", "json", "jsons", "masks", "mask", "gt", "gts", "gtfine"),
        *("gtcoarse", "ground_truth", "groundtruth", "groundtruths", "segmentation", "segmentations", "seg", "segs"),
        *("segmentationclass", "segmentationobject", "segmentationclasspng", "trimap", "trimaps"),
    }
)
"""Names of folders of layouts, in lower case, with underscores for blanks and dashes."""
ANNOTATED = (".xml", ".json", ".txt", ".jsonl")
"""Suffixes of annotations of one image each."""
WITH_STEM = IMAGE_SUFFIXES | {*ANNOTATED}
VEHICLES = frozenset(
    {
        *("bus", "car", "truck", "bike", "bicycle", "motorcycle", "motorbike", "plane", "airplane"),
        *("aeroplane", "tram", "boat", "ship", "van", "taxi", "tractor", "helicopter", "cars"),
        *("buses", "trucks", "ferry", "metro", "subway"),
    }
)
"""Classes beside which one of trains is no split."""
FEW = 4
"""Classes from which on one of them may be that of trains."""
AS_GIVEN = "If they are classes, say so: --data.format image_folder."
IMAGES = frozenset({"images", "image", "imgs", "img", "jpegimages", "photos", "pictures"})
"""Names of folders that hold images and say no more, in lower case."""
KEYS = frozenset(
    {
        *("shapes", "objects", "object", "annotations", "annotation", "boxes", "bbox", "bboxes", "box", "polygon"),
        *("polygons", "regions", "points", "label", "labels", "categories", "category", "class", "classes", "xmin"),
        *("detections", "instances", "keypoints", "segmentation", "segments", "mask", "masks", "outputs", "result"),
        *("images", "frames", "marks", "targets", "figures", "parsing"),
    }
)
"""Keys of JSON files with annotations."""
NUMBERS = re.compile(r"(?:\S+\s+)?(?:-?\d+(?:\.\d+)?[\s,]+){3,}-?\d.*")
"""A line of text with numbers as those of a box."""
PARTS = re.compile(
    r"(?:.*[\s_-])?(?:parts?|batch|fold|set|images?|imgs?|seq|sequence|video|frames?|session|chunk|shard|subset|split)"
    r"[\s_-]?#",
    re.IGNORECASE,
)
"""A name of one of several parts of a data set, with # for its number."""
LOOKED_AT = 5
"""Files that are opened, of many."""


def called_images(name: str) -> bool:
    """Whether a folder is called images or the like."""
    return name.lower() in IMAGES


def numbered_parts(names: Sequence[str]) -> bool:
    """Whether folders are called like parts of a data set, such as batch1 and batch2."""
    forms = {re.sub(r"\d+", "#", name) for name in names}
    return len(names) > 1 and len(forms) == 1 and PARTS.fullmatch(forms.pop()) is not None


def annotates(tree: Tree, name: str) -> bool:
    """Whether a text file may hold annotations: XML, JSON with keys of objects, or lines of numbers."""
    lower = name.lower()
    if lower.endswith(".xml"):
        return True
    head = tree.head(name)
    if lower.endswith((".json", ".jsonl")):
        paths = key_paths(head)
        return not paths or any(part in KEYS for path in paths for part in path.lower().replace("[]", "").split("."))
    return any(NUMBERS.fullmatch(line.strip()) for line in head.splitlines())


def are_annotations(tree: Tree, names: Sequence[str]) -> bool:
    """Whether any of a few text files may hold annotations, or all of them are empty."""
    looked = names[:: max(1, len(names) // LOOKED_AT)][:LOOKED_AT]
    return any(annotates(tree, name) for name in looked) or not any(tree.head(name).strip() for name in looked)


def annotated_beside(tree: Tree, home: str) -> bool:
    """Whether files outside a folder of images look like annotations of them."""
    for folder in tree.folders():
        if folder.name == home or folder.name.startswith(f"{home}/"):
            continue
        texts = folder.with_suffix(".json", ".jsonl")
        if folder.with_suffix(".xml") or (texts and any(annotates(tree, name) for name in texts[:LOOKED_AT])):
            return True
    return False


def stem_of(name: str) -> str:
    """A file's name without the suffix of an image or of annotations."""
    stem, dot, suffix = name.rpartition(".")  # of a hundred thousand names
    return stem if dot and f".{suffix.lower()}" in WITH_STEM else name
