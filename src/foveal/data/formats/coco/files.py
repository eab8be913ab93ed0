"""COCO's JSON files in a folder, recognised by what is in them, whatever they are called."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.layout import IMAGE_FOLDERS
from foveal.data.formats.recognition.json_head import key_paths
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.sidecar.reader import NAME as SIDECAR
from foveal.data.formats.splits import split_of
from foveal.data.notes import listed

ANNOTATIONS = "annotations"
HOMES = frozenset({ANNOTATIONS, "annotation", "anns", "ann", "labels", "json", "jsons"})
"""Folders of annotation files, in lower case: images lie beside them."""
EXPORT = "_annotations.coco.json"
"""Name of the JSON file that some tools put beside the images of each split."""
INSTANCES = "instances"
"""What the names of COCO's own files of objects begin with."""
UNASSIGNED_FILE = "unassigned"
"""Suffix of the file with images without a split."""
MANY = 50
"""JSON files in one folder from which on only the first few are looked into: such are one per image."""
FEW = 8
BLOCK_BYTES = 1 << 22
LIST = re.compile(rb'"annotations"\s*:\s*\[')
HEAD_BYTES = 1 << 16
RAW = "raw"
"""Folder of the files that a tool's own were made from, as FiftyOne keeps them."""
WORDS = re.compile(r"[\s_\-.]+")
Kind = Literal["objects", "keypoints", "panoptic", "labels", "captions", "images", "video", "results", ""]
KINDS: dict[Kind, str] = {
    "objects": "",
    "keypoints": "keypoints",
    "panoptic": "COCO panoptic",
    "labels": "labels of whole images",
    "captions": "captions",
    "images": "images without a list of annotations",
    "video": "video annotations of YouTube-VIS",
    "results": "a list of results, without images and categories",
}
"""What a file holds, in words."""
READ: tuple[Kind, ...] = ("objects", "keypoints", "panoptic", "labels")
"""Kinds that are read, the first there is."""
SHAPES = frozenset({"bbox", "segmentation", "keypoints", "segments_info", "caption", "area", "iscrowd", "bboxes"})
"""Keys of annotations of objects; one that has none of them gives a class to an image."""
LISTS = {"images[].file_name", "images[].coco_url", "images[].id", "images[].width", "annotations[].image_id"}


@dataclass(frozen=True)
class Files:
    """The files of a data set.

    Attributes:
        root: Folder that images' names are relative to.
        chosen: Files to read, in the order of splits.
        kind: What they hold.
        others: Further files of COCO's, and what they hold.
        notes: What is left out.
    """

    root: Path
    chosen: tuple[Path, ...]
    kind: Kind = ""
    others: tuple[tuple[Path, Kind], ...] = ()
    notes: tuple[str, ...] = field(default=())


def find(tree: Tree, *, root: Path | None = None, near: bool = False) -> Files:
    """The files to read.

    Args:
        tree: The data set.
        root: Folder that names are relative to; None: where the layout has it.
        near: Whether only folders that are named after annotations or splits are looked into.
    """
    found = [(path, kind) for path in _candidates(tree, near) if (kind := kind_of(path, tree))]
    kind = next((one for one in READ if any(own == one for _, own in found)), "")
    same = [path for path, own in found if own == kind]
    others = [(path, own) for path, own in found if own != kind]
    made = [path for path in same if path.parent.name.lower() != RAW]
    usual = [path for path in made or same if path.stem.lower().startswith(INSTANCES)]
    kept = usual or made or same
    others += [(path, "objects") for path in same if path not in kept]
    same = kept
    claimed = [path for path in same if _claims(path, tree.root)]
    notes = []
    if claimed and len(claimed) < len(same):
        left = [path.name for path in same if path not in claimed]
        notes.append(f"Files without a split were left out: {listed(left)}.")
        same = claimed
    home = root or tree.root
    if root is None and home.name.lower() in HOMES and all(path.parent == home for path in same):
        top = tree.folder()
        home = home if top.images or {*top.folders} & {*IMAGE_FOLDERS} else home.parent
    twice = len({path.name for path, _ in others}) < len(others)
    told = [
        f"{describe([path], tree.root) if twice else path.name} ({KINDS[own] or 'further objects'})"
        for path, own in others
    ]
    if told and same:
        notes.append(f"Not read: {listed(told)}.")
    same.sort(key=lambda path: (split_in(path, tree.root), path.as_posix()))
    return Files(home, tuple(same), kind, tuple(others), tuple(notes))


