"""Images with missed objects and false detections, and those without a mistake that are least certain."""

import numpy as np

from foveal.metrics.contract import MAX_MISTAKES, Mistake
from foveal.metrics.detection.matching import Outcome
from foveal.metrics.detection.objects import GroundTruth, Predicted
from foveal.types.arrays import FloatArray, IntArray
from foveal.types.categories import Categories

MAX_NAMED = 4
"""Classes named in a caption, of each kind."""
MAX_UNCERTAIN = 24
"""Maximum number of uncertain images without a mistake."""


def worst_images(predicted: Predicted, truth: GroundTruth, result: Outcome, categories: Categories) -> list[Mistake]:
    """Images with most missed objects and false detections; of ties those with the most confident mistakes."""
    false, missed = (
        np.flatnonzero(result.false & predicted.shown),
        np.flatnonzero(result.missed(truth, predicted.shown)),
    )
    num_images = int(max(predicted.image.max(initial=-1), truth.image.max(initial=-1))) + 1
    count = np.bincount(predicted.image[false], minlength=num_images)
    count += np.bincount(truth.image[missed], minlength=num_images)
    confidence = np.bincount(predicted.image[false], weights=predicted.score[false], minlength=num_images)
    order = np.lexsort((-confidence, -count))[:MAX_MISTAKES]
    out = []
    for i in order[count[order] > 0]:
        parts = []
        mine = missed[truth.image[missed] == i]
        if len(mine):
            parts.append("missed " + _listing(truth.label[mine], None, categories))
        mine = false[predicted.image[false] == i]
        if len(mine):
            parts.append("false " + _listing(predicted.label[mine], predicted.score[mine], categories))
        out.append(Mistake(int(i), float(count[i]), "; ".join(parts)))
    return out


def uncertain_images(
    predicted: Predicted, truth: GroundTruth, result: Outcome, categories: Categories
) -> list[Mistake]:
    """Images without a mistake, the one with the lowest score among its detections first."""
    wrong = np.append(
        predicted.image[result.false & predicted.shown], truth.image[result.missed(truth, predicted.shown)]
    )
    right = np.flatnonzero(result.hit & predicted.shown & ~np.isin(predicted.image, wrong))
    right = right[np.argsort(predicted.score[right], kind="stable")]
    first = right[np.sort(np.unique(predicted.image[right], return_index=True)[1])][:MAX_UNCERTAIN]
    return [
        Mistake(
            int(predicted.image[d]),
            1.0 - float(predicted.score[d]),
            f"least certain: {categories.names[predicted.label[d]]} {predicted.score[d]:.2f}",
        )
        for d in first
    ]


def _listing(labels: IntArray, scores: FloatArray | None, categories: Categories) -> str:
    """For example ``2 car, 1 dog`` or, with the best score of each, ``2 car 0.91, 1 dog 0.40``."""
    names, counts = np.unique(labels, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    words = []
    for k in order[:MAX_NAMED]:
        best = "" if scores is None else f" {scores[labels == names[k]].max():.2f}"
        words.append(f"{counts[k]} {categories.names[names[k]]}{best}")
    rest = int(counts[order[MAX_NAMED:]].sum())
    return ", ".join([*words, f"{rest} more"] if rest else words)
