"""Images with masks: one file per image whose pixels say the class of each of the image's.

Every mask is read once, for its pixel values and for faults: a mask that is missing, of another size than its image or
with a pixel value that is no class stops the reading, since nothing could be fixed without guessing.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.builder import sorted_order
from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.pixel_values import Kind, read_pixel_values, value_text
from foveal.data.formats.annotations.orientation import LYING, read_orientation
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.mask_folder import known as known_classes
from foveal.data.formats.mask_folder.class_map import Held, class_map
from foveal.data.formats.mask_folder.class_table import read_classes
from foveal.data.formats.mask_folder.layout import TEST, Layout, find
from foveal.data.formats.mask_folder.pairs import Match, Pair, keep_listed, match
from foveal.data.formats.mask_folder.survey import Seen, palette_of, survey
from foveal.data.notes import listed, plural
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories

NAME = "mask_folder"
TRAIN = SPLITS.index("train")
NAMED_VALUES = 12
"""Classes a message lists before it stops."""


def read(path: Path, *, categories: Categories | None = None, classes: str = "", ignore: Sequence[int] = ()) -> Catalog:
    """Read images with masks.

    Args:
        path: The folder; see ``mask_folder.layout`` for what may be in it.
        categories: A model's class map to enforce; some classes may then be missing.
        classes: Names in order of pixel value, with commas between them, or a file of them; empty: a file beside the
            data, the names of a public data set, or the pixel values.
        ignore: Pixel values to ignore.

    Raises:
        DataError: No images with masks; an image without a mask or with several; a mask that cannot be read or has
            another size than its image; masks that do not belong together.
        CategoryError: A pixel value that is no class, or a class that the class map lacks.
    """
    there = find(path)
    if there is None:
        raise DataError(
            f"{path} holds no images with masks.",
            "Give a folder with images/ and masks/, with train/ and trainannot/, or Pascal VOC's SegmentationClass.",
        )
    root, repairs = there.root, Repairs()
    found = match(there)
    if there.voc:
        found = keep_listed(there, found, repairs)
    notes = [*there.notes, *_check(there, found)]
    pairs = _sorted(found.pairs)
    seen = survey([(root / pair.image, root / pair.mask) for pair in pairs])
    held = _held(root, pairs, seen)
    _check_sizes(root, pairs, seen)
    known = known_classes.recognise([Path(pair.image).name for pair in pairs], held.values, held.palette, voc=there.voc)
    table = read_classes(classes, root)
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
    """Refuse what cannot be paired; remarks on what was left out.

    Raises:
        DataError: An image without a mask, with several, or that shares one; or there is no pair at all.
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
            f"{root}: {len(images)} images have the mask {mask}: {listed(images)}.{_more(found.shared, 'mask')}",
            "Give every image a name and a mask of its own.",
        )
    bare = [name for name, _ in found.bare]
    if bare and all(split == TEST for _, split in found.bare) and all(pair.split != TEST for pair in found.pairs):
        notes.append(f"There are no masks of the test split; {plural(len(bare), 'image')} were left out.")
        bare = []
    if not found.pairs and not bare:
        raise DataError(f"{root}: no image has a mask.", "A mask has the name of its image, such as masks/1.png.")
    if bare:
        have = "has" if len(bare) == 1 else "have"
        folders = ", ".join(sorted({folders.masks.relative_to(root).as_posix() for folders in there.folders}))
        raise DataError(
            f"{root}: {plural(len(bare), 'image')} {have} no mask: {listed(bare)}.",
            f"Put masks of the same names into {folders}, or take the images out.",
        )
    if found.strays:
        belong = "belongs" if len(found.strays) == 1 else "belong"
        notes.append(
            f"{plural(len(found.strays), 'mask')} that {belong} to no image, left out: {listed(found.strays)}."
        )
    return notes


def _more(faults: Sequence[object], noun: str) -> str:
    return f" So it is with {plural(len(faults) - 1, noun)} more." if len(faults) > 1 else ""


def _sorted(pairs: Sequence[Pair]) -> list[Pair]:
    """By name, as every catalog is."""
    return [pairs[i] for i in sorted_order(Names.of([pair.image for pair in pairs]))]


def _held(root: Path, pairs: Sequence[Pair], seen: Sequence[Seen]) -> Held:
    """The pixel values of all masks.

    Raises:
        DataError: Colours in some and numbers in others.
    """
    masks = [pair.mask for pair in pairs]
    first: dict[bool, str] = {}
    for one, name in zip(seen, masks, strict=True):
        first.setdefault(one.kind == "colour", name)
    if len(first) > 1:
        raise DataError(
            f"{root}: {first[True]} holds colours, {first[False]} gray values or palette entries.",
            "Save all masks alike.",
        )
    kinds = Counter[Kind](one.kind for one in seen)
    values = np.unique(np.concatenate([one.values for one in seen])).tolist()
    return Held(kinds.most_common(1)[0][0], tuple(values), palette_of(seen, masks, root))


def _check_sizes(root: Path, pairs: Sequence[Pair], seen: Sequence[Seen]) -> None:
    faults = [i for i, one in enumerate(seen) if one.size != one.mask_size]
    if not faults:
        return
    pair, one = pairs[faults[0]], seen[faults[0]]
    (width, height), (w, h) = one.mask_size, one.size
    hint = "Save each mask at its image's size, without smoothing."
    if one.mask_size == one.size[::-1] and read_orientation(root / pair.image) in LYING:
        hint = "The image's EXIF orientation turns it, but not the mask: turn the mask, or the image for good."
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
    """An error that says where a pixel value is."""
    rows, columns = np.nonzero(read_pixel_values(root / mask).pixels == value)
    where = f"{plural(len(rows), 'pixel')}, the first at x {columns[0]}, y {rows[0]}"
    ids = own.source_ids or range(len(own))
    names = [f"{value_text(v, kind)} {name}" for v, name in zip(ids, own.names, strict=True)]
    more = ", ..." if len(names) > NAMED_VALUES else ""
    return CategoryError(
        f"{root / mask}: the pixel value {value_text(value, kind)} is no class ({where}).",
        f"Classes: {', '.join(names[:NAMED_VALUES])}{more}. Name it with --classes, or leave it out with"
        f" --ignore {value} (in training --data.classes, --data.ignore).",
    )


def _unseen(own: Categories, labels: Sequence[Sequence[int]], splits: NDArray[np.uint8]) -> list[str]:
    """A remark on classes that cannot be learnt."""
    trained = {
        k for row, split in zip(labels, splits.tolist(), strict=True) if split in (TRAIN, UNASSIGNED) for k in row
    }
    missing = [name for k, name in enumerate(own.names) if k not in trained]
    return [f"No mask to train on has these classes: {listed(missing)}."] if missing and trained else []
