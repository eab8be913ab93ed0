"""The class of every pixel of an image: read from its mask, or painted from the outlines of its objects.

Shapes: H W rows and columns of the image as a person sees it, K classes.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.columns import Ragged
from foveal.data.catalog.pixel_values import code_runs, read_codes
from foveal.data.notes import plural
from foveal.errors import CategoryError, DataError
from foveal.imaging.decode import read_size
from foveal.ops.masks import rle_of_outline
from foveal.types.arrays import Array
from foveal.types.categories import Categories
from foveal.types.flags import Flag
from foveal.types.masks import IGNORE, MAX_CLASSES

BACKGROUND = "background"
"""The class of pixels that no object covers."""
UNSURE = int(Flag.DIFFICULT | Flag.IGNORE)
"""An object with one of these covers pixels that count nowhere."""
FEW_CODES = 256
"""Codes below this are looked up in a table."""


def read_mask(catalog: Catalog, index: int) -> NDArray[np.uint8]:
    """What the data set says of every pixel of one image.

    Args:
        catalog: With masks, or objects that ``as_masks`` made paintable.
        index: Of the image.

    Returns:
        (H, W) class ids, ``IGNORE`` where nothing is known; a new array.

    Raises:
        DataError: The mask cannot be read, or no longer has its image's size.
        CategoryError: A code that is neither a class nor ignored.
    """
    assert catalog.annotation == "masks", "a data set with masks"
    if catalog.masks is None:
        return _paint(catalog, index)
    path = catalog.mask_path(index)
    pixels = read_codes(path).pixels
    if catalog.sizes is not None and pixels.shape != tuple(catalog.sizes[index].tolist()[::-1]):
        width, height = catalog.sizes[index].tolist()
        raise DataError(
            f"{path}: {pixels.shape[1]} x {pixels.shape[0]} pixels; its image has {width} x {height}.",
            "The file has changed since the data set was read; read it again.",
        )
    own = catalog.categories
    ids, known = _code_map(own.source_ids or tuple(range(len(own))), own.ignore_ids).ids(pixels)
    if not known.all():
        y, x = np.argwhere(~known)[0].tolist()
        raise CategoryError(
            f"{path}: the code {int(pixels[y, x])} at x {x}, y {y} is no class.",
            "The file has changed since the data set was read; `foveal data check` says more.",
        )
    return ids


def as_masks(catalog: Catalog, *, fixed: bool = False) -> Catalog:
    """A data set of objects with outlines as one of masks, which are painted when they are asked for.

    Larger objects are painted first, smaller ones over them; crowds as their class. Difficult and ignored objects, and
    the boxes of those without an outline, are ``IGNORE``. What is left is a class of its own, ``background``.

    Args:
        catalog: With objects.
        fixed: Whether its class map is a model's, which gains no class: without ``background`` in it, what no object
            covers is ``IGNORE``.

    Raises:
        DataError: Not one object has an outline, or there are too many classes.
    """
    objects, own = catalog.objects, catalog.categories
    assert objects is not None, "a data set with objects"
    outlined = np.diff(objects.outlines.text.offsets) > 0
    if not outlined.any():
        raise DataError(
            f"{catalog.root}: objects have boxes and no outlines, so no pixel's class is known.",
            "Give a data set with polygons or masks of objects.",
        )
    shift = 0 if fixed or BACKGROUND in own else 1
    categories = _with_background(own, catalog) if shift else own
    objects = replace(objects, labels=objects.labels + np.int32(shift))
    there = outlined & (objects.flags & UNSURE == 0)
    ground = [categories.index(BACKGROUND)] if BACKGROUND in categories else []
    rows = []
    for i in range(len(catalog)):
        span = objects.span(i)
        rows.append(sorted({*ground, *objects.labels[span][there[span]].tolist()}))
    bare = int((~outlined).sum())
    notes = [f"{plural(bare, 'object')} without an outline; pixels of their boxes count nowhere."] if bare else []
    return replace(
        catalog,
        annotation="masks",
        categories=categories,
        labels=Ragged.of(rows),
        multi_label=True,
        objects=objects,
        notes=(*catalog.notes, *notes),
    )


@dataclass(frozen=True)
class _CodeMap:
    """From the codes of mask files to ids.

    Attributes:
        codes: All that mean something, rising.
        meanings: The class id of each, or ``IGNORE``.
        table: (FEW_CODES,) meanings by code.
        few: (FEW_CODES,) whether a code means something.
    """

    codes: NDArray[np.int64]
    meanings: NDArray[np.uint8]
    table: NDArray[np.uint8]
    few: NDArray[np.bool_]

    def ids(self, pixels: Array) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """(H, W) ids, and whether each code means something."""
        if pixels.dtype == np.uint8:
            return self.table[pixels], self.few[pixels]
        values, _, lengths = code_runs(pixels)
        places = np.searchsorted(self.codes, values).clip(max=len(self.codes) - 1)
        ids = np.repeat(self.meanings[places], lengths).reshape(pixels.shape)
        return ids, np.repeat(self.codes[places] == values, lengths).reshape(pixels.shape)


@lru_cache(maxsize=8)
def _code_map(source_ids: tuple[int, ...], ignore_ids: tuple[int, ...]) -> _CodeMap:
    codes = np.array([*source_ids, *ignore_ids], np.int64)
    meanings = np.array([*range(len(source_ids)), *[IGNORE] * len(ignore_ids)], np.uint8)
    order = np.argsort(codes)
    codes, meanings = codes[order], meanings[order]
    table, few = np.full(FEW_CODES, IGNORE, np.uint8), np.zeros(FEW_CODES, bool)
    small = (codes >= 0) & (codes < FEW_CODES)
    table[codes[small]], few[codes[small]] = meanings[small], True
    return _CodeMap(codes, meanings, table, few)


def _with_background(own: Categories, catalog: Catalog) -> Categories:
    if len(own) >= MAX_CLASSES:
        raise DataError(
            f"{catalog.root} has {len(own)} classes; masks may have at most {MAX_CLASSES} with {BACKGROUND}.",
            "Take classes together.",
        )
    old = own.source_ids or tuple(range(1, len(own) + 1))
    free = next(code for code in range(len(old) + len(own.ignore_ids) + 1) if code not in {*old, *own.ignore_ids})
    colors = ((0, 0, 0), *own.colors) if own.colors else ()
    return Categories((BACKGROUND, *own.names), (free, *old), own.ignore_ids, colors)


def _paint(catalog: Catalog, index: int) -> NDArray[np.uint8]:
    """(H, W) ids from the outlines of objects."""
    assert catalog.objects is not None, "a data set with masks or objects"
    own = catalog.categories
    width, height = catalog.sizes[index].tolist() if catalog.sizes is not None else read_size(catalog.path(index))
    shapes = []
    for thing in catalog.objects[index]:
        sure = thing.outline is not None and not thing.flags & UNSURE
        shape = rle_of_outline(thing.outline, thing.box, (height, width))
        shapes.append((shape, thing.label if sure else IGNORE))
    ground = own.index(BACKGROUND) if BACKGROUND in own else IGNORE
    columns = np.full(width * height, ground, np.uint8)  # one after the other, as runs go
    for shape, label in sorted(shapes, key=lambda pair: -pair[0].area):
        ends = np.cumsum(shape.runs.astype(np.int64))
        for start, end in zip(ends[0::2].tolist(), ends[1::2].tolist(), strict=False):
            columns[start:end] = label
    return np.ascontiguousarray(columns.reshape(width, height).T)
