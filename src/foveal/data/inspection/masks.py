"""Pixel counts of a data set's masks.

Shapes: N images, K classes.
"""

from dataclasses import dataclass

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import count_pixels
from foveal.data.inspection.objects import splits_of


@dataclass(frozen=True)
class MaskCounts:
    """Pixel counts.

    Attributes:
        pixels: Pixels of each class in each split.
        shares: Fraction of all known pixels, by class.
        median_px: Median pixels of each class over the images that have it; 0 without any.
        ignored: Fraction of ignored pixels.
    """

    pixels: dict[str, dict[str, int]]
    shares: dict[str, float]
    median_px: dict[str, int]
    ignored: float

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return dict(vars(self))


def count_masks(catalog: Catalog) -> MaskCounts | None:
    """Read every mask, in threads; None for a data set without masks.

    Raises:
        DataError: A mask cannot be read.
    """
    if catalog.annotation != "masks":
        return None
    names, codes = catalog.categories.names, splits_of(catalog)
    totals = {code: np.zeros(len(names) + 1, np.int64) for code in codes.values()}
    sizes: list[list[int]] = [[] for _ in names]
    for i, counts in enumerate(count_pixels(catalog)):
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
