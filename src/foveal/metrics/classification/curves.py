"""Curves for the report: reliability, ROC, precision-recall; and the calibration error.

Shapes: N images, D decisions (N, or N K for several labels), B bins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.counts import ratio
from foveal.types.arrays import FloatArray, IntArray

NUM_BINS = 15
"""Bins of the reliability diagram and of ECE (Guo et al. 2017, "On Calibration of Modern Neural Networks")."""
MAX_POINTS = 240
"""Maximum number of points of a drawn curve."""


def bins(confidence: FloatArray) -> IntArray:
    """(D,) bin of each confidence in [0, 1]: bin b holds (b / B, (b + 1) / B], and bin 0 also 0."""
    places: IntArray = np.ceil(np.asarray(confidence, np.float64) * NUM_BINS).astype(np.int64) - 1
    return np.clip(places, 0, NUM_BINS - 1)


def bin_gaps(confidence: FloatArray, correct: FloatArray, image: IntArray, num_images: int) -> FloatArray:
    """Contribution of each image to each bin's confidence minus accuracy.

    Args:
        confidence: (D,) in [0, 1].
        correct: (D,) 0 or 1.
        image: (D,) the image a decision belongs to.
        num_images: N.

    Returns:
        (N, B); ECE of weighted images is the sum over bins of |weights @ gaps| / decisions.
    """
    out = np.zeros((num_images, NUM_BINS))
    np.add.at(out, (image, bins(confidence)), confidence.astype(np.float64) - correct)
    return out


@dataclass(frozen=True)
class Reliability:
    """Mean confidence, accuracy and count of each non-empty bin, by rising confidence."""

    confidence: FloatArray
    accuracy: FloatArray
    decisions: IntArray


def reliability(confidence: FloatArray, correct: FloatArray) -> Reliability:
    """The reliability diagram of (D,) confidences and outcomes (0 or 1)."""
    place = bins(confidence)
    held = np.bincount(place, minlength=NUM_BINS)
    filled = held > 0
    sums = [np.bincount(place, weights=np.asarray(x, np.float64), minlength=NUM_BINS) for x in (confidence, correct)]
    return Reliability(sums[0][filled] / held[filled], sums[1][filled] / held[filled], held[filled])


def _steps(scores: FloatArray, positive: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """True positives and predicted images, (G,) each, as the threshold falls past each distinct score."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits: FloatArray = np.cumsum(positive[order], dtype=np.float64)[last]
    return hits, last + 1.0


def _thin(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """At most MAX_POINTS points: corners first, then evenly spaced in order."""
    if len(x) > 2:
        turn = np.abs(np.diff(x)[1:] * np.diff(y)[:-1] - np.diff(x)[:-1] * np.diff(y)[1:]) > 1e-15
        keep = np.concatenate([[True], turn, [True]])
        x, y = x[keep], y[keep]
    if len(x) > MAX_POINTS:
        even = np.linspace(0, len(x) - 1, MAX_POINTS).round().astype(int)
        x, y = x[even], y[even]
    return x, y


def roc_curve(scores: FloatArray, positive: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """False positive rate and true positive rate from (0, 0) to (1, 1), thinned for drawing.

    Args:
        scores: (N,).
        positive: (N,), with at least one positive and one negative.
    """
    hits, predicted = _steps(scores, positive)
    true = float(positive.sum())
    return _thin(np.append(0.0, (predicted - hits) / (len(scores) - true)), np.append(0.0, hits / true))


def precision_recall_curve(scores: FloatArray, positive: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Recall and precision as the threshold falls, thinned for drawing.

    Args:
        scores: (N,).
        positive: (N,), with at least one true.
    """
    hits, predicted = _steps(scores, positive)
    end = int(np.searchsorted(hits, hits[-1])) + 1
    precision = ratio(hits, predicted)[:end]
    return _thin(np.append(0.0, hits[:end] / hits[-1]), np.append(precision[0], precision))
