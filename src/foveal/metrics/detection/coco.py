"""COCO's twelve numbers, and Pascal VOC's two, of weighted images.

The conventions are pycocotools': ten thresholds of overlap; the best hundred objects of each image and class; sizes by
the declared area of the ground-truth object, or by the area of the detection where it is unmatched; classes without an
object that counts are left out of a mean.

Shapes: N images, K classes, D detections, G ground-truth objects, R resamples, C = 40 conditions (four ranges of size
times ten thresholds).
"""

from collections.abc import Iterator

import numpy as np

from foveal.metrics.contract import Weights
from foveal.metrics.counts import Groups, ratio
from foveal.metrics.detection.average_precision import VOC_RECALLS, Condition, Curve, Marks, running_sums
from foveal.metrics.detection.matching import LIMIT, NOTHING, Matches, match, match_voc
from foveal.metrics.detection.objects import GroundTruth, Ids, Mask, Pairs, Predicted
from foveal.types.arrays import FloatArray

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""IoU thresholds for matching a detection to a ground-truth object (the same floats as in pycocotools)."""
FIRST = 0
"""The threshold 0.5."""
AREAS = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""Size ranges in square pixels, both ends included."""
LIMITS = (1, 10, LIMIT)
"""Maximum number of detections evaluated per image and class."""
NAMES = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large")
NAMES_AR = ("AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large")
VOC_NAMES = ("voc2007_AP50", "voc2010_AP50")
BLOCK_ROWS = 4_000_000
"""Weights of one class's detections held at once."""


