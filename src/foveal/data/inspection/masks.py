"""How much of a data set's masks belongs to each class.

Shapes: N images, K classes.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import read_mask
from foveal.data.inspection.objects import splits_of
from foveal.types.masks import IGNORE

IMAGES_A_TURN = 256
"""Counted ahead at once, so that memory stays flat."""


@dataclass(frozen=True)
class MaskCounts:
    """What there is.

    Attributes:
        pixels: Of each class in each split that exists.
        shares: Part of all known pixels that each class has.
        median_px: Pixels of each class in the middle one of the images that show it; 0 where none does.
        ignored: Part of all pixels that count nowhere.
    """

    pixels: dict[str, dict[str, int]]
    shares: dict[str, float]
    median_px: dict[str, int]
    ignored: float

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return dict(vars(self))


def count_masks(catalog: Catalog) -> MaskCounts | None:
    """Read every mask, in threads; None where the data set has none.

    Raises:
        DataError: A mask cannot be read.
    """
    if catalog.annotation != "masks":
        return None
    names, codes = catalog.categories.names, splits_of(catalog)
    totals = {code: np.zeros(len(names) + 1, np.int64) for code in codes.values()}
    sizes: list[list[int]] = [[] for _ in names]
    for i, counts in enumerate(_every_count(catalog)):
        totals[int(catalog.splits[i])] += counts
        for k in np.flatnonzero(counts[:-1]).tolist():
            sizes[k].append(int(counts[k]))
    every = sum(totals.values(), np.zeros(len(names) + 1, np.int64))
    known = max(1, int(every[:-1].sum()))
    return MaskCounts(
        pixels={name: {split: int(totals[code][k]) for split, code in codes.items()} for k, name in enumerate(names)},
        shares={name: round(int(every[k]) / known, 6) for k, name in enumerate(names)},
        median_px={name: round(float(np.median(sizes[k]))) if sizes[k] else 0 for k, name in enumerate(names)},
        ignored=round(int(every[-1]) / max(1, int(every.sum())), 6),
    )


def pixel_counts(catalog: Catalog) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(K,) pixels of each class, and (K,) known pixels of the images in which it occurs.

    Raises:
        DataError: A mask cannot be read.
    """
    own = np.zeros(len(catalog.categories), np.int64)
    around = np.zeros_like(own)
    for counts in _every_count(catalog):
        own += counts[:-1]
        around += np.where(counts[:-1] > 0, counts[:-1].sum(), 0)
    return own, around


def _every_count(catalog: Catalog) -> Iterator[NDArray[np.int64]]:
    """``_count`` of every image in order, in threads."""
    with ThreadPoolExecutor(thread_name_prefix="foveal-masks") as pool:
        for first in range(0, len(catalog), IMAGES_A_TURN):
            yield from pool.map(partial(_count, catalog), range(first, min(first + IMAGES_A_TURN, len(catalog))))


def _count(catalog: Catalog, index: int) -> NDArray[np.int64]:
    """(K + 1,) pixels of each class, and of none."""
    counts = np.bincount(read_mask(catalog, index).ravel(), minlength=IGNORE + 1)
    return np.append(counts[: len(catalog.categories)], counts[IGNORE]).astype(np.int64)
