"""F1 against the score threshold, and the best threshold.

Shapes: D detections, S distinct scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foveal.metrics.counts import ratio
from foveal.metrics.detection.matching import Outcome, outcome
from foveal.metrics.detection.objects import GroundTruth, Predicted, flatten, overlapping
from foveal.types.arrays import FloatArray
from foveal.types.predictions.detections import BoxTruth, Detections

UNKNOWN = 0.5
"""The threshold where the data does not determine one."""


@dataclass(frozen=True)
class ByScore:
    """Counts at each threshold, over all classes or of one.

    Attributes:
        scores: (S,) falling.
        hits: (S,) correct detections with at least that score.
        detected: (S,) detections with at least that score, correct or not.
        positives: Ground-truth objects that count.
    """

    scores: FloatArray
    hits: FloatArray
    detected: FloatArray
    positives: int

    @classmethod
    def of(cls, predicted: Predicted, truth: GroundTruth, result: Outcome, *, label: int | None = None) -> "ByScore":
        """Sort the detections that count, of one class or of all, by score; equal scores share an entry."""
        own = np.ones(len(predicted), bool) if label is None else predicted.label == label
        positive = ~truth.ignored if label is None else ~truth.ignored & (truth.label == label)
        counted = np.flatnonzero(result.counted & own)
        order = counted[np.argsort(-predicted.score[counted], kind="stable")]
        ranked = predicted.score[order]
        last = np.flatnonzero(np.diff(ranked, append=-1.0))
        hits = np.cumsum(result.hit[order], dtype=np.float64)[last]
        return cls(ranked[last], hits, last + 1.0, int(positive.sum()))

    def at(self, thresholds: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Precision, recall and F1 at each threshold; NaN where undefined."""
        reached = np.searchsorted(-self.scores, -thresholds, side="right")
        hits, detected = np.append(0.0, self.hits)[reached], np.append(0.0, self.detected)[reached]
        positives = np.full(len(thresholds), float(self.positives))
        return (
            ratio(hits, detected, empty=np.nan),
            ratio(hits, positives, empty=np.nan),
            ratio(2 * hits, detected + positives, empty=np.nan),
        )

    def best(self) -> float:
        """The threshold with the best F1, half-way between two scores.

        Of ties the one nearest to 0.5; also 0.5 if no detection is correct.
        """
        if not self.positives or not len(self.hits) or not self.hits[-1]:
            return UNKNOWN
        f1 = 2 * self.hits / (self.detected + self.positives)
        below = np.append(self.scores[1:], 0.0)
        cuts = np.where((below < UNKNOWN) & (self.scores >= UNKNOWN), UNKNOWN, (self.scores + below) / 2)
        best = np.flatnonzero(f1 >= f1.max() - 1e-12)
        return float(cuts[best[np.argmin(np.abs(cuts[best] - UNKNOWN))]])


def best_f1_threshold(truths: Sequence[BoxTruth], predictions: Sequence[Detections]) -> float:
    """The score threshold with the best F1 at IoU 0.5 over all classes (micro F1).

    Args:
        truths: Ground truth of N validation images.
        predictions: Detections in the same images; low scores included.

    Returns:
        A number in [0, 1], half-way between two scores; 0.5 if there is no object or no correct detection.
    """
    if not truths:
        return UNKNOWN
    predicted, truth, overlap = flatten(truths, predictions)
    pairs = overlapping(predicted, truth, overlap, least=0.5, num_images=len(truths))
    return ByScore.of(predicted, truth, outcome(predicted, truth, pairs)).best()
