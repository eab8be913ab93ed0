"""Boundary F1: how well the boundaries of classes agree.

After Csurka et al. 2013 (BMVC, "What is a good evaluation measure ..."). A pixel is on the boundary of its class where
a pixel above, below, left or right of it is of another class. It is matched where the other map has a boundary pixel of
the same class nearer than 0.75% of the image's diagonal. The matched fraction of the prediction's boundary is
precision, that of the truth's recall.

A pixel whose truth is unknown has no class in either map, so neither it nor the image's edge makes a boundary. A data
set that ignores the pixels along every boundary leaves little to compare.

All classes are compared at once: a boundary pixel holds one bit, that of its class, and bits are spread by shifts.

Shapes: H W height and width, n classes compared.
"""

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.counts import ratio
from foveal.types.arrays import Array, FloatArray, IntArray
from foveal.types.predictions.masks import IGNORE

TOLERANCE = Fraction(3, 400)
"""Fraction of the diagonal below which two boundary pixels match (Csurka et al. 2013, section 3.2)."""
BITS = 64
"""Classes compared in one pass: the bits of the widest integer."""


def boundary_f1(truth: NDArray[np.uint8], predicted: NDArray[np.uint8], labels: IntArray) -> FloatArray:
    """Boundary F1 of some classes of one image.

    Args:
        truth: (H, W) class ids, ``IGNORE`` where unknown.
        predicted: (H, W) class ids.
        labels: (n,) the classes to compare.

    Returns:
        (n,) in [0, 1]; 0 where only one map has a boundary of the class, NaN where neither has.
    """
    predicted = np.where(truth == IGNORE, np.uint8(IGNORE), predicted)
    out = np.empty(len(labels))
    for start in range(0, len(labels), BITS):
        out[start : start + BITS] = _f1(truth, predicted, labels[start : start + BITS])
    return out


@lru_cache(maxsize=256)
def near_columns(height: int, width: int) -> tuple[int, ...]:
    """How many columns away a pixel may be to be near, by the rows it is away: 0, 1, ... In whole numbers, so exact."""
    square = math.ceil(TOLERANCE**2 * (height**2 + width**2)) - 1
    return tuple(math.isqrt(square - rows**2) for rows in range(math.isqrt(square) + 1))


def boundary(ids: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(H, W) where a neighbour is of another class; ignored pixels have none and are no neighbours."""
    known = ids != IGNORE
    across = (ids[:, 1:] != ids[:, :-1]) & known[:, 1:] & known[:, :-1]
    down = (ids[1:] != ids[:-1]) & known[1:] & known[:-1]
    out = np.zeros(ids.shape, bool)
    out[:, 1:] |= across
    out[:, :-1] |= across
    out[1:] |= down
    out[:-1] |= down
    return out


def _f1(truth: NDArray[np.uint8], predicted: NDArray[np.uint8], labels: IntArray) -> FloatArray:
    """As ``boundary_f1``, for at most ``BITS`` classes and a prediction without what is unknown."""
    bits = np.zeros(IGNORE + 1, np.min_scalar_type((1 << len(labels)) - 1))
    bits[labels] = np.left_shift(np.uint64(1), np.arange(len(labels), dtype=np.uint64))
    near = near_columns(*truth.shape)
    true, drawn = bits[truth] * boundary(truth), bits[predicted] * boundary(predicted)
    matched, all_true = _matched(truth, true, _spread(drawn, near), labels)
    right, all_drawn = _matched(predicted, drawn, _spread(true, near), labels)
    precision, recall = ratio(right, all_drawn), ratio(matched, all_true)
    f1 = ratio(2 * precision * recall, precision + recall)
    return np.where(all_true + all_drawn > 0, f1, np.nan)


def _spread(bits: Array, near: tuple[int, ...]) -> Array:
    """(H, W) the bits of all pixels that are near: rows from the farthest, where few columns are near, to the own."""
    height, width = bits.shape
    out, wide, reached = np.zeros_like(bits), bits.copy(), 0
    for rows in reversed(range(min(len(near), height))):
        columns = min(near[rows], width - 1)
        for shift in range(reached + 1, columns + 1):
            wide[:, shift:] |= bits[:, :-shift]
            wide[:, :-shift] |= bits[:, shift:]
        reached = columns
        out[rows:] |= wide[: height - rows]
        if rows:
            out[:-rows] |= wide[rows:]
    return out


def _matched(ids: NDArray[np.uint8], bits: Array, other: Array, labels: IntArray) -> tuple[FloatArray, FloatArray]:
    """(n,) boundary pixels that the other map's spread bits match, and (n,) boundary pixels, of each class."""
    places = np.flatnonzero(bits)
    mine = ids.ravel()[places]
    hit = (bits.ravel()[places] & other.ravel()[places]) != 0
    matched, all_of = (np.bincount(x, minlength=IGNORE + 1)[labels].astype(np.float64) for x in (mine[hit], mine))
    return matched, all_of
