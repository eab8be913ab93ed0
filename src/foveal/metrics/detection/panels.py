"""What the report draws of found objects.

Shapes: D objects found, G there, K classes.
"""

import numpy as np

from foveal.metrics.classification.panels import MAX_CURVES
from foveal.metrics.contract import Lines, Matrix, Mistake, Panel
from foveal.metrics.detection.average_precision import RECALLS
from foveal.metrics.detection.coco import Coco
from foveal.metrics.detection.matching import NOTHING, Outcome, match
from foveal.metrics.detection.objects import Found, Pairs, There
from foveal.metrics.detection.threshold import ByScore
from foveal.types.arrays import FloatArray, IntArray
from foveal.types.categories import Categories

BACKGROUND = "background"
MAX_MISTAKES = 100
"""Images a results names."""
MAX_NAMED = 4
"""Classes that a caption names of each kind."""
OVERLAPS = np.linspace(0.5, 1.0, 11)
"""Edges of the bins of overlap."""


def precision_recall(coco: Coco, categories: Categories, note: str) -> list[Panel]:
    """Precision at COCO's recalls, IoU 0.5: the mean over classes, whose mean is AP50, and each class of a few."""
    labels = np.unique(coco.there.label[~coco.there.ignored])
    if not len(labels):
        return []
    curves = {categories.names[k]: (RECALLS, coco.curve(int(k)).at()) for k in labels}
    mean = {"all classes": (RECALLS, np.mean([y for _, y in curves.values()], axis=0))}
    drawn = mean if len(curves) > MAX_CURVES else curves if len(curves) == 1 else {**mean, **curves}
    return [Lines("Precision over recall", "recall", "precision", drawn, note=note)]


def f1_by_threshold(curve: ByScore, thresholds: FloatArray) -> list[Panel]:
    """Precision, recall and F1 at IoU 0.5 as the threshold rises.

    Args:
        curve: What is found from each score on.
        thresholds: The model's own, as the predictions carry them.
    """
    if not len(curve.scores) or not curve.positives:
        return []
    grid = np.linspace(0.0, 1.0, 101)
    precision, recall, f1 = curve.at(grid)
    best = curve.best()
    peak = float(curve.at(np.array([best]))[2][0])
    own = " to ".join(f"{t:.2f}" for t in np.unique([thresholds.min(), thresholds.max()]))
    note = f"F1 is best, {peak:.3f}, for objects from a score of {best:.2f} on; the model shows them from {own} on."
    curves = {"F1": (grid, f1), "precision": (grid, precision), "recall": (grid, recall)}
    return [Lines("F1 over the threshold", "threshold", "", curves, note=note)]


def confusion(found: Found, there: There, pairs: Pairs, result: Outcome, categories: Categories) -> Matrix:
    """Classes mixed up among the objects shown, with background: what is there but not found, found but not there.

    Hits stay on the diagonal as they are counted elsewhere; what is left over on both sides is then matched across
    classes by the same rule.

    Args:
        found: Objects found.
        there: Objects there.
        pairs: Pairs that overlap by 0.5 or more, of whatever classes.
        result: What was matched at IoU 0.5.
        categories: The class map, K names.
    """
    false, missed = result.false & found.shown, result.missed(there, found.shown)
    left = pairs[false[pairs.found] & missed[pairs.there]]
    across = match(found, there, left, least=np.array([0.5]), ignored=there.ignored[:, None], groups=found.image)
    said = np.where(result.hit & found.shown, result.there, NOTHING)
    said[across.found] = across.there[:, 0]
    num_classes = len(categories)
    values = np.zeros((num_classes + 1, num_classes + 1))
    true = np.append(there.label, num_classes)[said]
    shown = (result.hit | result.false) & found.shown
    np.add.at(values, (true[shown], found.label[shown]), 1)
    missed[across.there[across.there != NOTHING]] = False
    values[:-1, -1] = np.bincount(there.label[missed], minlength=num_classes)
    kept = np.append(np.flatnonzero((values.sum(0) + values.sum(1))[:-1]), num_classes)
    names = [*categories.names, BACKGROUND]
    return Matrix("Confusion matrix", values[np.ix_(kept, kept)], [names[k] for k in kept])


def overlap_histogram(found: Found, pairs: Pairs, result: Outcome, things: str) -> list[Panel]:
    """How well the objects shown that are right fit: a share for each step of 0.05 in IoU.

    Args:
        found: Objects found.
        pairs: Pairs that overlap by 0.5 or more, of whatever classes.
        result: What was matched at IoU 0.5.
        things: What overlaps, such as ``boxes``.
    """
    right = result.hit[pairs.found] & found.shown[pairs.found] & (result.there[pairs.found] == pairs.there)
    iou = pairs.iou[right]
    if not len(iou):
        return []
    share = np.histogram(iou, OVERLAPS)[0] / len(iou)
    outline = (np.repeat(OVERLAPS, 2), np.concatenate([[0.0], np.repeat(share, 2), [0.0]]))
    note = f"Of {len(iou)} objects rightly found; the median IoU is {np.median(iou):.3f}."
    return [Lines(f"Fit of the {things}", "IoU", "share of objects", {"objects": outline}, note=note)]


def worst_images(found: Found, there: There, result: Outcome, categories: Categories) -> list[Mistake]:
    """Images with most objects missed or wrongly shown; among equals those with the surest mistakes."""
    false, missed = np.flatnonzero(result.false & found.shown), np.flatnonzero(result.missed(there, found.shown))
    num_images = int(max(found.image.max(initial=-1), there.image.max(initial=-1))) + 1
    count = np.bincount(found.image[false], minlength=num_images)
    count += np.bincount(there.image[missed], minlength=num_images)
    sure = np.bincount(found.image[false], weights=found.score[false], minlength=num_images)
    order = np.lexsort((-sure, -count))[:MAX_MISTAKES]
    out = []
    for i in order[count[order] > 0]:
        parts = []
        mine = missed[there.image[missed] == i]
        if len(mine):
            parts.append("missed " + _listing(there.label[mine], None, categories))
        mine = false[found.image[false] == i]
        if len(mine):
            parts.append("false " + _listing(found.label[mine], found.score[mine], categories))
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
