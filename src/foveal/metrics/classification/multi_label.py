"""The metric of classifiers that answer yes or no for each class.

Conventions: a label is given when its score reaches the prediction's threshold; ``accuracy`` is subset accuracy (all
labels of an image right); ``hamming_loss``, ``log_loss``, ``brier`` and ``ece`` are means over all N K yes-or-no
decisions (scikit-learn on the flattened arrays); ``brier`` is the mean of (score - truth)^2, in [0, 1]; ``ece``
compares each score with how often the label is true. The averages of precision, recall and F1 are as in ``counts``,
over labels that are true or given somewhere; ``average_precision`` (mAP) and ``roc_auc`` are means over the labels for
which they are defined.

Shapes: N images, K classes, R resamples.
"""

import numpy as np
from numpy.typing import NDArray

from foveal.errors import DataError, ShapeError
from foveal.metrics.bootstrap import Scores, Weights, bootstrap
from foveal.metrics.classification.curves import bin_gaps
from foveal.metrics.classification.panels import label_errors, ranking_panels, reliability_panel
from foveal.metrics.classification.ranking import Rankings
from foveal.metrics.classification.single_label import MAX_MISTAKES, per_class
from foveal.metrics.contract import Interval, Mistake, Panel, Results
from foveal.metrics.counts import Counts
from foveal.types.arrays import Array, FloatArray
from foveal.types.categories import Categories
from foveal.types.predictions import ClassScores


class MultiLabelMetric:
    """Evaluates class scores against a 0/1 array of true labels per image.

    Args:
        categories: The class map, K names.
    """

    def __init__(self, categories: Categories) -> None:
        self.categories = categories
        self._truths: list[NDArray[np.bool_]] = []
        self._scores: list[FloatArray] = []
        self._thresholds: list[float] = []

    def update(self, truth: Array, prediction: ClassScores) -> None:
        """Take in one image.

        Args:
            truth: (K,) 1 where a label is true, else 0.
            prediction: Scores of the same K classes and the threshold from which a label is given.

        Raises:
            ShapeError: Truth or scores do not fit the class map, or the truth holds something other than 0 and 1.
        """
        num_classes = len(self.categories)
        truth = np.asarray(truth)
        if truth.shape != (num_classes,) or len(prediction) != num_classes:
            raise ShapeError(
                f"The metric got a truth of shape {truth.shape} and {len(prediction)} scores for {num_classes} classes;"
                " pass one of each for each class."
            )
        if not np.isin(truth, (0, 1)).all():
            raise ShapeError("The metric got a truth with values other than 0 and 1; pass 1 where a label is true.")
        self._truths.append(truth.astype(bool))
        self._scores.append(prediction.scores)
        self._thresholds.append(prediction.threshold)

    def compute(self, *, num_resamples: int = 1000, seed: int = 0) -> Results:
        """Evaluate all images taken in, as ``Metric`` says."""
        if not self._truths:
            raise DataError("There is no image to evaluate.", "Check that the data set and the split hold images.")
        scores = np.stack(self._scores)
        said = scores >= np.array(self._thresholds)[:, None]
        verdict = _Verdict(scores, np.stack(self._truths), said)
        metrics = bootstrap(verdict.score, len(self._truths), num_resamples=num_resamples, seed=seed)
        return verdict.results(metrics, self.categories)


class _Verdict:
    """All that can be known before a weight is.

    Args:
        scores: (N, K) floats in [0, 1].
        truth: (N, K) labels that are true.
        said: (N, K) labels given.
    """

    def __init__(self, scores: FloatArray, truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> None:
        num_images, num_classes = scores.shape
        eps = float(np.finfo(scores.dtype).eps)
        scores = scores.astype(np.float64)
        self.scores, self.truth, self.said = scores, truth, said
        sure = np.clip(np.where(truth, scores, 1 - scores), eps, 1 - eps)
        self._means = np.stack(
            [
                (said == truth).all(1),
                (said != truth).mean(1),
                -np.log(sure).mean(1),
                ((scores - truth) ** 2).mean(1),
            ]
        )
        images = np.repeat(np.arange(num_images), num_classes)
        self._gaps = bin_gaps(scores.ravel(), truth.ravel().astype(np.float64), images, num_images)
        self._marks = [mark.T.astype(np.float64) for mark in (said & truth, said, truth)]
        self._rankings = Rankings(scores, truth)

    def counts(self, wide: FloatArray) -> Counts:
        """(K, R) weighted counts of (N, R) float64 weights."""
        return Counts(*(mark @ wide for mark in self._marks))

    def score(self, weights: Weights) -> Scores:
        """Every headline metric of (N, R) weighted images, each (R,)."""
        wide = weights.astype(np.float64)
        total = wide.sum(0)
        accuracy, hamming_loss, log_loss, brier = self._means @ wide / total
        return {
            "accuracy": accuracy,
            **self._rankings.averages(weights),
            **self.counts(wide).averages(),
            "hamming_loss": hamming_loss,
            "log_loss": log_loss,
            "brier": brier,
            "ece": np.abs(self._gaps.T @ wide).sum(0) / (total * self.scores.shape[1]),
        }

    def results(self, metrics: dict[str, Interval], categories: Categories) -> Results:
        """The verdict with its tables, panels and mistakes."""
        ones = np.ones((len(self.truth), 1), np.float32)
        outcome = self.truth.ravel().astype(np.float64)
        panels: tuple[Panel, ...] = (
            label_errors(self.said, self.truth, categories),
            reliability_panel(self.scores.ravel(), outcome, metrics["ece"], of="decisions"),
            *ranking_panels(self.scores, self.truth, categories),
        )
        table = per_class(self.counts(ones.astype(np.float64)), self._rankings.score(ones), categories)
        return Results(len(self.truth), metrics, table, panels, self._worst(categories))

    def _worst(self, categories: Categories) -> list[Mistake]:
        """Images with a wrong label, by the surest wrong one."""
        wrong = self.said != self.truth
        badness = np.where(wrong, np.abs(self.scores - self.truth), -1.0)
        images = np.flatnonzero(wrong.any(1))
        worst = images[np.argsort(-badness[images].max(1), kind="stable")[:MAX_MISTAKES]]
        return [Mistake(int(i), float(badness[i].max()), self._caption(int(i), categories.names)) for i in worst]

    def _caption(self, i: int, names: tuple[str, ...]) -> str:
        parts = ["truth " + (", ".join(names[k] for k in np.flatnonzero(self.truth[i])) or "none")]
        for word, mask in (("missed", self.truth[i] & ~self.said[i]), ("said", self.said[i] & ~self.truth[i])):
            if mask.any():
                parts.append(
                    f"{word} " + ", ".join(f"{names[k]} {self.scores[i, k]:.2f}" for k in np.flatnonzero(mask))
                )
        return "; ".join(parts)
