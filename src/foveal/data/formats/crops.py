"""The objects of a data set cut out as an image folder: a classifier's data set from a detector's.

Shapes: H W height and width of an image as displayed.
"""

import io
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from PIL import Image

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.objects import Object
from foveal.data.formats import layout
from foveal.data.formats.convert import Conversion, check_out, how_read, new_folder
from foveal.data.formats.image_folder.reader import NAME
from foveal.data.formats.image_folder.writer import check_folders
from foveal.data.formats.sidecar.writer import NOWHERE, Kept
from foveal.data.notes import plural
from foveal.errors import DataError
from foveal.imaging.decode import decode
from foveal.ops.threads import in_threads
from foveal.types.arrays import RGB
from foveal.types.flags import IGNORED_FLAGS, Flag

LEFT_OUT = "left out"


@dataclass(frozen=True)
class CropOptions:
    """How objects are cut out.

    Attributes:
        margin: Fraction of the box's width and height that is added on each side, within the image.
        min_size: Shorter side in pixels, before the margin, below which an object is left out.
        format: Of the files.
        quality: Of JPEG files, 1 to 100; colours are not subsampled.
    """

    margin: float = 0.0
    min_size: int = 8
    format: Literal["jpeg", "png"] = "jpeg"
    quality: int = 95


@dataclass(frozen=True)
class _Cut:
    """What came of one image: crops written, objects left out by reason, and whether its levels were guessed."""

    written: int
    left_out: Counter[str]
    guessed: bool


def cut_objects(
    catalog: Catalog, out: Path, options: CropOptions, *, progress: Callable[[int], None] = lambda _: None
) -> Conversion:
    """Write ``SPLIT/CLASS/IMAGE_objN`` for each object; N counts the objects of an image in the data set's order.

    Crowds, difficult and ignored objects are left out, and so are small ones; all are counted.

    Args:
        catalog: With objects.
        out: Folder of the new data set; absent or empty.
        options: Margin, minimum size and format.
        progress: Called with the number of images done.

    Raises:
        DataError: There are no objects, all are left out, or an image cannot be read.
        CategoryError: A class that cannot be the name of a folder.
        RunError: The folder is not empty, lies in the data set, or cannot be written.
    """
    objects = catalog.objects
    if objects is None:
        raise DataError(
            f"{catalog.root} has {catalog.annotation} and no objects to cut out.",
            "Use a data set with boxes or segmentations of objects.",
        )
    check_out(out, catalog.root)
    check_folders([catalog.categories.names[k] for k in sorted(set(objects.labels.tolist()))])
    flat = [name.replace("/", "_") for name in layout.own_names(catalog, [{}] * len(catalog))]
    stems = [PurePosixPath(name).stem for name in layout.unique(flat, by_stem=True)]
    homes = layout.split_folders(catalog)
    splits: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    guessed = 0
    with new_folder(out, catalog.root) as draft:

        def cut(index: int) -> _Cut:
            return _cut(catalog, index, draft / homes[index], stems[index], options)

        for i, one in enumerate(in_threads(cut, range(len(catalog)))):
            code = int(catalog.splits[i])
            if code != UNASSIGNED:
                splits[SPLITS[code]] += one.written
            elif homes[i]:
                splits[SPLITS[0]] += one.written
            left_out += one.left_out
            guessed += one.guessed
            progress(i + 1)
        total = len(objects.labels) - left_out.total()
        if not total:
            reasons = ", ".join(f"{count:,} {why}" for why, count in left_out.items()) or "there are none"
            raise DataError(f"{catalog.root}: no object is left to cut out ({reasons}).", "Lower --crop-min-size.")
    kept = [Kept(why, count, LEFT_OUT) for why, count in sorted(left_out.items())]
    bare = int((catalog.splits == UNASSIGNED).sum())
    if 0 < bare < len(catalog):
        kept.append(Kept("images without a split, now in train", bare, NOWHERE))
    there = {name: splits[name] for name in SPLITS if splits[name]}
    notes = [_how_cut(options), *how_read(out, NAME)]
    if guessed:
        notes.append(f"{plural(guessed, 'image')} of more than 8 bits; white was taken from each image itself.")
    return Conversion(str(out), NAME, total, total, there, tuple(kept), tuple(notes))


def _how_cut(options: CropOptions) -> str:
    kind = "PNG" if options.format == "png" else f"JPEG of quality {options.quality}"
    margin = f"{options.margin:.0%} of the box on each side" if options.margin else "no margin"
    return f"Objects are cut out upright as {kind}, with {margin}."


def _cut(catalog: Catalog, index: int, home: Path, stem: str, options: CropOptions) -> _Cut:
    assert catalog.objects is not None, "a data set with objects"
    left_out: Counter[str] = Counter()
    chosen = list(_chosen(catalog.objects[index], options, left_out))
    if not chosen:
        return _Cut(0, left_out, guessed=False)
    decoded = decode(catalog.path(index))
    height, width = decoded.pixels.shape[:2]
    for number, item in chosen:
        folder = home / catalog.categories.names[item.label]
        folder.mkdir(parents=True, exist_ok=True)
        x1, y1, x2, y2 = _window(item.box, (width, height), options.margin)
        file = folder / f"{stem}_obj{number}{'.png' if options.format == 'png' else '.jpg'}"
        file.write_bytes(_encode(decoded.pixels[y1:y2, x1:x2], options))
    return _Cut(len(chosen), left_out, decoded.guessed is not None)


def _chosen(row: Sequence[Object], options: CropOptions, left_out: Counter[str]) -> Iterator[tuple[int, Object]]:
    for number, item in enumerate(row, 1):
        flags = [str(flag.name).lower() for flag in Flag if item.flags & flag & IGNORED_FLAGS]
        if flags:
            left_out[f"{' and '.join(flags)} object"] += 1
        elif min(item.box[2] - item.box[0], item.box[3] - item.box[1]) < options.min_size:
            left_out[f"object below {options.min_size} px"] += 1
        else:
            yield number, item


def _window(box: tuple[float, float, float, float], size: tuple[int, int], margin: float) -> tuple[int, int, int, int]:
    """Whole pixels that hold a box and its margin, within the image."""
    ends = []
    for axis in (0, 1):
        low, high, length = box[axis], box[axis + 2], size[axis]
        more = margin * (high - low)
        start = min(max(math.floor(low - more), 0), length - 1)
        ends.append((start, min(max(math.ceil(high + more), start + 1), length)))
    return ends[0][0], ends[1][0], ends[0][1], ends[1][1]


def _encode(pixels: RGB, options: CropOptions) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    if options.format == "png":
        image.save(buffer, "PNG")
    else:
        image.save(buffer, "JPEG", quality=options.quality, subsampling=0)
    return buffer.getvalue()
