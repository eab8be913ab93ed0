"""What the metrics of single-label and multi-label classification share: class scores and their weighted evaluation.

Shapes: N images, K classes, D decisions (N, or N K for several labels), R resamples.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.bootstrap import bootstrap, results_of
from foveal.metrics.classification.curves import bin_gaps
from foveal.metrics.classification.panels import ranking_panels, reliability_panel
from foveal.metrics.classification.ranking import Rankings
from foveal.metrics.contract import Metric, Mistake, Panel, Results, Scale, Verdict, Weights
from foveal.metrics.counts import Counts
from foveal.metrics.intervals import effective_units
from foveal.types.arrays import FloatArray, IntArray
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores

MACRO = ("precision_macro", "recall_macro", "f1_macro")
MICRO = ("precision_micro", "recall_micro", "f1_micro")
MAX_UNCERTAIN = 24
"""Maximum number of uncertain images without a mistake."""
T = TypeVar("T")


def loss_scales(num_outcomes: int, *, brier: float) -> dict[str, Scale]:
    """The scales of losses.

    Args:
        num_outcomes: Of a decision; ignorance costs the log loss of a uniform guess among them.
        brier: The highest Brier score.
    """
    return {
        "log_loss": Scale("less", top=math.log(max(2, num_outcomes)), bounded=False),
        "brier": Scale("less", top=brier),
        "ece": Scale("less"),
    }


class ScoresMetric(Metric[T, ClassScores]):
    """Keeps one truth and one prediction per image.

    Args:
        categories: The class map, K names.
    """

    def __init__(self, categories: Categories) -> None:
        self.categories = categories
        self._truths: list[T] = []
        self._predictions: list[ClassScores] = []

    def update(self, truth: T, prediction: ClassScores) -> None:
        """Add one image; see ``check``."""
        self._truths.append(self.check(truth, prediction))
        self._predictions.append(prediction)

    @abstractmethod
    def check(self, truth: T, prediction: ClassScores) -> T:
        """The truth, once it and the prediction fit the class map.

        Raises:
            ShapeError: They do not.
        """


class ScoresVerdict(Verdict):
    """All that does not depend on the weights: sorted rankings, calibration, and what the subclass adds.

    Args:
        scores: (N, K) float64 in [0, 1].
        positive: (N, K) whether an image is of a class.
        categories: The class map, K names.
        confidence: (D,) of each decision.
        correct: (D,) 0 or 1, the outcome.
        decisions: Name of the decisions, such as ``images``.
    """

    def __init__(
        self,
        scores: FloatArray,
        positive: NDArray[np.bool_],
        categories: Categories,
        *,
        confidence: FloatArray,
        correct: FloatArray,
        decisions: str,
    ) -> None:
        self.num_images = len(scores)
        self.scores, self.positive, self.categories = scores, positive, categories
        self.confidence, self.correct, self.decisions = confidence, correct, decisions
        self._each = len(confidence) // len(scores)
        images = np.repeat(np.arange(len(scores)), self._each)
        self._gaps = bin_gaps(confidence, correct, images, len(scores))
        self._rankings = Rankings(scores, positive)

    @abstractmethod
    def counts(self, weights: Weights) -> Counts:
        """(K, R) weighted counts."""

    @abstractmethod
    def confusions(self) -> Sequence[Panel]:
        """Panels of confused classes."""

    @abstractmethod
    def worst(self) -> list[Mistake]:
        """The worst mistakes, worst first."""

    @abstractmethod
    def uncertain(self) -> list[Mistake]:
        """Images without a mistake, the least certain first."""

    def rankings(self, weights: Weights) -> dict[str, FloatArray]:
        """``roc_auc`` and ``average_precision``, each (R,)."""
        return self._rankings.averages(weights)

    def ece(self, wide: FloatArray) -> FloatArray:
        """(R,) expected calibration error of (N, R) float64 weights."""
        error: FloatArray = np.abs(self._gaps.T @ wide).sum(0) / (wide.sum(0) * self._each)
        return error

    def evidence(self, units: IntArray) -> Mapping[str, FloatArray]:
        """Means over classes rest on the images of each class, micro averages on the true labels."""
        images, labels = np.nonzero(self.positive)
        ones = np.ones(len(images))
        by_class, at_once = effective_units(units[images], ones, labels), effective_units(units[images], ones)
        return {
            **dict.fromkeys((*MACRO, "roc_auc", "average_precision"), by_class),
            **dict.fromkeys(MICRO, at_once),
        }

    def results(self, *, num_resamples: int = 1000, seed: int = 0, groups: IntArray | None = None) -> Results:
        """See ``Verdict``."""
        metrics = bootstrap(self, num_resamples=num_resamples, seed=seed, groups=groups)
        panels = (
            *self.confusions(),
            reliability_panel(self.confidence, self.correct, metrics["ece"], of=self.decisions),
            *ranking_panels(self.scores, self.positive, self.categories),
        )
        return results_of(
            self,
            metrics,
            self._per_class(),
            panels=panels,
            worst=self.worst(),
            uncertain=self.uncertain(),
            groups=groups,
        )

    def _per_class(self) -> dict[str, dict[str, float]]:
        """By class: precision, recall, f1, support, average_precision, roc_auc.

        A class without a true image has NaN for all but its support.
        """
        ones = np.ones((self.num_images, 1), np.float32)
        counts, (auc, ap) = self.counts(ones), self._rankings.score(ones)
        columns = {
            "precision": counts.precision,
            "recall": counts.recall,
            "f1": counts.f1,
            "support": counts.true,
            "average_precision": ap,
            "roc_auc": auc,
        }
        return {
            name: {column: float(values[k, 0]) for column, values in columns.items()}
            for k, name in enumerate(self.categories)
        }
