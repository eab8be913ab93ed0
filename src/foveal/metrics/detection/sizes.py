"""How large objects are, how many there are, and how many of each size are found.

Shapes: D detections, G ground-truth objects.
"""

import numpy as np

from foveal.metrics.contract import Lines, Panel
from foveal.metrics.detection.objects import GroundTruth, Mask, Predicted
from foveal.types.categories import Categories

SIZE_GROUPS = 8
"""Groups of equally many objects whose recall is drawn over their size."""
SIZE_BINS = 20
"""Bars of the sizes."""


def recall_by_size(truth: GroundTruth, missed: Mask) -> list[Panel]:
    """Recall of small and large objects, above the numbers of objects of each size.

    Args:
        truth: Ground-truth objects, with their sides.
        missed: (G,) whether no detection shown matches it.
    """
    counted = ~truth.ignored
    if not counted.any() or not len(truth.side):
        return []
    side, found = truth.side[counted], ~missed[counted]
    groups = np.array_split(np.argsort(side, kind="stable"), min(SIZE_GROUPS, len(side)))
    points = np.array([(np.median(side[g]), found[g].mean()) for g in groups])
    edges = np.linspace(0.0, min(1.0, float(side.max()) * 1.0001), SIZE_BINS + 1)
    held = np.histogram(side, edges)[0].astype(np.float64)
    note = (
        f"{len(groups)} groups of equally many objects, at the model's threshold. A side is the root of the area, as a"
        " share of the image's longer side; times the input's size it is the pixels that the model sees."
    )
    curve = {"recall": (points[:, 0], points[:, 1])}
    title = "Recall by object size"
    return [
        Lines(
            title,
            "object side / image side",
            "recall",
            curve,
            note=note,
            shares="y",
            bars=(edges, held),
            bars_title="objects",
        )
    ]


def objects_per_image(predicted: Predicted, truth: GroundTruth, num_images: int) -> list[Panel]:
    """Detections shown over ground-truth objects, an image a point."""
    true = np.bincount(truth.image[~truth.ignored], minlength=num_images)
    shown = np.bincount(predicted.image[predicted.shown], minlength=num_images)
    if not true.any():
        return []
    spots = np.unique(np.stack([true, shown], 1), axis=0).astype(np.float64)
    note = (
        f"Median {np.median(true):g} objects and {np.median(shown):g} detections per image, at most {true.max()} and"
        f" {shown.max()}. Above the diagonal there are more detections than objects."
    )
    curves = {"images": (spots[:, 0], spots[:, 1])}
    return [Lines("Objects per image", "objects", "detections", curves, diagonal=True, note=note, dots=True)]


def median_sides(truth: GroundTruth, categories: Categories) -> dict[str, float]:
    """By class with objects: the median side, as a share of the image's longer side."""
    if not len(truth.side):
        return {}
    counted = ~truth.ignored
    return {
        name: float(np.median(truth.side[counted & (truth.label == k)]))
        for k, name in enumerate(categories)
        if (counted & (truth.label == k)).any()
    }
