"""The id that a COCO annotation file gives each image, for results that are compared with it."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from foveal.data.formats.coco.files import find
from foveal.data.formats.coco.record import is_number
from foveal.data.formats.coco.source import Source, load
from foveal.data.formats.recognition.tree import Tree
from foveal.errors import DataError

LEVELS = 3
"""Folders above an image's own in which its data set is looked for: ``ROOT/images/train2017/batch``."""
ImageId = int | str


def ids_from(file: Path, images: Sequence[Path]) -> dict[Path, ImageId]:
    """The ids that an annotation file gives images.

    Raises:
        DataError: It is not COCO's, or does not list an image; the image is named.
    """
    there = find(Tree(file))
    root, files = there.root, there.chosen or tuple(path for path, kind in there.others if kind == "images")
    if not files:
        raise DataError(f"{file}: no COCO annotation file.", "Name the JSON file itself.")
    sources = [load(one, root, lists=("images",)) for one in files]  # files of test images have no annotations
    found = _look_up(sources, root, images, anywhere=True)
    missing = next((image for image in images if image not in found), None)
    if missing is not None:
        raise DataError(
            f"{file} does not list the image {missing}.", "Name the annotation file of these images, or leave it out."
        )
    return found


def ids_of_data_set(images: Sequence[Path]) -> tuple[dict[Path, ImageId], list[Path]]:
    """The ids of images that lie in a COCO data set, and its annotation files; nothing where they lie in none.

    Raises:
        DataError: The data set lists some of the images only; the first of the others is named.
    """
    found: dict[Path, ImageId] = {}
    used: list[Path] = []
    by_folder: defaultdict[Path, list[Path]] = defaultdict(list)
    for image in images:
        by_folder[image.resolve().parent].append(image)
    sources: dict[Path, tuple[Path, list[Source]]] = {}
    for folder, inside in by_folder.items():
        for above in (folder, *folder.parents[:LEVELS]):
            if above not in sources:
                sources[above] = _sources(above)
            root, there = sources[above]
            if ids := _look_up(there, root, inside, anywhere=False):
                found.update(ids)
                used += [source.path for source in there if source.path not in used]
                break
    if found and len(found) < len(images):
        missing = next(image for image in images if image not in found)
        raise DataError(
            f"{used[0]} gives other images their image_id, but does not list {missing}.",
            "Name the annotation file with --coco-ids, or predict on the others separately.",
        )
    return found, used


def _sources(folder: Path) -> tuple[Path, list[Source]]:
    """A folder's annotation files; none where it is no COCO data set, or a broken one."""
    try:
        there = find(Tree(folder), near=True)
        return there.root, [load(file, there.root) for file in there.chosen]
    except (DataError, OSError):
        return folder, []


def _look_up(sources: Sequence[Source], root: Path, images: Sequence[Path], *, anywhere: bool) -> dict[Path, ImageId]:
    """The ids of the images that are listed; ``anywhere``: also where only the end of the path agrees."""
    records: defaultdict[str, list[tuple[Source, str, ImageId]]] = defaultdict(list)
    for source in sources:
        for record in source.document["images"]:
            if not isinstance(record, Mapping):
                continue
            name, image_id = record.get("file_name"), record.get("id")
            if isinstance(name, str) and (is_number(image_id) or isinstance(image_id, str)):
                parts = _parts(name)
                if parts:
                    records[parts[-1]].append((source, name, image_id))  # type: ignore[arg-type]
    found: dict[Path, ImageId] = {}
    for image in images:
        listed = records.get(_normal(image.name), [])
        real = image.resolve()
        same = [one for one in listed if os.path.realpath(root / one[0].name_of(one[1])) == str(real)]
        if not same and anywhere:
            ends = [one for one in listed if _parts(str(real))[-len(_parts(one[1])) :] == _parts(one[1])]
            longest = max((len(_parts(one[1])) for one in ends), default=0)
            same = [one for one in ends if len(_parts(one[1])) == longest]
        ids = {one[2] for one in same}
        if len(ids) > 1:
            raise DataError(
                f"{image} is listed with several ids: {', '.join(map(str, sorted(ids, key=str)))}.",
                "Name one annotation file with --coco-ids.",
            )
        if ids:
            found[image] = ids.pop()
    return found


def _parts(name: str) -> list[str]:
    return [part for part in _normal(name).replace("\\", "/").split("/") if part not in ("", ".")]


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)
