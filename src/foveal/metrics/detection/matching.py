"""Which object found is which object there: COCO's rule and Pascal VOC's.

Shapes: D objects found, G there, P pairs, U objects found that have a pair, C conditions (thresholds of overlap times
ranges of size).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.detection.objects import Found, Ids, Mask, Pairs, There
from foveal.types.arrays import FloatArray

NOTHING = -1
"""Stands for no object."""
LIMIT = 100
"""Objects of an image and class that are looked at, the best ones (COCO)."""


@dataclass(frozen=True)
class Matches:
    """What each object found was matched to; those not listed were matched to nothing.

    Attributes:
        found: (U,) indices, rising.
        there: (U, C) index of the object, or ``NOTHING``.
    """

    found: Ids
    there: NDArray[np.int32]


def match(found: Found, there: There, pairs: Pairs, *, least: FloatArray, ignored: Mask, groups: Ids) -> Matches:
    """COCO's greedy rule, all images and conditions at once.

    By falling score, an object found takes the object there that it overlaps most and that is not taken yet; among
    equals the later one. One that counts is preferred to an ignored one, however they overlap. A crowd is never taken.

    Args:
        found: Objects found.
        there: Objects there.
        pairs: Which may be matched.
        least: (C,) IoU from which a pair counts.
        ignored: (G, C) objects there that do not count.
        groups: (D,) objects found that compete, such as those of one image and class, have one id.
    """
    names, of = np.unique(pairs.found, return_inverse=True)
    turn = _turns(groups[names], found.score[names])
    # The best pair of an object comes last, so that a pair's place in this order serves as its rank.
    order = np.lexsort((pairs.there, pairs.iou, of, turn[of]))
    of, other, iou = of[order], pairs.there[order], pairs.iou[order]
    free = np.ones((len(there), len(least)), bool)
    out = np.full((len(names), len(least)), NOTHING, np.int32)
    # Nothing in one turn competes with anything else in it.
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
        rows, conditions = np.nonzero(hit & ~there.crowd[chosen])
        free[chosen[rows, conditions], conditions] = False
    return Matches(names, out)


@dataclass(frozen=True)
class Outcome:
    """What became of each object found, under one condition.

    Attributes:
        there: (D,) index of the object there, or ``NOTHING``.
        hit: (D,) matched to an object that counts.
        counted: (D,) a hit or a mistake; not so if matched to an ignored object, or beyond the hundred best of its
            image and class.
    """

    there: Ids
    hit: Mask
    counted: Mask

    @property
    def false(self) -> Mask:
        """(D,) mistakes."""
        return self.counted & ~self.hit

    def missed(self, there: There, among: Mask) -> Mask:
        """(G,) objects there that count and that none of the (D,) ``among`` is."""
        missed = ~there.ignored
        missed[self.there[self.hit & among]] = False
        return missed


def outcome(found: Found, there: There, pairs: Pairs, *, least: float = 0.5) -> Outcome:
    """COCO's rule at one overlap, for objects of all sizes.

    Args:
        found: Objects found.
        there: Objects there.
        pairs: Pairs that overlap by ``least`` or more, of whatever classes.
        least: IoU from which an object found is the object there.
    """
    counted = found.rank() < LIMIT
    same = pairs[(found.label[pairs.found] == there.label[pairs.there]) & counted[pairs.found] & (pairs.iou >= least)]
    matches = match(found, there, same, least=np.array([least]), ignored=there.ignored[:, None], groups=found.groups())
    matched = np.full(len(found), NOTHING, np.int64)
    matched[matches.found] = matches.there[:, 0]
    ignored = np.append(there.ignored, False)[matched]
    return Outcome(matched, (matched != NOTHING) & ~ignored, counted & ~ignored)


def match_voc(found: Found, there: There, pairs: Pairs) -> Matches:
    """Pascal VOC's rule (Everingham et al. 2010, section 4.2): the object overlapped most, or nothing.

    A second object found for one that is taken is a mistake even if it overlaps another. Of ignored ones any number may
    be found.

    Args:
        found: Objects found.
        there: Objects there.
        pairs: Which may be matched: one class, and the overlap that counts.

    Returns:
        One condition (C = 1).
    """
    best = np.lexsort((-pairs.there, pairs.iou, pairs.found))
    best = best[np.flatnonzero(np.diff(pairs.found[best], append=-1))]
    by_score = best[np.lexsort((pairs.found[best], -found.score[pairs.found[best]]))]
    target = pairs.there[by_score]
    first = np.zeros(len(target), bool)
    first[np.unique(target, return_index=True)[1]] = True
    chosen = np.where(first | there.ignored[target], target, NOTHING)
    names = pairs.found[by_score]
    order = np.argsort(names)
    return Matches(names[order], chosen[order, None].astype(np.int32))


def _turns(groups: Ids, scores: FloatArray) -> Ids:
    """(U,) how many of the same group have a higher score, or an equal one and come earlier."""
    order = np.lexsort((-scores, groups))
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    turns = np.empty(len(order), np.int64)
    turns[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return turns
