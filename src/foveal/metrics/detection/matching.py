"""Matching detections to ground-truth objects: COCO's rule and Pascal VOC's.

Shapes: D detections, G ground-truth objects, P pairs, U detections that have a pair, C conditions (thresholds of
overlap times ranges of size).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.detection.objects import GroundTruth, Ids, Mask, Pairs, Predicted
from foveal.types.arrays import FloatArray

NOTHING = -1
"""Index of no object."""
MATCH_IOU = 0.5
"""IoU from which a detection counts as right."""
LIMIT = 100
"""Maximum number of detections evaluated per image and class, the best ones (COCO)."""


@dataclass(frozen=True)
class Matches:
    """What each detection was matched to; those not listed are unmatched.

    Attributes:
        predicted: (U,) indices, rising.
        truth: (U, C) index of the object, or ``NOTHING``.
    """

    predicted: Ids
    truth: NDArray[np.int32]


def match(
    predicted: Predicted, truth: GroundTruth, pairs: Pairs, *, least: FloatArray, ignored: Mask, groups: Ids
) -> Matches:
    """COCO's greedy rule, all images and conditions at once.

    By falling score, a detection takes the free ground-truth object with the highest IoU; of ties the later one. An
    object that counts is preferred to an ignored one, whatever the IoU. A crowd can be matched any number of times.

    Args:
        predicted: Detections.
        truth: Ground-truth objects.
        pairs: Which may be matched.
        least: (C,) IoU from which a pair counts.
        ignored: (G, C) ground-truth objects that do not count.
        groups: (D,) detections that compete, such as those of one image and class, have one id.
    """
    names, of = np.unique(pairs.predicted, return_inverse=True)
    turn = _turns(groups[names], predicted.score[names])
    # The best pair of an object comes last, so that a pair's position in this order serves as its rank.
    order = np.lexsort((pairs.truth, pairs.iou, of, turn[of]))
    of, other, iou = of[order], pairs.truth[order], pairs.iou[order]
    free = np.ones((len(truth), len(least)), bool)
    out = np.full((len(names), len(least)), NOTHING, np.int32)
    # Detections of one turn do not compete with each other.
    cuts = np.searchsorted(turn[of], np.arange(int(turn.max(initial=-1)) + 2))
    for start, stop in pairwise(cuts.tolist()):
        now, size = other[start:stop], stop - start
        rank = np.arange(1, size + 1, dtype=np.int32)[:, None] + np.int32(size) * ~ignored[now]
        rank[(iou[start:stop, None] < least) | ~free[now]] = 0
        firsts = np.flatnonzero(np.diff(of[start:stop], prepend=-1))
        best = np.maximum.reduceat(rank, firsts, axis=0)
        chosen = now[best - 1 - size * (best > size)]
        hit = best > 0
        out[of[start:stop][firsts]] = np.where(hit, chosen, NOTHING)
        rows, conditions = np.nonzero(hit & ~truth.crowd[chosen])
        free[chosen[rows, conditions], conditions] = False
    return Matches(names, out)


@dataclass(frozen=True)
class Outcome:
    """The outcome of each detection, under one condition.

    Attributes:
        matched: (D,) index of the ground-truth object, or ``NOTHING``.
        hit: (D,) matched to an object that counts.
        counted: (D,) a true or false positive; false if matched to an ignored object, or beyond the hundred best of its
            image and class.
    """

    matched: Ids
    hit: Mask
    counted: Mask

    @property
    def false(self) -> Mask:
        """(D,) false positives."""
        return self.counted & ~self.hit

    def missed(self, truth: GroundTruth, among: Mask) -> Mask:
        """(G,) ground-truth objects that count and that none of the (D,) ``among`` matches."""
        missed = ~truth.ignored
        missed[self.matched[self.hit & among]] = False
        return missed


def outcome(predicted: Predicted, truth: GroundTruth, pairs: Pairs, *, least: float = 0.5) -> Outcome:
    """COCO's rule at one overlap, for objects of all sizes.

    Args:
        predicted: Detections.
        truth: Ground-truth objects.
        pairs: Pairs that overlap by ``least`` or more, of whatever classes.
        least: IoU from which a detection matches.
    """
    counted = predicted.rank() < LIMIT
    same = pairs[
        (predicted.label[pairs.predicted] == truth.label[pairs.truth]) & counted[pairs.predicted] & (pairs.iou >= least)
    ]
    matches = match(
        predicted, truth, same, least=np.array([least]), ignored=truth.ignored[:, None], groups=predicted.groups()
    )
    matched = np.full(len(predicted), NOTHING, np.int64)
    matched[matches.predicted] = matches.truth[:, 0]
    ignored = np.append(truth.ignored, False)[matched]
    return Outcome(matched, (matched != NOTHING) & ~ignored, counted & ~ignored)


def match_voc(predicted: Predicted, truth: GroundTruth, pairs: Pairs) -> Matches:
    """Pascal VOC's rule (Everingham et al. 2010, section 4.2): the object overlapped most, or nothing.

    A second detection of an object is a false positive even if it overlaps another object. Ignored objects can be
    matched any number of times.

    Args:
        predicted: Detections.
        truth: Ground-truth objects.
        pairs: Which may be matched: one class, and the overlap that counts.

    Returns:
        One condition (C = 1).
    """
    best = np.lexsort((-pairs.truth, pairs.iou, pairs.predicted))
    best = best[np.flatnonzero(np.diff(pairs.predicted[best], append=-1))]
    by_score = best[np.lexsort((pairs.predicted[best], -predicted.score[pairs.predicted[best]]))]
    target = pairs.truth[by_score]
    first = np.zeros(len(target), bool)
    first[np.unique(target, return_index=True)[1]] = True
    chosen = np.where(first | truth.ignored[target], target, NOTHING)
    names = pairs.predicted[by_score]
    order = np.argsort(names)
    return Matches(names[order], chosen[order, None].astype(np.int32))


def _turns(groups: Ids, scores: FloatArray) -> Ids:
    """(U,) how many of the same group have a higher score, or an equal one and come earlier."""
    order = np.lexsort((-scores, groups))
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    turns = np.empty(len(order), np.int64)
    turns[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return turns
