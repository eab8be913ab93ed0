"""Report panels of detections.

Shapes: D detections, G ground-truth objects, K classes.
"""

import numpy as np

from foveal.metrics.classification.panels import MAX_CURVES
from foveal.metrics.contract import Lines, Matrix, Mistake, Panel
from foveal.metrics.detection.average_precision import RECALLS
from foveal.metrics.detection.coco import Coco
from foveal.metrics.detection.matching import NOTHING, Outcome, match
from foveal.metrics.detection.objects import GroundTruth, Pairs, Predicted
from foveal.metrics.detection.threshold import ByScore
from foveal.types.arrays import FloatArray, IntArray
from foveal.types.categories import Categories

BACKGROUND = "background"
MAX_MISTAKES = 100
"""Maximum number of mistakes in the results."""
MAX_NAMED = 4
"""Classes named in a caption, of each kind."""
OVERLAPS = np.linspace(0.5, 1.0, 11)
"""Bin edges of the IoU histogram."""


def precision_recall(coco: Coco, categories: Categories, note: str) -> list[Panel]:
    """Precision at COCO's recalls, IoU 0.5: the mean over classes, whose mean is AP50, and each class of a few."""
    labels = np.unique(coco.truth.label[~coco.truth.ignored])
    if not len(labels):
        return []
    curves = {categories.names[k]: (RECALLS, coco.curve(int(k)).at()) for k in labels}
    mean = {"all classes": (RECALLS, np.mean([y for _, y in curves.values()], axis=0))}
    drawn = mean if len(curves) > MAX_CURVES else curves if len(curves) == 1 else {**mean, **curves}
    return [Lines("Precision-recall curve", "recall", "precision", drawn, note=note)]


def f1_by_threshold(curve: ByScore, thresholds: FloatArray) -> list[Panel]:
    """Precision, recall and F1 at IoU 0.5 as the threshold rises.

    Args:
        curve: Counts at each threshold.
        thresholds: The model's threshold, from the predictions.
    """
    if not len(curve.scores) or not curve.positives:
        return []
    grid = np.linspace(0.0, 1.0, 101)
    precision, recall, f1 = curve.at(grid)
    best = curve.best()
    peak = float(curve.at(np.array([best]))[2][0])
    own = " to ".join(f"{t:.2f}" for t in np.unique([thresholds.min(), thresholds.max()]))
    note = f"Best F1 {peak:.3f} at a threshold of {best:.2f}; the model's threshold is {own}."
    curves = {"F1": (grid, f1), "precision": (grid, precision), "recall": (grid, recall)}
    return [Lines("F1 by threshold", "threshold", "", curves, note=note)]


def confusion(
    predicted: Predicted, truth: GroundTruth, pairs: Pairs, result: Outcome, categories: Categories
) -> Matrix:
    """Classes confused among the detections shown, with background for missed objects and false detections.

    Hits stay on the diagonal, as counted elsewhere; what remains on both sides is then matched across classes
    by the same rule.

    Args:
        predicted: Detections.
        truth: Ground-truth objects.
        pairs: Pairs that overlap by 0.5 or more, of whatever classes.
        result: What was matched at IoU 0.5.
        categories: The class map, K names.
    """
    false, missed = result.false & predicted.shown, result.missed(truth, predicted.shown)
    left = pairs[false[pairs.predicted] & missed[pairs.truth]]
    across = match(
        predicted, truth, left, least=np.array([0.5]), ignored=truth.ignored[:, None], groups=predicted.image
    )
    matched = np.where(result.hit & predicted.shown, result.matched, NOTHING)
    matched[across.predicted] = across.truth[:, 0]
    num_classes = len(categories)
    values = np.zeros((num_classes + 1, num_classes + 1))
    true = np.append(truth.label, num_classes)[matched]
    shown = (result.hit | result.false) & predicted.shown
    np.add.at(values, (true[shown], predicted.label[shown]), 1)
    missed[across.truth[across.truth != NOTHING]] = False
    values[:-1, -1] = np.bincount(truth.label[missed], minlength=num_classes)
    kept = np.append(np.flatnonzero((values.sum(0) + values.sum(1))[:-1]), num_classes)
    names = [*categories.names, BACKGROUND]
    return Matrix("Confusion matrix", values[np.ix_(kept, kept)], [names[k] for k in kept])


def overlap_histogram(predicted: Predicted, pairs: Pairs, result: Outcome, noun: str) -> list[Panel]:
    """Localisation quality of the correct detections: their share in each IoU bin of 0.05.

    Args:
        predicted: Detections.
        pairs: Pairs that overlap by 0.5 or more, of whatever classes.
        result: What was matched at IoU 0.5.
        noun: What overlaps, such as ``boxes``.
    """
    right = (
        result.hit[pairs.predicted]
        & predicted.shown[pairs.predicted]
        & (result.matched[pairs.predicted] == pairs.truth)
    )
    iou = pairs.iou[right]
    if not len(iou):
        return []
    share = np.histogram(iou, OVERLAPS)[0] / len(iou)
    steps = (np.repeat(OVERLAPS, 2), np.concatenate([[0.0], np.repeat(share, 2), [0.0]]))
    note = f"{len(iou)} correct detections; median IoU {np.median(iou):.3f}."
    return [Lines(f"IoU of the {noun}", "IoU", "share of objects", {"objects": steps}, note=note)]


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
