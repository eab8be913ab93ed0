"""Report panels of semantic segmentation.

Shapes: N images, K classes, E rows: classes that occur, image by image.
"""

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.contract import MAX_MISTAKES, Lines, Matrix, Mistake, Panel
from foveal.metrics.counts import ratio
from foveal.types.arrays import FloatArray, IntArray
from foveal.types.categories import Categories

MAX_NAMED = 3
"""Classes named in a caption."""
SHARES = np.linspace(0.0, 1.0, 101)
"""Quantiles at which the sorted IoUs of images are drawn."""


def confusion_shares(confusion: NDArray[np.int64], categories: Categories) -> list[Panel]:
    """The confusion matrix in percent of each class's pixels, without classes that do not occur.

    Args:
        confusion: (K, K) pixels of class row predicted as class column.
        categories: The class map, K names.
    """
    kept = np.flatnonzero(confusion.sum(0) + confusion.sum(1))
    if not len(kept):
        return []
    counts = confusion[np.ix_(kept, kept)].astype(np.float64)
    percent = np.round(100 * ratio(counts, counts.sum(1, keepdims=True)))
    names = [categories.names[k] for k in kept]
    return [Matrix("Confusion matrix", percent, names, row_title="truth, % of its pixels")]


def iou_by_image(values: FloatArray) -> list[Panel]:
    """The images' mean IoUs, sorted.

    Args:
        values: (N,) mean IoU over the classes of each image; NaN where there is nothing to evaluate.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    worst, middle, best = np.quantile(known, (0.0, 0.5, 1.0))
    note = (
        f"Mean IoU over the classes that occur in an image: worst image {worst:.2f}, median"
        f" {middle:.2f}, best {best:.2f}; {len(known):,} image{'s' if len(known) != 1 else ''}."
    )
    curve = (SHARES, np.quantile(known, SHARES))
    return [Lines("IoU per image", "share of images", "mean IoU", {"images": curve}, note=note, shares="xy")]


def worst_images(
    means: FloatArray, image: IntArray, label: IntArray, iou: FloatArray, categories: Categories
) -> list[Mistake]:
    """Images with the lowest mean IoU, each with its worst classes.

    Args:
        means: (N,) mean IoU over the classes of each image; NaN where there is nothing to evaluate.
        image: (E,) rising indices of images.
        label: (E,) class ids.
        iou: (E,) of that class in that image.
        categories: The class map, K names.
    """
    order = np.argsort(means, kind="stable")[:MAX_MISTAKES]
    starts, stops = (np.searchsorted(image, order, side) for side in ("left", "right"))
    out = []
    for i, start, stop in zip(order, starts, stops, strict=True):
        if not means[i] < 1:
            continue
        rows = start + np.argsort(iou[start:stop], kind="stable")[:MAX_NAMED]
        words = [f"{categories.names[label[row]]} {iou[row]:.2f}" for row in rows if iou[row] < 1]
        out.append(Mistake(int(i), float(1 - means[i]), f"mIoU {means[i]:.2f}; {', '.join(words)}"))
    return out
