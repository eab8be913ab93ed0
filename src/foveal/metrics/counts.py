"""Precision, recall and F1 from weighted counts, averaged over classes as scikit-learn does.

A class without images has no precision, recall or F1 (NaN), and macro averages run over the classes that have images
(scikit-learn with ``labels`` of those): a data set with three of a hundred classes is evaluated on those. Predicting an
absent class still counts, as a miss of the class that was there. A class that is never predicted has a precision of 0
(scikit-learn's ``zero_division=0``).

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
        return self._where_true(ratio(self.hits, self.predicted))

    @property
    def recall(self) -> FloatArray:
        """(K, R) fraction of the images of a class that were predicted as it."""
        return ratio(self.hits, self.true, empty=np.nan)

    @property
    def f1(self) -> FloatArray:
        """(K, R) harmonic mean of precision and recall."""
        return self._where_true(ratio(2 * self.hits, self.predicted + self.true))

    def _where_true(self, values: FloatArray) -> FloatArray:
        return np.where(self.true > 0, values, np.nan)

    def macro(self) -> dict[str, FloatArray]:
        """``precision_macro`` and so on, each (R,): means over the classes that have images."""
        return {
            f"{name}_macro": mean_where(getattr(self, name), self.true > 0, empty=np.nan)
            for name in ("precision", "recall", "f1")
        }

    def weighted(self) -> dict[str, FloatArray]:
        """``precision_weighted`` and so on, each (R,): means weighted by the images of each class."""
        return {
            f"{name}_weighted": ratio(
                (np.nan_to_num(getattr(self, name)) * self.true).sum(0), self.true.sum(0), empty=np.nan
            )
            for name in ("precision", "recall", "f1")
        }

    def micro(self) -> dict[str, FloatArray]:
        """``precision_micro`` and so on, each (R,): over all decisions together."""
        total = Counts(self.hits.sum(0), self.predicted.sum(0), self.true.sum(0))
        return {f"{name}_micro": getattr(total, name) for name in ("precision", "recall", "f1")}