def kind_of(path: Path, tree: Tree) -> Kind:
    """What a JSON file holds; empty: nothing of COCO's."""
    text = tree.head(path.relative_to(tree.root).as_posix()) if path.is_relative_to(tree.root) else _head(path)
    if text.startswith(("\ufffd\ufffd", "\0")):  # UTF-16, which the reader names
        text = _head(path, "utf-16")
    paths = key_paths(text)
    if {"[].image_id", "[].category_id"} <= paths:
        return "results"
    if "videos[].file_names" in paths or "annotations[].bboxes" in paths:
        return "video"
    named = path.name == EXPORT or path.stem.lower().startswith(INSTANCES)
    keys = {key.partition("].")[2] for key in paths if key.startswith("annotations[].")}
    if keys and "image_id" not in keys and "images[]" not in paths and not named:
        return ""  # annotations of one image, as other tools write them
    known = LISTS & paths or ("categories[].id" in paths and "categories[].name" in paths and "items[]" not in paths)
    if not known:
        return "objects" if named or "images[]" in paths or {"annotations[]", "categories[]"} <= paths else ""
    if not keys and "annotations[]" not in paths:
        found = _first_keys(path)
        if found is None:
            return "objects" if named else "images"
        keys = found
    if "segments_info" in keys:
        return "panoptic"
    if "caption" in keys and "bbox" not in keys:
        return "captions"
    if "category_id" in keys and not SHAPES & keys and not named:
        return "labels"
    return "keypoints" if "keypoints" in keys else "objects"


def split_in(path: Path, root: Path) -> int:
    """Code of the split that a file's name stands for, or the folder it lies in."""
    return split_of(word_of(path, root))


def word_of(path: Path, root: Path) -> str:
    """The word that names the split; empty: none does."""
    if path.name != EXPORT:
        words = [word for word in [path.stem, *WORDS.split(path.stem)] if split_of(word) != UNASSIGNED]
        if len({split_of(word) for word in words}) == 1:
            return words[-1]
        if words or path.parent.name.lower() in HOMES:
            return ""
    folders = path.relative_to(root).parts[:-1] if path.is_relative_to(root) else (path.parent.name,)
    own = [part for part in folders or (path.parent.name,) if split_of(part) != UNASSIGNED]
    return own[-1] if own else ""


def _claims(path: Path, root: Path) -> bool:
    return split_in(path, root) != UNASSIGNED or path.stem.endswith(UNASSIGNED_FILE)


def _candidates(tree: Tree, near: bool) -> Iterator[Path]:
    if tree.labels is not None and tree.labels.is_file():
        yield from [tree.labels] if tree.labels.suffix.lower() == ".json" else []
        return
    if tree.file:
        yield from [tree.path(tree.file)] if tree.file.lower().endswith(".json") else []
        return
    if tree.labels is not None:
        yield from sorted(path for path in tree.labels.rglob("*.json") if path.name != SIDECAR)
        return
    for folder in _folders(tree, near):
        names = [name for name in tree.folder(folder).with_suffix(".json") if Path(name).name != SIDECAR]
        paths = [tree.path(name) for name in names]
        if len(paths) >= MANY and not any(kind_of(path, tree) for path in paths[:FEW]):
            continue
        yield from paths


def _folders(tree: Tree, near: bool) -> Iterator[str]:
    """Folders that annotation files may lie in."""
    yield ""
    for name in tree.folder().folders:
        home, part = name.lower() in HOMES, split_of(name) != UNASSIGNED
        if near and not home and not part:
            continue
        yield name
        inside = tree.folder(name)
        below = (one for one in inside.folders if home or one.lower() in HOMES or split_of(one) != UNASSIGNED)
        yield from () if near else map(inside.inside, below)


def _head(path: Path, encoding: str = "utf-8-sig") -> str:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES).decode(encoding, errors="replace")
    except OSError:
        return ""


def _first_keys(path: Path) -> set[str] | None:
    """Keys of the first annotations, wherever the list begins; None: there is no such list."""
    rest = b""
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                text = rest + block
                if match := LIST.search(text):
                    head = b'{"annotations":[' + (text[match.end() :] + file.read(HEAD_BYTES))[:HEAD_BYTES]
                    paths = key_paths(head.decode("utf-8", errors="replace"))
                    return {key.partition("].")[2] for key in paths if key.startswith("annotations[].")}
                rest = text[-HEAD_BYTES:]
    except OSError:
        pass
    return None


def describe(files: Sequence[Path], root: Path) -> str:
    """Names of files relative to the root."""
    return listed([path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path) for path in files])
