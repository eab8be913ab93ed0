"""The metric of multi-label classifiers.

Conventions: a label is predicted when its score reaches the prediction's threshold; ``accuracy`` is subset accuracy
(all labels of an image right); ``hamming_loss``, ``log_loss``, ``brier`` and ``ece`` are means over all N K binary
decisions (scikit-learn on the flattened arrays); ``brier`` is the mean of (score - truth)^2, in [0, 1]; ``ece``
compares each score with how often the label is true. The averages of precision, recall and F1 are as in ``counts``,
over labels that are true somewhere; the weighted recall is left out, for it is the micro recall;
``average_precision`` (mAP) and ``roc_auc`` are means over the labels for which they are defined.

Shapes: N images, K classes, R resamples.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ShapeError
from foveal.metrics.classification.panels import label_errors
from foveal.metrics.classification.scores import (
    MACRO,
    MAX_UNCERTAIN,
    MICRO,
    ScoresMetric,
    ScoresVerdict,
    loss_scales,
)
from foveal.metrics.contract import MAX_MISTAKES, Mistake, Panel, Scale, Scores, Weights, require_images
from foveal.metrics.counts import Counts
from foveal.types.arrays import Array, FloatArray
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores

SCALES = {
    "accuracy": Scale(whole=True, proportion=True),
    **dict.fromkeys(
        ("roc_auc", "average_precision", *MACRO, "precision_weighted", "f1_weighted", *MICRO), Scale(whole=True)
    ),
    "hamming_loss": Scale("less"),
    **loss_scales(2, brier=1.0),
}


class MultiLabelMetric(ScoresMetric[Array]):
    """Evaluates class scores against a 0/1 array of true labels per image."""

    def check(self, truth: Array, prediction: ClassScores) -> Array:
        """(K,) bool, where a label is true.

        Raises:
            ShapeError: Truth or scores do not fit the class map, or the truth has values other than 0 and 1.
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
        return truth.astype(bool)

    def verdict(self) -> "MultiLabelVerdict":
        """See ``Metric``."""
        require_images(len(self._truths))
        scores = np.stack([prediction.scores for prediction in self._predictions])
        thresholds = np.array([prediction.threshold for prediction in self._predictions])
        return MultiLabelVerdict(scores, np.stack(self._truths), scores >= thresholds[:, None], self.categories)


class MultiLabelVerdict(ScoresVerdict):
    """The evaluation of N images with any number of labels each.

    Args:
        scores: (N, K) floats in [0, 1].
        truth: (N, K) labels that are true.
        predicted: (N, K) labels that were predicted.
        categories: The class map, K names.
    """

    def __init__(
        self, scores: FloatArray, truth: NDArray[np.bool_], predicted: NDArray[np.bool_], categories: Categories
    ) -> None:
        eps = float(np.finfo(scores.dtype).eps)
        scores = scores.astype(np.float64)
        self.truth, self.predicted = truth, predicted
        outcomes = truth.ravel().astype(np.float64)
        super().__init__(scores, truth, categories, confidence=scores.ravel(), correct=outcomes, decisions="decisions")
        of_truth = np.clip(np.where(truth, scores, 1 - scores), eps, 1 - eps)
        self._means = np.stack(
            [
                (predicted == truth).all(1),
                (predicted != truth).mean(1),
                -np.log(of_truth).mean(1),
                ((scores - truth) ** 2).mean(1),
            ]
        )
        self.scales = SCALES
        self._masks = [mask.T.astype(np.float64) for mask in (predicted & truth, predicted, truth)]

    def counts(self, weights: Weights) -> Counts:
        """(K, R) weighted counts."""
        wide = weights.astype(np.float64)
        return Counts(*(mask @ wide for mask in self._masks))

    def score(self, weights: Weights) -> Scores:
        """See ``Verdict``."""
        wide = weights.astype(np.float64)
        accuracy, hamming_loss, log_loss, brier = self._means @ wide / wide.sum(0)
        counts = self.counts(weights)
        weighted = counts.weighted()
        del weighted["recall_weighted"]
        return {
            "accuracy": accuracy,
            **self.rankings(weights),
            **counts.macro(),
            **weighted,
            **counts.micro(),
            "hamming_loss": hamming_loss,
            "log_loss": log_loss,
            "brier": brier,
            "ece": self.ece(wide),
        }

    def shares(self) -> dict[str, FloatArray]:
        """See ``Verdict``."""
        return {"accuracy": self._means[0]}

    def by_image(self) -> FloatArray:
        """(N,) the share of labels that are right."""
        right: FloatArray = 1 - self._means[1]
        return right

    def confusions(self) -> Sequence[Panel]:
        """The labels with most errors."""
        return [label_errors(self.predicted, self.truth, self.categories)]

    def worst(self) -> list[Mistake]:
        """Images with a wrong label, the most confident error first."""
        wrong = self.predicted != self.truth
        badness = np.where(wrong, np.abs(self.scores - self.truth), -1.0)
        images = np.flatnonzero(wrong.any(1))
        worst = images[np.argsort(-badness[images].max(1), kind="stable")[:MAX_MISTAKES]]
        return [Mistake(int(i), float(badness[i].max()), self._caption(int(i))) for i in worst]

    def uncertain(self) -> list[Mistake]:
        """Images without a wrong label, the one whose worst label is furthest from certain first."""
        doubt = np.abs(self.scores - self.truth).max(1)
        images = np.flatnonzero((self.predicted == self.truth).all(1))
        least = images[np.argsort(-doubt[images], kind="stable")[:MAX_UNCERTAIN]]
        return [Mistake(int(i), float(doubt[i]), self._caption(int(i))) for i in least]

    def _caption(self, i: int) -> str:
        names, truth, predicted = self.categories.names, self.truth[i], self.predicted[i]
        parts = ["truth " + (", ".join(names[k] for k in np.flatnonzero(truth)) or "none")]
        for word, mask in (("missed", truth & ~predicted), ("predicted", predicted & ~truth)):
            if mask.any():
                parts.append(
                    f"{word} " + ", ".join(f"{names[k]} {self.scores[i, k]:.2f}" for k in np.flatnonzero(mask))
                )
        return "; ".join(parts)
