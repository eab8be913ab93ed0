"""The objects of a data set: how many of each class, where they lie in the image, how wide and high they are.

Shapes: N images, M objects, B cells along a side.
"""

from collections.abc import Mapping

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.report.figures.density import Density
from foveal.runs.report.evidence import amounts
from foveal.types.arrays import FloatArray
from foveal.types.flags import IGNORED_FLAGS

LEAST_CELLS, MOST_CELLS, PER_CELL = 8, 32, 4
"""Cells along each side of a figure, and the objects that a cell would have if all had as many."""
ENDS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
"""What the axes of sizes may run to."""


def object_counts(splits: Mapping[str, Catalog]) -> dict[str, dict[str, int]]:
    """Objects that count by split, then by class; empty for images without any."""
    return {name: amounts(part) for name, part in splits.items() if part.objects is not None}


def object_panels(catalog: Catalog) -> list[Density]:
    """Centres and sizes of the objects, where the sizes of the images are known."""
    boxes = _boxes(catalog)
    if not len(boxes):
        return []
    centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    width, height = np.median(sides, axis=0)
    end = next((e for e in ENDS if e >= sides.max()), 1.0)
    where = f"Centres of {len(boxes):,} objects, as shares of their image's width and height."
    size = f"Median: {width:.0%} of the image's width, {height:.0%} of its height."
    return [
        Density("Object positions", "x / width", "y / height", _cells(centres, 1.0), down=True, note=where),
        Density("Object sizes", "width / image width", "height / image height", _cells(sides, end), end=end, note=size),
    ]


def _boxes(catalog: Catalog) -> FloatArray:
    """(M, 4) boxes that count, as shares of their images."""
    objects, sizes = catalog.objects, catalog.sizes
    if objects is None or sizes is None:
        return np.empty((0, 4))
    image = np.repeat(np.arange(len(catalog)), np.diff(objects.offsets))
    sides = np.tile(np.asarray(sizes, np.float64)[image], 2)
    counted = ((objects.flags & IGNORED_FLAGS) == 0) & (sides > 0).all(1)
    return np.asarray(objects.boxes[counted] / sides[counted], np.float64)


def _cells(points: FloatArray, end: float) -> FloatArray:
    """(B, B) counts: rows over y, columns over x."""
    x, y = np.clip(points, 0.0, end).T
    cells = int(np.clip(np.sqrt(len(points) / PER_CELL), LEAST_CELLS, MOST_CELLS))
    counts, _, _ = np.histogram2d(y, x, bins=cells, range=((0, end), (0, end)))
    return np.asarray(counts, np.float64)
