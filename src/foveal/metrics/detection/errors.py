"""Error analysis: kinds of missed and false detections, and the cost of each (Bolya et al. 2020, "TIDE").

Shapes: D detections, G ground-truth objects, P pairs, K classes.
"""

from enum import IntEnum

import numpy as np

from foveal.metrics.contract import Table
from foveal.metrics.detection.average_precision import Curve
from foveal.metrics.detection.matching import MATCH_IOU, NOTHING, Outcome
from foveal.metrics.detection.objects import GroundTruth, Ids, Mask, Pairs, Predicted
from foveal.types.arrays import FloatArray

BACKGROUND_IOU = 0.1
"""IoU below which a detection lies on background."""


class Kind(IntEnum):
    """Kinds of errors, in TIDE's order of precedence."""

    NONE = 0
    LOCALISATION = 1
    CLASSIFICATION = 2
    DUPLICATE = 3
    BACKGROUND = 4
    BOTH = 5


WORDS = {
    Kind.CLASSIFICATION: ("classification", "right location, wrong class"),
    Kind.LOCALISATION: ("localisation", "right class, IoU of 0.1 to 0.5"),
    Kind.BOTH: ("both", "wrong class, IoU of 0.1 to 0.5"),
    Kind.DUPLICATE: ("duplicate", "detected already with a higher score"),
    Kind.BACKGROUND: ("background", "no object at this location"),
}


class Errors:
    """The errors among detections, by kind.

    Args:
        predicted: Detections.
        truth: Ground-truth objects.
        pairs: All pairs that overlap by 0.1 or more.
        result: Matches at IoU 0.5.
        num_classes: K.
    """

    def __init__(
        self, predicted: Predicted, truth: GroundTruth, pairs: Pairs, result: Outcome, num_classes: int
    ) -> None:
        self.predicted, self.truth, self.result, self.num_classes = predicted, truth, result, num_classes
        pairs = pairs[result.false[pairs.predicted] & ~truth.ignored[pairs.truth]]
        same = predicted.label[pairs.predicted] == truth.label[pairs.truth]
        own, own_iou = _nearest(pairs[same], len(predicted))
        other, other_iou = _nearest(pairs[~same], len(predicted))
        self.kind = np.full(len(predicted), Kind.NONE, np.int8)
        """(D,) ``Kind``."""
        self.kind[result.false] = np.select(
            [
                (own_iou >= BACKGROUND_IOU) & (own_iou < MATCH_IOU),
                other_iou >= MATCH_IOU,
                own_iou >= MATCH_IOU,
                np.maximum(own_iou, other_iou) < BACKGROUND_IOU,
            ],
            [Kind.LOCALISATION, Kind.CLASSIFICATION, Kind.DUPLICATE, Kind.BACKGROUND],
            Kind.BOTH,
        )[result.false]
        self._by_score = np.argsort(-predicted.score, kind="stable")
        self.target = np.where(self.kind == Kind.LOCALISATION, own, other)
        """(D,) the ground-truth object meant by a detection of wrong location or class."""

    def missed(self, among: Mask) -> Mask:
        """(G,) ground-truth objects that none of the (D,) ``among`` matches or is meant for."""
        missed = self.result.missed(self.truth, among)
        meant = among & ((self.kind == Kind.LOCALISATION) | (self.kind == Kind.CLASSIFICATION))
        missed[self.target[meant]] = False
        return missed

    def table(self) -> Table:
        """Kinds of errors: number among the detections shown, and AP50 if all errors of that kind were corrected."""
        now = self._ap50(self.predicted.label, self.result.hit, self.result.counted)
        rows: list[tuple[str, str, int, float, str]] = []
        for kind, words in WORDS.items():
            count = int(((self.kind == kind) & self.predicted.shown).sum())
            rows.append((*words, count, *_change(self._without(kind), now)))
        missed = self.missed(np.ones(len(self.predicted), bool))
        fixed = self._ap50(self.predicted.label, self.result.hit, self.result.counted, spared=missed)
        count = int(self.missed(self.predicted.shown).sum())
        rows.append(("missed", "not detected at all", count, *_change(fixed, now)))
        return Table(
            f"Errors behind the AP50 of {now:.3f}", ("error", "meaning", "objects", "AP50 if fixed", "gain"), rows
        )

    def _without(self, kind: Kind) -> float:
        """AP50 with one kind corrected: moved or relabelled to the object meant, one per object; dropped otherwise."""
        label, hit = self.predicted.label.copy(), self.result.hit.copy()
        counted = self.result.counted & (self.kind != kind)
        if kind in (Kind.LOCALISATION, Kind.CLASSIFICATION):
            free = self.result.missed(self.truth, np.ones(len(self.predicted), bool))
            rows = np.flatnonzero(self.kind == kind)
            rows = rows[free[self.target[rows]]]
            rows = rows[np.argsort(-self.predicted.score[rows], kind="stable")]
            rows = rows[np.unique(self.target[rows], return_index=True)[1]]
            label[rows] = self.truth.label[self.target[rows]]
            hit[rows] = counted[rows] = True
        return self._ap50(label, hit, counted)

    def _ap50(self, label: Ids, hit: Mask, counted: Mask, spared: Mask | None = None) -> float:
        """Mean over classes with an object that counts, ``spared`` (G,) not among them; NaN without any."""
        evaluated = ~self.truth.ignored if spared is None else ~self.truth.ignored & ~spared
        positives = np.bincount(self.truth.label[evaluated], minlength=self.num_classes)
        order = self._by_score[counted[self._by_score]]
        order = order[np.argsort(label[order].astype(np.min_scalar_type(self.num_classes)), kind="stable")]
        cuts = np.searchsorted(label[order], np.arange(self.num_classes + 1))
        averages = []
        for k in np.flatnonzero(positives):
            at = np.flatnonzero(hit[order[cuts[k] : cuts[k + 1]]])
            curve = Curve.of(np.ones((len(at), 1)), at[:, None] + 1.0, positives[k : k + 1].astype(np.float64))
            averages.append(float(curve.average()[0]))
        return float(np.mean(averages)) if averages else float("nan")


def _nearest(pairs: Pairs, num_predicted: int) -> tuple[Ids, FloatArray]:
    """(D,) the ground-truth object that each overlaps most, or ``NOTHING``, and (D,) how much."""
    order = np.argsort(pairs.iou, kind="stable")
    nearest, iou = np.full(num_predicted, NOTHING, np.int64), np.zeros(num_predicted)
    nearest[pairs.predicted[order]] = pairs.truth[order]
    iou[pairs.predicted[order]] = pairs.iou[order]
    return nearest, iou


def _change(fixed: float, now: float) -> tuple[float, str]:
    return round(fixed, 3), f"{fixed - now:+.3f}"
