"""Average precision from weighted images: matched once, accumulated for every resample.

Precision rises only at hits, so curves are computed at the hits alone; the number of detections ranked before each hit
is a difference of cumulative sums that many curves share.

Shapes: D detections, n of them of one class; H hits of one curve, R resamples, K classes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.counts import ratio
from foveal.metrics.detection.objects import Ids
from foveal.types.arrays import FloatArray

RECALLS = np.linspace(0.0, 1.0, 101)
"""Recalls at which COCO samples precision (the same floats as in pycocotools; equal recalls count)."""
VOC_RECALLS = np.arange(0.0, 1.1, 0.1)
"""Recalls at which VOC 2007 samples precision."""


class Marks:
    """Some of the D detections, sorted by class and falling score.

    Args:
        places: (X,) rising indices in that order.
        starts: (K + 1,) where each class begins.
    """

    def __init__(self, places: Ids, starts: Ids) -> None:
        self.places = places
        self._starts = starts
        self.cuts = np.searchsorted(places, starts)

    def of(self, label: int) -> Ids:
        """Indices within one class."""
        mine: Ids = self.places[self.cuts[label] : self.cuts[label + 1]] - self._starts[label]
        return mine


@dataclass(frozen=True)
class Curve:
    """Precision over recall of one class, at its hits.

    Attributes:
        recall: (H, R).
        precision: (H, R) the best precision at this recall or a higher one.
    """

    recall: FloatArray
    precision: FloatArray

    @classmethod
    def of(cls, hits: FloatArray, detected: FloatArray, positives: FloatArray) -> "Curve":
        """From weights.

        Args:
            hits: (H, R) weight of each hit.
            detected: (H, R) weight of all detections that count, down to each hit.
            positives: (R,) weight of all ground-truth objects that count; recall is NaN where it is 0.
        """
        reached = np.cumsum(hits, axis=0, dtype=np.float64)
        precision = ratio(reached, detected.astype(np.float64))
        best = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
        return cls(ratio(reached, positives, empty=np.nan), best)

    def average(self, recalls: FloatArray = RECALLS) -> FloatArray:
        """(R,) mean precision at the given recalls, 0 beyond the last one reached."""
        mean: FloatArray = (self.precision * self._held(recalls)).sum(0) / len(recalls)
        return mean

    def at(self, recalls: FloatArray = RECALLS) -> FloatArray:
        """Precision of the first resample at each of the given recalls."""
        out = np.zeros(len(recalls))
        values = np.repeat(self.precision[:, 0], self._held(recalls)[:, 0])
        out[: len(values)] = values
        return out

    def area(self) -> FloatArray:
        """(R,) the area under the curve (VOC 2010)."""
        steps = np.diff(self.recall, axis=0, prepend=np.zeros((1, self.recall.shape[1])))
        below: FloatArray = (self.precision * steps).sum(0)
        return below

    def _held(self, recalls: FloatArray) -> NDArray[np.int64]:
        """(H, R) number of the given recalls that each hit is the first to reach."""
        reached = np.searchsorted(recalls, self.recall, side="right")
        reached[1:] -= reached[:-1].copy()
        return reached


@dataclass(frozen=True)
class Condition:
    """Which detections are hits and which count, under one threshold of overlap and one range of size.

    Attributes:
        hits: Those matched to an object that counts.
        base: Those that count if unmatched; shared between thresholds.
        extra: Those to add to or remove from the base, since they are matched.
        signs: (X,) 1 or -1 for each of these.
    """

    hits: Marks
    base: Marks
    extra: Marks
    signs: NDArray[np.int8]

    def curve(self, label: int, weights: FloatArray, base_sums: FloatArray, positives: FloatArray) -> Curve:
        """The curve of one class.

        Args:
            label: The class.
            weights: (n, R) of its detections, by falling score.
            base_sums: ``running_sums`` of the base.
            positives: (R,) weight of the ground-truth objects that count.
        """
        at = self.hits.of(label)
        detected = base_sums[np.searchsorted(self.base.of(label), at, side="right")]
        extra = self.extra.of(label)
        if len(extra):
            signs = self.signs[self.extra.cuts[label] : self.extra.cuts[label + 1], None]
            detected = detected + running_sums(weights[extra] * signs)[np.searchsorted(extra, at, side="right")]
        return Curve.of(weights[at], detected, positives)


def running_sums(weights: FloatArray) -> FloatArray:
    """(X + 1, R) sums of the first 0, 1, ... X rows; integers below 2^24, so float32 stays exact."""
    out = np.zeros((len(weights) + 1, weights.shape[1]), weights.dtype)
    np.cumsum(weights, axis=0, out=out[1:])
    return out
