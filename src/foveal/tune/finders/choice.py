"""Which batch sizes are tried and which is chosen, and the learning rate that goes with it. Arithmetic alone."""

import math
from collections.abc import Sequence
from typing import Literal

from foveal.engine.config import SGD
from foveal.tune.finders.attempts import Attempt
from foveal.tune.finders.memory import Memory

NEAR_BEST = 0.95
"""A batch is fast enough with this fraction of the best speed."""
FLOOR = 8
"""Smaller batches than this are for want of memory only: their gradients and batch statistics are too noisy."""
STALE = 2
"""So many larger batches in a row without a gain end the search."""
Rule = Literal["linear", "square root"]


def next_larger(size: int, num_images: int) -> int | None:
    """Twice as large, or all images; None: it has them already."""
    return min(2 * size, num_images) if size < num_images else None


def grows(tries: Sequence[Attempt]) -> bool:
    """Whether the last of the tries upwards, which began at the default, brought enough to go on."""
    best, stale = 0.0, 0
    for one in tries:
        gains = one.images_per_s > best / NEAR_BEST
        stale = 0 if gains else stale + 1
        best = max(best, one.images_per_s)
    return stale < STALE


def foreseen(tries: Sequence[Attempt], size: int) -> list[Memory]:
    """The memory that a batch would take and not have, by the nearest one measured; empty: it should fit."""
    known = [one for one in tries if one.state in ("measured", "too_large")]
    if not known:
        return []
    nearest = min(known, key=lambda one: abs(math.log(one.batch_size / size)))
    factor = size / nearest.batch_size
    would = [Memory(one.of, one.limit_bytes, one.base_bytes, one.at(factor)) for one in nearest.memory]
    return [one for one in would if not one.fits]


def choose(tries: Sequence[Attempt]) -> Attempt | None:
    """The smallest batch within 5% of the best speed, of those that fit; None: none does."""
    fitting = [one for one in tries if one.state == "measured"]
    best = max((one.images_per_s for one in fitting), default=0.0)
    enough = [one for one in fitting if one.images_per_s >= NEAR_BEST * best]
    return min(enough, key=lambda one: one.batch_size, default=None)


def scaling_rule(optimizer: str) -> Rule:
    """How the learning rate goes with the batch size.

    Linear for SGD (Goyal et al. 2017, Accurate, Large Minibatch SGD), by the square root for optimisers that divide by
    the gradient's size (Malladi et al. 2022, On the SDEs and Scaling Rules for Adaptive Gradient Algorithms).
    """
    return "linear" if optimizer.lower() in SGD else "square root"


def scaled(rate: float, factor: float, rule: Rule) -> float:
    """A learning rate for batches that are so many times as large, to three digits."""
    return float(f"{rate * (factor if rule == 'linear' else math.sqrt(factor)):.3g}")
