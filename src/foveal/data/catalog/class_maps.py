"""Semantic masks: read from mask files, or rasterised from the segmentations of objects.

Shapes: H W height and width of the image as displayed, K classes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.pixel_values import read_united, value_runs
from foveal.errors import CategoryError, DataError
from foveal.imaging.header import read_size
from foveal.ops.masks import rle_of_segmentation
from foveal.ops.threads import in_threads
from foveal.types.arrays import Array
from foveal.types.flags import Flag
from foveal.types.predictions.masks import IGNORE

BACKGROUND = "background"
"""The class of pixels that no object covers."""
UNSURE = int(Flag.DIFFICULT | Flag.IGNORE)
"""An object with one of these covers pixels that are ignored."""
FEW_VALUES = 256
"""Pixel values below this are looked up in a table."""


def read_mask(catalog: Catalog, index: int) -> NDArray[np.uint8]:
    """The semantic mask of one image.

    Args:
        catalog: With masks, or objects after ``as_masks``.
        index: Index of the image.

    Returns:
        (H, W) class ids, ``IGNORE`` where nothing is known; a new array.

    Raises:
        DataError: The mask cannot be read, or no longer has its image's size.
        CategoryError: A pixel value that is neither a class nor ignored.
    """
    assert catalog.annotation == "masks", "a data set with masks"
    if catalog.masks is None:
        return _paint(catalog, index)
    path, *more = catalog.mask_paths(index)
    pixels = read_united([path, *more]).pixels
    if catalog.sizes is not None and pixels.shape != tuple(catalog.sizes[index].tolist()[::-1]):
        width, height = catalog.sizes[index].tolist()
        raise DataError(
            f"{path}: {pixels.shape[1]} x {pixels.shape[0]} pixels; its image has {width} x {height}.",
            "The file has changed since the data set was read; read it again.",
        )
    own = catalog.categories
    ids, known = _meanings(own.source_ids or tuple(range(len(own))), own.ignore_ids).look_up(pixels)
    if not known.all():
        y, x = np.argwhere(~known)[0].tolist()
        raise CategoryError(
            f"{path}: the pixel value {int(pixels[y, x])} at x {x}, y {y} is not a class.",
            "The file has changed since the data set was read; see `foveal data check`.",
        )
    return ids


def pixel_counts(catalog: Catalog) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(K,) pixels of each class, and (K,) known pixels of the images in which it occurs.

    Raises:
        DataError: A mask cannot be read.
    """
    own = np.zeros(len(catalog.categories), np.int64)
    around = np.zeros_like(own)
    for counts in count_pixels(catalog):
        own += counts[:-1]
        around += np.where(counts[:-1] > 0, counts[:-1].sum(), 0)
    return own, around


def count_pixels(catalog: Catalog) -> Iterator[NDArray[np.int64]]:
    """For each image in order, (K + 1,) pixels of each class and of no class; masks are read in threads.

    Raises:
        DataError: A mask cannot be read.
    """

    def count(index: int) -> NDArray[np.int64]:
        counts = np.bincount(read_mask(catalog, index).ravel(), minlength=IGNORE + 1)
        return np.append(counts[: len(catalog.categories)], counts[IGNORE]).astype(np.int64)

    return in_threads(count, range(len(catalog)))


@dataclass(frozen=True)
class _Meanings:
    """Meaning of the pixel values of mask files.

    Attributes:
        values: All known values, rising.
        ids: The class id of each, or ``IGNORE``.
        table: (FEW_VALUES,) ids by value.
        known: (FEW_VALUES,) whether a value is known.
    """

    values: NDArray[np.int64]
    ids: NDArray[np.uint8]
    table: NDArray[np.uint8]
    known: NDArray[np.bool_]

    def look_up(self, pixels: Array) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """(H, W) ids, and whether each pixel's value is known."""
        if pixels.dtype == np.uint8:
            return self.table[pixels], self.known[pixels]
        values, _, lengths = value_runs(pixels)
        places = np.searchsorted(self.values, values).clip(max=len(self.values) - 1)
        ids = np.repeat(self.ids[places], lengths).reshape(pixels.shape)
        return ids, np.repeat(self.values[places] == values, lengths).reshape(pixels.shape)


@lru_cache(maxsize=8)
def _meanings(source_ids: tuple[int, ...], ignore_ids: tuple[int, ...]) -> _Meanings:
    values = np.array([*source_ids, *ignore_ids], np.int64)
    ids = np.array([*range(len(source_ids)), *[IGNORE] * len(ignore_ids)], np.uint8)
    order = np.argsort(values)
    values, ids = values[order], ids[order]
    table, known = np.full(FEW_VALUES, IGNORE, np.uint8), np.zeros(FEW_VALUES, bool)
    small = (values >= 0) & (values < FEW_VALUES)
    table[values[small]], known[values[small]] = ids[small], True
    return _Meanings(values, ids, table, known)


def _paint(catalog: Catalog, index: int) -> NDArray[np.uint8]:
    """(H, W) ids from the segmentations of objects."""
    objects, own = catalog.objects, catalog.categories
    assert objects is not None, "a data set with masks or objects"
    width, height = catalog.sizes[index].tolist() if catalog.sizes is not None else read_size(catalog.path(index))
    shapes = []
    for i in objects.places(index):
        segmentation = objects.segmentation(i)
        sure = segmentation is not None and not objects.flags[i] & UNSURE
        shape = rle_of_segmentation(segmentation, objects.boxes[i].tolist(), (height, width))
        shapes.append((shape, int(objects.labels[i]) if sure else IGNORE))
    ground = own.index(BACKGROUND) if BACKGROUND in own else IGNORE
    columns = np.full(width * height, ground, np.uint8)  # column by column, as in RLE
    for shape, label in sorted(shapes, key=lambda pair: -pair[0].area):
        ends = np.cumsum(shape.runs.astype(np.int64))
        for start, end in zip(ends[0::2].tolist(), ends[1::2].tolist(), strict=False):
            columns[start:end] = label
    return np.ascontiguousarray(columns.reshape(width, height).T)
