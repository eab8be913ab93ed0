"""Report panels of detections.

Shapes: D detections, G ground-truth objects, K classes.
"""

import numpy as np

from foveal.metrics.classification.panels import MAX_CURVES
from foveal.metrics.contract import Lines, Matrix, Panel
from foveal.metrics.detection.average_precision import RECALLS
from foveal.metrics.detection.coco import Coco
from foveal.metrics.detection.matching import MATCH_IOU, NOTHING, Outcome, match
from foveal.metrics.detection.objects import GroundTruth, Pairs, Predicted
from foveal.metrics.detection.threshold import ByScore
from foveal.types.arrays import FloatArray
from foveal.types.categories import Categories

BACKGROUND = "background"
OVERLAPS = np.linspace(0.0, 1.0, 21)
"""Bin edges of the IoU histogram."""


def precision_recall(coco: Coco, categories: Categories, note: str) -> list[Panel]:
    """Precision at COCO's recalls, IoU 0.5: the mean over classes, whose mean is AP50, and each class of a few."""
    labels = np.unique(coco.truth.label[~coco.truth.ignored])
    if not len(labels):
        return []
    curves = {categories.names[k]: (RECALLS, coco.curve(int(k)).at()) for k in labels}
    mean = {"all classes": (RECALLS, np.mean([y for _, y in curves.values()], axis=0))}
    drawn = mean if len(curves) > MAX_CURVES else curves if len(curves) == 1 else {**mean, **curves}
    return [Lines("Precision-recall curve", "recall", "precision", drawn, note=note, shares="xy")]


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
    marks = {f"threshold {np.median(thresholds):.2f}": float(np.median(thresholds))}
    return [Lines("F1 by threshold", "threshold", "", curves, note=note, shares="xy", marks=marks)]


def f1_by_class(
    predicted: Predicted, truth: GroundTruth, result: Outcome, categories: Categories, thresholds: FloatArray
) -> list[Panel]:
    """F1 of each class as the threshold rises, for a few classes; the note has the best threshold of each.

    Args:
        predicted: Detections.
        truth: Ground-truth objects.
        result: What was matched at IoU 0.5.
        categories: The class map, K names.
        thresholds: The model's threshold, from the predictions.
    """
    labels = np.unique(truth.label[~truth.ignored]).tolist()
    if not 1 < len(labels) <= MAX_CURVES or not len(predicted):
        return []
    grid = np.linspace(0.0, 1.0, 101)
    by_class = {categories.names[k]: ByScore.of(predicted, truth, result, label=k) for k in labels}
    curves = {name: (grid, curve.at(grid)[2]) for name, curve in by_class.items()}
    best = [f"{name} {curve.best():.2f}" for name, curve in by_class.items() if curve.hits.any()]
    note = f"Best threshold: {', '.join(best)}." if best else ""
    marks = {f"threshold {np.median(thresholds):.2f}": float(np.median(thresholds))}
    return [Lines("F1 by threshold and class", "threshold", "F1", curves, note=note, shares="xy", marks=marks)]


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
    return Matrix("Confusion matrix", values[np.ix_(kept, kept)], [names[k] for k in kept], of="objects")


def overlap_histogram(predicted: Predicted, truth: GroundTruth, pairs: Pairs, noun: str) -> list[Panel]:
    """Localisation quality: each object's IoU with the nearest detection of its class, in bins of 0.05.

    Args:
        predicted: Detections.
        truth: Ground-truth objects.
        pairs: All pairs that overlap by 0.1 or more; objects without one are in the first bin.
        noun: What overlaps, such as ``boxes``.
    """
    same = predicted.shown[pairs.predicted] & (predicted.label[pairs.predicted] == truth.label[pairs.truth])
    nearest = np.zeros(len(truth))
    np.maximum.at(nearest, pairs.truth[same], pairs.iou[same])
    iou = nearest[~truth.ignored]
    if not len(iou):
        return []
    share = np.histogram(np.clip(iou, 0.0, 1.0), OVERLAPS)[0] / len(iou)
    steps = (np.repeat(OVERLAPS, 2), np.concatenate([[0.0], np.repeat(share, 2), [0.0]]))
    near = iou[iou >= MATCH_IOU]
    note = f"Of {len(iou):,} objects {len(near):,} have a detection of their class with an IoU of 0.5 or more"
    note += f"; its median is {np.median(near):.3f}." if len(near) else "."
    marks = {"counts as found": MATCH_IOU}
    title = f"IoU of the {noun}"
    return [Lines(title, "IoU", "share of objects", {"objects": steps}, note=note, shares="xy", marks=marks)]
