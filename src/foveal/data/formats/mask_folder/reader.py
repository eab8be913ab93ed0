"""Images with semantic masks: one mask file per image with the class of each pixel.

Every mask is read once, for its pixel values and for faults: a mask that is missing, of another size than its image or
with an unknown pixel value is an error, since it could not be fixed without guessing.
"""

import posixpath
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.builder import sorted_order
from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, UNITED, Catalog
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.pixel_values import Kind, alpha_varies, read_united, value_text
from foveal.data.formats.annotations.orientation import LYING, read_orientation
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.mask_folder import known as known_classes
from foveal.data.formats.mask_folder.class_map import Held, class_map
from foveal.data.formats.mask_folder.class_table import read_classes
from foveal.data.formats.mask_folder.layout import TEST, Layout, find
from foveal.data.formats.mask_folder.pairs import Match, Pair, keep_listed, match
from foveal.data.formats.mask_folder.survey import Seen, palette_of, survey
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.notes import listed, plural
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories

NAME = "mask_folder"
TRAIN = SPLITS.index("train")
NAMED_VALUES = 12
"""Maximum number of classes listed in a message."""


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read images with masks.

    Args:
        path: The folder; see ``mask_folder.layout`` for what may be in it.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No images with masks; an image without a mask or with several; a mask that cannot be read or has
            another size than its image; masks of different kinds.
        CategoryError: An unknown pixel value, or a class that the class map lacks.
    """
    request = request or Request()
    categories, ignore = request.categories, request.ignore
    named = request.root is not None
    tree = Tree(request.root or path, labels=path if named else None, images=request.images)
    there = find(tree)
    if there is None:
        raise DataError(
            f"{path} has no images with masks.",
            "Use a folder with images/ and masks/, with train/ and trainannot/, or Pascal VOC's SegmentationClass; or"
            " name the folders with --data.images and --data.labels.",
        )
    root, repairs = there.root, Repairs()
    found = match(there)
    if there.voc:
        found = keep_listed(there, found, repairs)
    notes = [*there.notes, *_check(there, found), *found.notes]
    pairs = _sorted(found.pairs)
    seen = survey([(root / pair.image, _files(root, pair.mask)) for pair in pairs])
    lossy = [pair.mask.split(UNITED)[0] for pair, one in zip(pairs, seen, strict=True) if one.lossy]
    if lossy:
        are = "is JPEG" if len(lossy) == 1 else "are JPEG"
        notes.append(f"{plural(len(lossy), 'mask')} {are}, read as black and white: {listed(lossy)}.")
    held = _held(root, pairs, seen)
    _check_sizes(root, pairs, seen)
    files = [(posixpath.basename(pair.image), posixpath.basename(pair.mask)) for pair in pairs]
    known = known_classes.recognise(files, held.values, held.palette, voc=there.voc)
    table = read_classes(request.classes, root, [folders.masks for folders in there.folders])
    own, remarks = class_map(root, held, table=table, known=known, ignore=ignore, fixed=categories)
    labels = _labels(root, pairs, seen, own, held.kind)
    splits = np.array([pair.split for pair in pairs], np.uint8)
    if categories is None:
        remarks += _unseen(own, labels, splits)
    return Catalog(
        root,
        NAME,
        "masks",
        own,
        Names.of([pair.image for pair in pairs]),
        splits,
        Ragged.of(labels),
        multi_label=True,
        notes=(*notes, *remarks, *repairs.notes()),
        sizes=np.array([one.size for one in seen], np.int32).reshape(-1, 2),
        masks=Names.of([pair.mask for pair in pairs]),
        repairs=repairs.settle(root),
    )


def _check(there: Layout, found: Match) -> list[str]:
    """Check the pairing; returns notes on what was left out.

    Raises:
        DataError: An image without a mask, with several, or with a shared one; or no pairs.
    """
    root, notes = there.root, []
    if found.doubles:
        image, masks = found.doubles[0]
        raise DataError(
            f"{root}: the image {image} has {len(masks)} masks: {listed(masks)}.{_more(found.doubles, 'image')}",
            "Keep one mask per image.",
        )
    if found.shared:
        mask, images = found.shared[0]
        raise DataError(
            f"{root}: {len(images)} images share the mask {mask}: {listed(images)}.{_more(found.shared, 'mask')}",
            "Give every image a unique name and its own mask.",
        )
    bare = [name for name, _ in found.bare]
    with_masks = {pair.split for pair in found.pairs}
    if bare and all(split == TEST for _, split in found.bare) and TEST not in with_masks:
        notes.append(f"The test split has no masks; {plural(len(bare), 'image')} left out.")
        bare = []
    if not found.pairs and not bare:
        raise DataError(f"{root}: no image has a mask.", "Name masks after their images, such as masks/1.png.")
    if bare:
        have = "has" if len(bare) == 1 else "have"
        folders = ", ".join(sorted({folders.masks or "the folder" for folders in there.folders}))
        strays = f" Masks without an image: {listed(found.strays)}." if found.strays else ""
        raise DataError(
            f"{root}: {plural(len(bare), 'image')} {have} no mask: {listed(bare)}.{strays}",
            f"Put masks with the same names into {folders}, or remove the images.",
        )
    if found.strays:
        belong = "belongs" if len(found.strays) == 1 else "belong"
        notes.append(
            f"{plural(len(found.strays), 'mask')} that {belong} to no image, left out: {listed(found.strays)}."
        )
    return notes


def _more(faults: Sequence[object], noun: str) -> str:
    return f" The same holds for {plural(len(faults) - 1, f'more {noun}')}." if len(faults) > 1 else ""


def _sorted(pairs: Sequence[Pair]) -> list[Pair]:
    """By name, as every catalog is."""
    return [pairs[i] for i in sorted_order(Names.of([pair.image for pair in pairs]))]


def _held(root: Path, pairs: Sequence[Pair], seen: Sequence[Seen]) -> Held:
    """The pixel values of all masks.

    Raises:
        DataError: Some masks are RGB, others gray or palette.
    """
    masks = [pair.mask for pair in pairs]
    first: dict[bool, str] = {}
    for one, name in zip(seen, masks, strict=True):
        first.setdefault(one.kind == "colour", name)
    if len(first) > 1:
        raise DataError(
            f"{root}: {first[True]} is an RGB mask, {first[False]} a gray or palette mask.",
            "Save all masks in the same mode.",
        )
    kinds = Counter[Kind](one.kind for one in seen)
    values = np.unique(np.concatenate([one.values for one in seen])).tolist()
    alone = masks if len(values) == 1 else ()
    if hidden := next((name for name in alone if any(map(alpha_varies, _files(root, name)))), ""):
        raise DataError(
            f"{root}: all pixels of the masks are {'black' if values == [0] else 'of one value'}; the alpha channel"
            f" varies, as in {hidden}.",
            "Masks are not read from alpha channels: save that channel as a gray PNG.",
        )
    return Held(kinds.most_common(1)[0][0], tuple(values), palette_of(seen, masks, root))


def _check_sizes(root: Path, pairs: Sequence[Pair], seen: Sequence[Seen]) -> None:
    faults = [i for i, one in enumerate(seen) if one.size != one.mask_size]
    if not faults:
        return
    pair, one = pairs[faults[0]], seen[faults[0]]
    (width, height), (w, h) = one.mask_size, one.size
    hint = "Save each mask at its image's size, resized by nearest neighbour."
    if one.mask_size == one.size[::-1] and read_orientation(root / pair.image) in LYING:
        hint = "The image's EXIF orientation does not apply to the mask: rotate the mask, or the image's pixels."
    raise DataError(
        f"{root / pair.mask}: {width} x {height} pixels; the image {pair.image} has {w} x {h}." + _more(faults, "mask"),
        hint,
    )


def _labels(root: Path, pairs: Sequence[Pair], seen: Sequence[Seen], own: Categories, kind: Kind) -> list[list[int]]:
    """The classes that occur in each mask.

    Raises:
        CategoryError: A pixel value that is neither a class nor ignored.
    """
    ids = {value: k for k, value in enumerate(own.source_ids or range(len(own)))}
    ignored, rows = set(own.ignore_ids), []
    for pair, one in zip(pairs, seen, strict=True):
        values = [value for value in one.values.tolist() if value not in ignored]
        strange = next((value for value in values if value not in ids), None)
        if strange is not None:
            raise _no_class(root, pair.mask, strange, own, kind)
        rows.append(sorted(ids[value] for value in values))
    return rows


def _no_class(root: Path, mask: str, value: int, own: Categories, kind: Kind) -> CategoryError:
    """An error with the position of an unknown pixel value."""
    rows, columns = np.nonzero(read_united(_files(root, mask)).pixels == value)
    where = f"{plural(len(rows), 'pixel')}, the first at x {columns[0]}, y {rows[0]}"
    ids = own.source_ids or range(len(own))
    names = [f"{value_text(v, kind)} {name}" for v, name in zip(ids, own.names, strict=True)]
    more = ", ..." if len(names) > NAMED_VALUES else ""
    return CategoryError(
        f"{root / mask}: the pixel value {value_text(value, kind)} is not a class ({where}).",
        f"Classes: {', '.join(names[:NAMED_VALUES])}{more}. Name it with --classes, or ignore it with"
        f" --ignore {value} (in training --data.classes, --data.ignore).",
    )


def _files(root: Path, mask: str) -> list[Path]:
    """The files of a mask."""
    return [root / name for name in mask.split(UNITED)]


def _unseen(own: Categories, labels: Sequence[Sequence[int]], splits: NDArray[np.uint8]) -> list[str]:
    """A note on classes without training masks."""
    trained = {
        k for row, split in zip(labels, splits.tolist(), strict=True) if split in (TRAIN, UNASSIGNED) for k in row
    }
    missing = [name for k, name in enumerate(own.names) if k not in trained]
    return [f"No training mask has these classes: {listed(missing)}."] if missing and trained else []
