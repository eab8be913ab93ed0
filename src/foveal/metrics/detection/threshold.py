"""F1 against the score from which an object is shown, and where it is best.

Shapes: D objects found, S distinct scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foveal.metrics.counts import ratio
from foveal.metrics.detection.matching import Outcome, outcome
from foveal.metrics.detection.objects import Found, There, flatten, overlapping
from foveal.types.arrays import FloatArray
from foveal.types.detections import BoxTruth, Detections

UNKNOWN = 0.5
"""The threshold where nothing can be said of it."""


@dataclass(frozen=True)
class ByScore:
    """What is found from each score on, over all classes.

    Attributes:
        scores: (S,) falling.
        hits: (S,) objects rightly found with at least that score.
        said: (S,) objects found with at least that score, hits and mistakes.
        positives: Objects there that count.
    """

    scores: FloatArray
    hits: FloatArray
    said: FloatArray
    positives: int

    @classmethod
    def of(cls, found: Found, there: There, result: Outcome) -> "ByScore":
        """Sort what counts by score; equal scores go together."""
        counted = np.flatnonzero(result.counted)
        order = counted[np.argsort(-found.score[counted], kind="stable")]
        ranked = found.score[order]
        last = np.flatnonzero(np.diff(ranked, append=-1.0))
        hits = np.cumsum(result.hit[order], dtype=np.float64)[last]
        return cls(ranked[last], hits, last + 1.0, int((~there.ignored).sum()))

    def at(self, thresholds: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Precision, recall and F1 of objects shown from each threshold on; NaN where undefined."""
        reached = np.searchsorted(-self.scores, -thresholds, side="right")
        hits, said = np.append(0.0, self.hits)[reached], np.append(0.0, self.said)[reached]
        positives = np.full(len(thresholds), float(self.positives))
        return (
            ratio(hits, said, empty=np.nan),
            ratio(hits, positives, empty=np.nan),
            ratio(2 * hits, said + positives, empty=np.nan),
        )

    def best(self) -> float:
        """The threshold with the best F1, half-way between two scores.

        Among equals the one nearest to 0.5; 0.5 too if nothing is rightly found.
        """
        if not self.positives or not len(self.hits) or not self.hits[-1]:
            return UNKNOWN
        f1 = 2 * self.hits / (self.said + self.positives)
        below = np.append(self.scores[1:], 0.0)
        cuts = np.where((below < UNKNOWN) & (self.scores >= UNKNOWN), UNKNOWN, (self.scores + below) / 2)
        best = np.flatnonzero(f1 >= f1.max() - 1e-12)
        return float(cuts[best[np.argmin(np.abs(cuts[best] - UNKNOWN))]])


def best_f1_threshold(truths: Sequence[BoxTruth], predictions: Sequence[Detections]) -> float:
    """The score from which to show objects: that with the best F1 at IoU 0.5 over all classes (micro F1).

    Args:
        truths: What is there in N validation images.
        predictions: What was found in the same images; low scores must not have been cut off.

    Returns:
        A number in [0, 1], half-way between two scores; 0.5 if nothing is there or nothing rightly found.
    """
    if not truths:
        return UNKNOWN
    found, there, overlap = flatten(truths, predictions)
    pairs = overlapping(found, there, overlap, least=0.5, num_images=len(truths))
    return ByScore.of(found, there, outcome(found, there, pairs)).best()
