"""Ranking metrics of scores: area under the ROC curve and average precision.

Both are sums over the true images of what ranks above them (equal scores count half in the ROC and enter together in
average precision, as in scikit-learn), so one pass over presorted images serves all resamples.

Shapes: N images, K classes, R resamples, G distinct scores that true images have.
"""

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.contract import Weights
from foveal.metrics.counts import mean_where, ratio
from foveal.types.arrays import FloatArray


class Ranking:
    """One class's images, sorted once.

    Args:
        scores: (N,) higher is more likely of the class.
        positive: (N,) whether an image is of the class.
    """

    def __init__(self, scores: FloatArray, positive: NDArray[np.bool_]) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ranked, hit = scores[self._order], positive[self._order]
        starts = np.concatenate([[0], np.flatnonzero(ranked[1:] != ranked[:-1]) + 1])
        group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(ranked))))
        true_groups, self._true_starts = np.unique(group[hit], return_index=True)
        self._true_order = self._order[hit]
        ends = np.append(starts, len(ranked))[true_groups + 1]
        cuts = np.unique(np.concatenate([[0], starts[true_groups], ends]))
        self._cuts = cuts[cuts < len(ranked)]
        self._true_segments = np.searchsorted(self._cuts, starts[true_groups])

    def score(self, weights: Weights) -> tuple[FloatArray, FloatArray]:
        """Area under the ROC curve and average precision of weighted images.

        Args:
            weights: (N, R).

        Returns:
            Two (R,) arrays; NaN without a true image, the ROC's also without any other.
        """
        if not len(self._true_order):
            return np.full(weights.shape[1], np.nan), np.full(weights.shape[1], np.nan)
        segments = np.add.reduceat(weights[self._order], self._cuts, axis=0).astype(np.float64)
        hits = np.add.reduceat(weights[self._true_order], self._true_starts, axis=0).astype(np.float64)
        ranked = np.cumsum(segments, axis=0)[self._true_segments]
        tied = segments[self._true_segments]
        reached = np.cumsum(hits, axis=0)
        true = reached[-1]
        false = segments.sum(0) - true
        false_above = (ranked - tied) - (reached - hits)
        beaten = (hits * (false - false_above - 0.5 * (tied - hits))).sum(0)
        precision = (hits * ratio(reached, ranked)).sum(0)
        return ratio(beaten, true * false, empty=np.nan), ratio(precision, true, empty=np.nan)


class Rankings:
    """All classes' rankings, each class against the rest.

    Args:
        scores: (N, K).
        positive: (N, K) whether an image is of a class.
    """

    def __init__(self, scores: FloatArray, positive: NDArray[np.bool_]) -> None:
        self._classes = [Ranking(scores[:, k], positive[:, k]) for k in range(scores.shape[1])]

    def score(self, weights: Weights) -> tuple[FloatArray, FloatArray]:
        """Two (K, R) arrays: area under the ROC curve and average precision; NaN where undefined."""
        both = [one.score(weights) for one in self._classes]
        return np.stack([auc for auc, _ in both]), np.stack([ap for _, ap in both])

    def averages(self, weights: Weights) -> dict[str, FloatArray]:
        """Macro averages, each (R,), over the classes for which the number is defined; NaN where there is none."""
        auc, ap = self.score(weights)
        return {
            "roc_auc": mean_where(auc, np.isfinite(auc), empty=np.nan),
            "average_precision": mean_where(ap, np.isfinite(ap), empty=np.nan),
        }