class Coco:
    """All that does not depend on the weights.

    Args:
        predicted: Detections.
        truth: Ground-truth objects.
        pairs: Pairs that overlap by 0.5 or more, of whatever classes.
        num_classes: K.
    """

    def __init__(self, predicted: Predicted, truth: GroundTruth, pairs: Pairs, num_classes: int) -> None:
        self.predicted, self.truth, self.num_classes = predicted, truth, num_classes
        self._rank = predicted.rank()
        same = pairs[predicted.label[pairs.predicted] == truth.label[pairs.truth]]
        self.order = np.lexsort((-predicted.score, predicted.label))
        """(D,) detections by class and falling score; equal scores by image."""
        self._starts = np.searchsorted(predicted.label[self.order], np.arange(num_classes + 1))
        self._place = np.empty(len(predicted), np.int64)
        self._place[self.order] = np.arange(len(predicted))

        seen = self._rank < LIMIT
        low, high = np.array(list(AREAS.values())).T
        beyond = (truth.area[:, None] < low) | (truth.area[:, None] > high) | truth.ignored[:, None]
        inside = (predicted.area[:, None] >= low) & (predicted.area[:, None] <= high) & seen[:, None]
        num_t = len(THRESHOLDS)
        ignored = np.repeat(beyond, num_t, axis=1)
        least = np.tile(np.minimum(THRESHOLDS, 1 - 1e-10), len(AREAS))
        evaluated = same[seen[same.predicted]]
        matches = match(predicted, truth, evaluated, least=least, ignored=ignored, groups=predicted.groups())
        self._beyond = dict(zip(AREAS, beyond.T, strict=True))
        self._positives = [_Positives(truth, np.flatnonzero(~beyond[:, a]), num_classes) for a in range(len(AREAS))]
        bases = [self._marks(np.flatnonzero(inside[:, a])) for a in range(len(AREAS))]
        self._conditions = [
            [
                self._condition(matches, a * num_t + t, ignored[:, a * num_t + t], inside[:, a], bases[a])
                for t in range(num_t)
            ]
            for a in range(len(AREAS))
        ]
        every = np.ones(len(predicted), bool)
        voc = match_voc(predicted, truth, same)
        self._voc = self._condition(voc, 0, truth.ignored, every, self._marks(np.arange(len(predicted))))

    def per_class(self, weights: Weights) -> dict[str, FloatArray]:
        """All metrics by class, each (K, R); NaN where undefined.

        Args:
            weights: (N, R).
        """
        names = (*NAMES, *NAMES_AR, *VOC_NAMES)
        out = {name: np.full((self.num_classes, weights.shape[1]), np.nan) for name in names}
        largest = max(1, int(np.diff(self._starts).max(initial=1)))
        step = max(1, BLOCK_ROWS // largest)
        for start in range(0, weights.shape[1], step):
            columns = slice(start, start + step)
            part = np.ascontiguousarray(weights[:, columns])
            positives = [p.sum(part) for p in self._positives]
            for label in np.flatnonzero(positives[0].any(1)):
                for name, values in self._one_class(int(label), part, [p[label] for p in positives]):
                    out[name][label, columns] = values
        return out

    def counts(self, size: str) -> Mask:
        """(G,) whether a ground-truth object counts in a range of sizes, a name of ``AREAS``."""
        inside: Mask = ~self._beyond[size]
        return inside

    def curve(self, label: int) -> Curve:
        """Precision over recall of one class at IoU 0.5."""
        weights = np.ones((int(self._starts[label + 1] - self._starts[label]), 1))
        positives = np.full(1, float(((self.truth.label == label) & ~self.truth.ignored).sum()))
        condition = self._conditions[0][FIRST]
        return condition.curve(label, weights, running_sums(weights[condition.base.of(label)]), positives)

    def _one_class(self, label: int, weights: Weights, positives: list[FloatArray]) -> Iterator[tuple[str, FloatArray]]:
        mine = self.order[self._starts[label] : self._starts[label + 1]]
        rows = weights[self.predicted.image[mine]]
        for a, conditions in enumerate(self._conditions):
            sums = running_sums(rows[conditions[0].base.of(label)])
            curves = [c.curve(label, rows, sums, positives[a]) for c in conditions]
            undefined = np.where(positives[a] > 0, 0.0, np.nan)
            average = [curve.average() + undefined for curve in curves]
            mean = np.mean(average, axis=0)
            if a == 0:
                yield from (("AP", mean), ("AP50", average[FIRST]), ("AP75", average[5]))
                ranks = self._rank[mine]
                for limit, name in zip(LIMITS, NAMES_AR, strict=False):
                    hits = [rows[at[ranks[at] < limit]].sum(0) for at in (c.hits.of(label) for c in conditions)]
                    yield name, ratio(np.mean(hits, axis=0, dtype=np.float64), positives[0], empty=np.nan)
            else:
                hits = [rows[c.hits.of(label)].sum(0) for c in conditions]
                yield NAMES[2 + a], mean
                yield NAMES_AR[2 + a], ratio(np.mean(hits, axis=0, dtype=np.float64), positives[a], empty=np.nan)
        voc = self._voc.curve(label, rows, running_sums(rows), positives[0])
        undefined = np.where(positives[0] > 0, 0.0, np.nan)
        yield "voc2007_AP50", voc.average(VOC_RECALLS) + undefined
        yield "voc2010_AP50", voc.area() + undefined

    def _condition(self, matches: Matches, column: int, ignored: Mask, inside: Mask, base: Marks) -> Condition:
        other = matches.truth[:, column]
        names, other = matches.predicted[other != NOTHING], other[other != NOTHING]
        counts = ~ignored[other]
        changed = np.flatnonzero(counts != inside[names])
        changed = changed[np.argsort(self._place[names[changed]])]
        return Condition(
            self._marks(names[counts]),
            base,
            self._marks(names[changed]),
            np.where(counts[changed], 1, -1).astype(np.int8),
        )

    def _marks(self, objects: Ids) -> Marks:
        return Marks(np.sort(self._place[objects]), self._starts)


class _Positives:
    """Ground-truth objects that count, summed by class.

    Args:
        truth: Ground-truth objects.
        which: Those that count.
        num_classes: K.
    """

    def __init__(self, truth: GroundTruth, which: Ids, num_classes: int) -> None:
        self._image = truth.image[which]
        self._groups = Groups(truth.label[which], num_classes)

    def sum(self, weights: Weights) -> FloatArray:
        """(K, R) of (N, R) weights."""
        return self._groups.sum(weights[self._image])
