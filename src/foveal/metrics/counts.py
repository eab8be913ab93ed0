"""Precision, recall and F1 from weighted counts, averaged over classes as scikit-learn does.

A ratio without a denominator is 0 (scikit-learn's ``zero_division=0``). A macro average runs over the classes that
occur in the truths or the predictions, scikit-learn's default for class ids: so a data set with three of a hundred
classes is evaluated on those.

Shapes: N images, K classes, R resamples.
"""

from dataclasses import dataclass

import numpy as np

from foveal.metrics.contract import Weights
from foveal.types.arrays import Array, FloatArray, IntArray


def ratio(numerator: FloatArray, denominator: FloatArray, *, empty: float = 0.0) -> FloatArray:
    """Divide element by element; ``empty`` where the denominator is 0."""
    out = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), empty, np.float64)
    return np.divide(numerator, denominator, out=out, where=denominator != 0)


def mean_where(values: FloatArray, mask: Array, *, empty: float) -> FloatArray:
    """Mean over axis 0 of the values where ``mask``; ``empty`` where there are none."""
    return ratio(np.where(mask, values, 0.0).sum(0), mask.sum(0).astype(np.float64), empty=empty)


class Groups:
    """Sums of weights within groups of images, such as those of one class.

    Args:
        ids: (N,) group of each image, 0 to num-1.
        num: Number of groups.
    """

    def __init__(self, ids: IntArray, num: int) -> None:
        self.num = num
        self._order = np.argsort(ids, kind="stable")
        self._present, self._starts = np.unique(np.asarray(ids)[self._order], return_index=True)

    def sum(self, weights: Weights) -> FloatArray:
        """(num, R) float64 sums of (N, R) weights."""
        out = np.zeros((self.num, weights.shape[1]))
        if len(self._present):
            out[self._present] = np.add.reduceat(weights[self._order], self._starts, axis=0)
        return out


@dataclass(frozen=True)
class Counts:
    """Weighted counts of each class, each (K, R).

    Attributes:
        hits: Images of the class that were predicted as it (true positives).
        predicted: Images predicted as the class.
        true: Images of the class.
    """

    hits: FloatArray
    predicted: FloatArray
    true: FloatArray

    @property
    def precision(self) -> FloatArray:
        """(K, R) fraction of the images predicted as a class that belong to it."""
        return ratio(self.hits, self.predicted)

    @property
    def recall(self) -> FloatArray:
        """(K, R) fraction of the images of a class that were predicted as it."""
        return ratio(self.hits, self.true)

    @property
    def f1(self) -> FloatArray:
        """(K, R) harmonic mean of precision and recall."""
        return ratio(2 * self.hits, self.predicted + self.true)

    def averages(self) -> dict[str, FloatArray]:
        """Precision, recall and F1, each (R,), as macro, weighted (by true images) and micro averages."""
        present = (self.predicted + self.true) > 0
        total = Counts(self.hits.sum(0), self.predicted.sum(0), self.true.sum(0))
        out: dict[str, FloatArray] = {}
        for name in ("precision", "recall", "f1"):
            out[f"{name}_macro"] = mean_where(getattr(self, name), present, empty=0.0)
        for name in ("precision", "recall", "f1"):
            out[f"{name}_weighted"] = ratio((getattr(self, name) * self.true).sum(0), self.true.sum(0))
        for name in ("precision", "recall", "f1"):
            out[f"{name}_micro"] = getattr(total, name)
        return out
