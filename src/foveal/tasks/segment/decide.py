"""The class map of greatest expected IoU.

The likeliest class of each pixel makes the most pixels right, and so misses classes that cover few: of a pole that is
two pixels wide, most pixels are more likely building. The mean IoU asks another question. Where a class has IoU J and
its union covers a share U of all pixels, giving it one more pixel, of probability p, changes its IoU by
(p - (1 - p) J) / U per pixel. So each pixel takes the class with the largest p (1 + J) / U - J / U (after Nowozin 2014,
"Optimal decisions from probabilistic models: the intersection-over-union case", section 3). J and U come from
validation images, and follow from the decision in turn, so both are found in a few rounds.

Shapes: N images, K classes, P sampled pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.segmentation.metric import confusion_matrix
from foveal.types.arrays import Array, FloatArray

ROUNDS = 4
PRIOR = 100
"""Sampled pixels of the mean IoU that are added to each class's union: of few pixels, an IoU says little."""
LEAST = 0.3
"""A lower IoU is taken as this one: for a class that is hardly found yet, pixels of a probability of a few hundredths
would be taken, and maps would show the class where it is not."""


@dataclass(frozen=True)
class Scoring:
    """Factors and offsets of the classes' probabilities; the largest score wins.

    Attributes:
        factors: (K,).
        offsets: (K,).
    """

    factors: FloatArray
    offsets: FloatArray

    def scores(self, probabilities: Array) -> Array:
        """(K, ...) -> the same shape. Resampling and blending commute with it, as both are weighted means."""
        shape = (-1, *(1,) * (probabilities.ndim - 1))
        factors, offsets = (one.astype(np.float32).reshape(shape) for one in (self.factors, self.offsets))
        scores: Array = np.asarray(probabilities, np.float32) * factors
        scores -= offsets
        return scores


def fit_scoring(probabilities: Array, truth: NDArray[np.uint8]) -> Scoring | None:
    """The scoring for some images, if it raises the mean IoU of images that it is not fitted to; None: it does not.

    That is tried on each half of the images with the scoring of the other half, and both must gain.

    Args:
        probabilities: (N, K, P) at sampled pixels.
        truth: (N, P) their class ids, ``IGNORE`` where unknown.
    """
    half = len(truth) // 2
    if not half:
        return None
    halves = [(probabilities[:half], truth[:half]), (probabilities[half:], truth[half:])]
    for fitted, (tried, tried_truth) in (halves, halves[::-1]):
        likeliest, scored = (_mean_iou(_confusion(tried, tried_truth, one)) for one in (None, _scoring(*fitted)))
        if not scored > likeliest:  # NaN where nothing is known
            return None
    return _scoring(probabilities, truth)


def _scoring(probabilities: Array, truth: NDArray[np.uint8]) -> Scoring:
    scoring = None
    for _ in range(ROUNDS):
        counts = _confusion(probabilities, truth, scoring)
        hits, union = np.diagonal(counts), _union(counts)
        mean = np.nan_to_num(_mean_iou(counts))
        iou = ((hits + PRIOR * mean) / (union + PRIOR)).clip(min=LEAST)
        share = (union + PRIOR) / (union + PRIOR).max()
        scoring = Scoring((1 + iou) / share, iou / share)
    assert scoring is not None, "there are rounds"
    return scoring


def _confusion(probabilities: Array, truth: NDArray[np.uint8], scoring: Scoring | None) -> NDArray[np.int64]:
    """(K, K) sampled pixels of class row that become class column."""
    num_classes = probabilities.shape[1]
    total = np.zeros((num_classes, num_classes), np.int64)
    for one, ids in zip(probabilities, truth, strict=True):  # one by one: the scores of one image are small
        scores = one if scoring is None else scoring.scores(one)
        total += confusion_matrix(ids, scores.argmax(0).astype(np.uint8), num_classes)
    return total


def _union(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    union: NDArray[np.int64] = counts.sum(0) + counts.sum(1) - np.diagonal(counts)
    return union


def _mean_iou(counts: NDArray[np.int64]) -> float:
    """Over the classes that occur in the truth; NaN without any."""
    there = counts.sum(1) > 0
    return float((np.diagonal(counts)[there] / _union(counts)[there]).mean()) if there.any() else np.nan
