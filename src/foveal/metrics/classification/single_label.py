"""The metric of classifiers that give an image one class.

Conventions: a tie between classes goes to the earlier class, as in ``ClassScores``; ``top5`` counts the image as
right when the truth is among the five best (always, with five classes or fewer); ``log_loss`` clips scores by the
machine epsilon of their own type, as scikit-learn does; ``brier`` is Brier's original sum over all classes, in [0, 2],
and half of it for two classes, which is scikit-learn's ``scale_by_half="auto"``; ``roc_auc`` and
``average_precision`` are means over classes, one against the rest, for two classes too.

Shapes: N images, K classes, R resamples.
"""

import numpy as np
from numpy.typing import NDArray

from foveal.errors import DataError, ShapeError
from foveal.metrics.bootstrap import Scores, Weights, bootstrap
from foveal.metrics.classification.curves import bin_gaps
from foveal.metrics.classification.panels import confused_pairs, ranking_panels, reliability_panel
from foveal.metrics.classification.ranking import Rankings
from foveal.metrics.contract import Interval, Matrix, Mistake, Panel, Results
from foveal.metrics.counts import Counts, Groups
from foveal.types.arrays import FloatArray
from foveal.types.categories import Categories
from foveal.types.predictions import ClassScores

TOP = 5
"""Classes among which ``top5`` looks for the truth."""
MAX_MISTAKES = 100
"""Mistakes a results names."""


class SingleLabelMetric:
    """Evaluates class scores against one true class id per image.

    Args:
        categories: The class map, K names.
    """

    def __init__(self, categories: Categories) -> None:
        self.categories = categories
        self._truths: list[int] = []
        self._scores: list[FloatArray] = []

    def update(self, truth: int, prediction: ClassScores) -> None:
        """Take in one image.

        Args:
            truth: Its class id, 0 to K-1.
            prediction: Scores of the same K classes.

        Raises:
            ShapeError: The id or the number of scores does not fit the class map.
        """
        num_classes = len(self.categories)
        if not 0 <= truth < num_classes:
            raise ShapeError(f"The metric got class id {truth} for {num_classes} classes; pass 0 to {num_classes - 1}.")
        if len(prediction) != num_classes:
            raise ShapeError(
                f"The metric got {len(prediction)} scores for {num_classes} classes; pass one for each class."
            )
        self._truths.append(int(truth))
        self._scores.append(prediction.scores)

    def compute(self, *, num_resamples: int = 1000, seed: int = 0) -> Results:
        """Evaluate all images taken in, as ``Metric`` says."""
        if not self._truths:
            raise DataError("There is no image to evaluate.", "Check that the data set and the split hold images.")
        verdict = _Verdict(np.stack(self._scores), np.array(self._truths, np.int64))
        metrics = bootstrap(verdict.score, len(self._truths), num_resamples=num_resamples, seed=seed)
        return verdict.results(metrics, self.categories)


class _Verdict:
    """All that can be known before a weight is: sorted rankings, groups, what each image adds to a mean.

    Args:
        scores: (N, K) floats in [0, 1].
        truth: (N,) class ids.
    """

    def __init__(self, scores: FloatArray, truth: NDArray[np.int64]) -> None:
        num_images, num_classes = scores.shape
        rows = np.arange(num_images)
        eps = float(np.finfo(scores.dtype).eps)
        scores = scores.astype(np.float64)
        self.scores, self.truth = scores, truth
        self.said = scores.argmax(1)
        self.correct = self.said == truth
        self.confidence = scores[rows, self.said]
        self.one_hot = truth[:, None] == np.arange(num_classes)
        mine = scores[rows, truth]
        better = (scores > mine[:, None]).sum(1)
        earlier = ((scores == mine[:, None]) & (np.arange(num_classes) < truth[:, None])).sum(1)
        self._means = np.stack(
            [
                self.correct,
                better + earlier < TOP,
                -np.log(np.clip(mine, eps, 1 - eps)),
                ((scores - self.one_hot) ** 2).sum(1) * (0.5 if num_classes == 2 else 1.0),
            ]
        )
        self._gaps = bin_gaps(self.confidence, self.correct.astype(np.float64), rows, num_images)
        self._true_groups, self._said_groups = Groups(truth, num_classes), Groups(self.said, num_classes)
        self._rankings = Rankings(scores, self.one_hot)

    def counts(self, weights: Weights) -> Counts:
        """(K, R) weighted counts."""
        hits = self._true_groups.sum(weights * self.correct[:, None].astype(np.float32))
        return Counts(hits, self._said_groups.sum(weights), self._true_groups.sum(weights))

    def score(self, weights: Weights) -> Scores:
        """Every headline metric of (N, R) weighted images, each (R,)."""
        wide = weights.astype(np.float64)
        total = wide.sum(0)
        accuracy, top5, log_loss, brier = self._means @ wide / total
        return {
            "accuracy": accuracy,
            "top5": top5,
            **self.counts(weights).averages(),
            **self._rankings.averages(weights),
            "log_loss": log_loss,
            "brier": brier,
            "ece": np.abs(self._gaps.T @ wide).sum(0) / total,
        }

    def results(self, metrics: dict[str, Interval], categories: Categories) -> Results:
        """The verdict with its tables, panels and mistakes."""
        confusion = np.zeros((len(categories), len(categories)), np.int64)
        np.add.at(confusion, (self.truth, self.said), 1)
        panels: tuple[Panel, ...] = (
            Matrix("Confusion matrix", confusion.astype(np.float64), categories.names),
            confused_pairs(confusion, categories),
            reliability_panel(self.confidence, self.correct.astype(np.float64), metrics["ece"], of="images"),
            *ranking_panels(self.scores, self.one_hot, categories),
        )
        return Results(len(self.truth), metrics, self._per_class(categories), panels, self._worst(categories))

    def _per_class(self, categories: Categories) -> dict[str, dict[str, float]]:
        ones = np.ones((len(self.truth), 1), np.float32)
        return per_class(self.counts(ones), self._rankings.score(ones), categories)

    def _worst(self, categories: Categories) -> list[Mistake]:
        """Wrong answers, the surest first; among equals the one that gave the truth least."""
        wrong = np.flatnonzero(~self.correct)
        mine = self.scores[wrong, self.truth[wrong]]
        worst = wrong[np.lexsort((mine, -self.confidence[wrong]))[:MAX_MISTAKES]]
        names = categories.names
        return [
            Mistake(
                int(i),
                float(self.confidence[i]),
                f"truth {names[self.truth[i]]}, said {names[self.said[i]]} {self.confidence[i]:.2f}",
            )
            for i in worst
        ]


def per_class(
    counts: Counts, rankings: tuple[FloatArray, FloatArray], categories: Categories
) -> dict[str, dict[str, float]]:
    """The table of classes.

    Args:
        counts: (K, 1) counts.
        rankings: Area under the ROC curve and average precision, (K, 1) each.
        categories: The class map, K names.

    Returns:
        By class: precision, recall, f1, support, average_precision, roc_auc. A class without a true image has NaN for
        the last two; its recall is 0, as in scikit-learn.
    """
    auc, ap = rankings
    columns = {
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "support": counts.true,
        "average_precision": ap,
        "roc_auc": auc,
    }
    return {
        name: {column: float(values[k, 0]) for column, values in columns.items()} for k, name in enumerate(categories)
    }
