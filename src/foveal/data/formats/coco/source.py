"""COCO's JSON files: finding them, their splits and their images."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats import layout
from foveal.data.formats.sidecar.reader import NAME as SIDECAR
from foveal.data.formats.splits import split_name, split_of
from foveal.data.notes import listed
from foveal.errors import DataError

ANNOTATIONS = "annotations"
EXPORT = "_annotations.coco.json"
"""Name of the JSON file that some tools put beside the images of each split."""
UNASSIGNED_FILE = "unassigned"
"""Suffix of the file with images without a split."""
LISTS = ("images", "annotations", "categories")
HEAD_CHARACTERS = 1 << 16
"""Bytes of a JSON file searched for COCO's keys."""


@dataclass
class Source:
    """One JSON file.

    Attributes:
        path: The file.
        title: Name in messages.
        split: Code of its split.
        document: Its content.
        folders: Possible folders of its images, likeliest first.
        listed: Names of all images that it lists.
    """

    path: Path
    title: str
    split: int
    document: dict[str, Any]
    folders: list[Path]
    listed: set[str] = field(default_factory=set)


def find(path: Path) -> tuple[Path, list[Path], list[str]]:
    """The data set's root, its JSON files in the order of splits, and notes; no files: not COCO's format."""
    if path.is_file():
        return path.parent.parent if path.parent.name == ANNOTATIONS else path.parent, [path], []
    files = sorted((path / ANNOTATIONS).glob("instances*.json")) or sorted(path.glob("instances*.json"))
    if not files:
        beside_images = [
            path / EXPORT,
            *(folder / EXPORT for folder in sorted(path.iterdir()) if split_name(folder.name)),
        ]
        files = [file for file in beside_images if file.is_file()]
    if not files:
        others = [*(path / ANNOTATIONS).glob("*.json"), *path.glob("*.json")]
        files = [file for file in others if file.name != SIDECAR and looks_like(file)]
        files = files if len(files) == 1 else []
    claimed = [file for file in files if _split(file) != UNASSIGNED or file.stem.endswith(UNASSIGNED_FILE)]
    notes = []
    if claimed and len(claimed) < len(files):
        left = [file.name for file in files if file not in claimed]
        notes.append(f"Files without a split were left out: {listed(left)}.")
        files = claimed
    return path, sorted(files, key=lambda file: (_split(file), file.name)), notes


def looks_like(file: Path) -> bool:
    """Whether a JSON file looks like COCO's, by its beginning."""
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as text:
            head = text.read(HEAD_CHARACTERS)
    except OSError:
        return False
    return head.lstrip().startswith("{") and ('"images"' in head or '"annotations"' in head)


def stands_alone(files: Sequence[Path]) -> bool:
    """Whether there are no other files that may list further images."""
    return {other for file in files for other in file.parent.glob("*.json") if other.name != SIDECAR} == {*files}


def load(path: Path, root: Path, *, lists: Sequence[str] = LISTS) -> Source:
    """Read one JSON file.

    Args:
        path: The file.
        root: Folder that names are relative to.
        lists: Lists that it must have.

    Raises:
        DataError: It cannot be read, or is not COCO's.
    """
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}).",
            "Correct or replace the file.",
        ) from None
    except (UnicodeDecodeError, RecursionError):
        raise DataError(f"{path}: not UTF-8 text.", "Save it as UTF-8, or replace the file.") from None
    hint = 'COCO\'s instances JSON is an object with the lists "images", "annotations" and "categories".'
    if not isinstance(document, dict):
        raise DataError(f"{path}: the JSON is not an object.", hint)
    for key in lists:
        if not isinstance(document.get(key), list):
            raise DataError(f"{path}: the list {key!r} is missing.", hint)
    folders = [path.parent] if path.name == EXPORT else _folders(root, path)
    return Source(path, layout.relative(path, root), _split(path), document, folders)


def locate(source: Source, root: Path, written: str) -> str:
    """The image's name; for a missing file, the likeliest one."""
    for spelling in dict.fromkeys((written, written.replace("\\", "/"))):
        for at, folder in enumerate(source.folders):
            path = folder / spelling
            if os.path.isfile(path):  # noqa: PTH113  (False for names that are too long)
                if at:  # the next image is likely in the same folder
                    source.folders.insert(0, source.folders.pop(at))
                return layout.relative(path, root)
    first = source.folders[0] if source.folders else root
    return layout.relative(first / written.replace("\\", "/"), root)


def _word(file: Path) -> str:
    """The word that names the split: the end of the file's name, or the folder of an export."""
    return file.parent.name if file.name == EXPORT else file.stem.rpartition("_")[2]


def _split(file: Path) -> int:
    return split_of(_word(file))


def _folders(root: Path, path: Path) -> list[Path]:
    word, split = _word(path), _split(path)
    words = list(dict.fromkeys([word, *([SPLITS[split]] if split != UNASSIGNED else [])]))
    found = [root / place for place in layout.IMAGE_FOLDERS]
    found += [root / place for place in words] + [root / "images" / place for place in words]
    found += [root, path.parent, root / "data"]
    return [folder for folder in dict.fromkeys(found) if folder.is_dir()]
