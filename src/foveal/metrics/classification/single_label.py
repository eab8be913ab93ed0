"""The metric of single-label classifiers.

Conventions: a tie between classes goes to the earlier class, as in ``ClassScores``; ``top5`` counts an image as correct
when the truth is among the five best, and is left out with five classes or fewer; so are the micro averages and the
weighted recall, which are the accuracy; ``log_loss`` clips scores by the
machine epsilon of their own type, as scikit-learn does; ``brier`` is Brier's original sum over all classes, in [0, 2],
and half of it for two classes, which is scikit-learn's ``scale_by_half="auto"``; ``roc_auc`` and
``average_precision`` are means over classes, one against the rest, for two classes too.

Shapes: N images, K classes, R resamples.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ShapeError
from foveal.metrics.classification.panels import confused_pairs
from foveal.metrics.classification.scores import (
    MACRO,
    MAX_UNCERTAIN,
    ScoresMetric,
    ScoresVerdict,
    loss_scales,
)
from foveal.metrics.contract import MAX_MISTAKES, Matrix, Mistake, Panel, Scale, Scores, Weights, require_images
from foveal.metrics.counts import Counts, Groups
from foveal.types.arrays import FloatArray
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores

TOP = 5
"""Number of best classes that ``top5`` accepts."""

SHARE, WHOLE = Scale(whole=True, proportion=True), Scale(whole=True)
SCALES = {
    "accuracy": SHARE,
    "top5": SHARE,
    **dict.fromkeys((*MACRO, "precision_weighted", "f1_weighted", "roc_auc", "average_precision"), WHOLE),
}


class SingleLabelMetric(ScoresMetric[int]):
    """Evaluates class scores against one true class id per image."""

    def check(self, truth: int, prediction: ClassScores) -> int:
        """The class id, 0 to K-1.

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
        return int(truth)

    def verdict(self) -> "SingleLabelVerdict":
        """See ``Metric``."""
        require_images(len(self._truths))
        scores = np.stack([prediction.scores for prediction in self._predictions])
        return SingleLabelVerdict(scores, np.array(self._truths, np.int64), self.categories)


class SingleLabelVerdict(ScoresVerdict):
    """The evaluation of N images with one class each.

    Args:
        scores: (N, K) floats in [0, 1].
        truth: (N,) class ids.
        categories: The class map, K names.
    """

    def __init__(self, scores: FloatArray, truth: NDArray[np.int64], categories: Categories) -> None:
        num_images, num_classes = scores.shape
        rows = np.arange(num_images)
        eps = float(np.finfo(scores.dtype).eps)
        scores = scores.astype(np.float64)
        one_hot = truth[:, None] == np.arange(num_classes)
        self.truth, self.predicted = truth, scores.argmax(1)
        super().__init__(
            scores,
            one_hot,
            categories,
            confidence=scores[rows, self.predicted],
            correct=(self.predicted == truth).astype(np.float64),
            decisions="images",
        )
        mine = scores[rows, truth]
        better = (scores > mine[:, None]).sum(1)
        earlier = ((scores == mine[:, None]) & (np.arange(num_classes) < truth[:, None])).sum(1)
        self._means = np.stack(
            [
                self.correct,
                better + earlier < TOP,
                -np.log(np.clip(mine, eps, 1 - eps)),
                ((scores - one_hot) ** 2).sum(1) * (0.5 if num_classes == 2 else 1.0),
            ]
        )
        self.scales = {**SCALES, **loss_scales(num_classes, brier=1.0 if num_classes == 2 else 2.0)}
        self._true_groups, self._predicted_groups = Groups(truth, num_classes), Groups(self.predicted, num_classes)

    def counts(self, weights: Weights) -> Counts:
        """(K, R) weighted counts."""
        hits = self._true_groups.sum(weights * self.correct[:, None].astype(np.float32))
        return Counts(hits, self._predicted_groups.sum(weights), self._true_groups.sum(weights))

    def score(self, weights: Weights) -> Scores:
        """See ``Verdict``."""
        wide = weights.astype(np.float64)
        accuracy, top5, log_loss, brier = self._means @ wide / wide.sum(0)
        counts = self.counts(weights)
        weighted = counts.weighted()
        del weighted["recall_weighted"]
        return {
            "accuracy": accuracy,
            **({"top5": top5} if len(self.categories) > TOP else {}),
            **counts.macro(),
            **weighted,
            **self.rankings(weights),
            "log_loss": log_loss,
            "brier": brier,
            "ece": self.ece(wide),
        }

    def shares(self) -> dict[str, FloatArray]:
        """See ``Verdict``."""
        return {"accuracy": self._means[0], **({"top5": self._means[1]} if len(self.categories) > TOP else {})}

    def by_image(self) -> FloatArray:
        """(N,) 1 where the prediction is right."""
        right: FloatArray = self._means[0]
        return right

    def confusions(self) -> Sequence[Panel]:
        """The confusion matrix and the pairs confused most often."""
        confusion = np.zeros((len(self.categories), len(self.categories)), np.int64)
        np.add.at(confusion, (self.truth, self.predicted), 1)
        return [
            Matrix("Confusion matrix", confusion.astype(np.float64), self.categories.names, of="images"),
            confused_pairs(confusion, self.categories),
        ]

    def worst(self) -> list[Mistake]:
        """Wrong predictions, the most confident first; of ties the one with the lowest score of the truth."""
        wrong = np.flatnonzero(self.predicted != self.truth)
        mine = self.scores[wrong, self.truth[wrong]]
        worst = wrong[np.lexsort((mine, -self.confidence[wrong]))[:MAX_MISTAKES]]
        return [self._mistake(int(i)) for i in worst]

    def uncertain(self) -> list[Mistake]:
        """Right predictions, the least confident first."""
        right = np.flatnonzero(self.predicted == self.truth)
        least = right[np.argsort(self.confidence[right], kind="stable")[:MAX_UNCERTAIN]]
        return [self._mistake(int(i)) for i in least]

    def _mistake(self, i: int) -> Mistake:
        names, confidence = self.categories.names, float(self.confidence[i])
        words = f"truth {names[self.truth[i]]}, predicted {names[self.predicted[i]]} {confidence:.2f}"
        return Mistake(i, confidence, words, confidence)
