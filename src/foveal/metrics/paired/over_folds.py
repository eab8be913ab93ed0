"""The difference of two settings, each trained once per fold: over images, and over the runs.

Every image is predicted by the run that did not train on it. The images of a fold share a run, so they are not
independent; how much the folds' own differences vary is added. It varies over images too, so the interval is rather too
wide than too narrow.
"""

import math
from dataclasses import replace

import numpy as np

from foveal.metrics.paired.difference import ALPHA, BETA, Difference, Side, difference_of, with_seeds, within
from foveal.metrics.paired.student import quantile, two_sided
from foveal.types.arrays import FloatArray


def over_folds(
    a: Side, b: Side, metric: str, each: FloatArray, *, alpha: float = ALPHA, declared: float | None = None
) -> Difference:
    """How far ``b`` is from ``a``.

    Args:
        a: The first side, all folds together.
        b: The second, with the same folds.
        metric: Its name.
        each: (F,) the differences of the folds, b - a.
        alpha: Level of the interval and of the decision.
        declared: Level at which a difference is declared, for the smallest visible one; None: the same.
    """
    found = difference_of(a, b, metric)
    known = each[np.isfinite(each)]
    if math.isnan(found.p) or len(known) < 2:
        return found
    moved = b.samples[metric] - a.samples[metric]
    scale, rests = a.scales[metric], a.evidence[metric]
    of_images = float(moved[np.isfinite(moved)].var()) * a.num_units / max(1, a.num_units - 1)
    if scale.whole:
        of_images += (scale.top / (rests.units + 2)) ** 2
    variance, freedom = with_seeds(of_images, rests.freedom, known)
    error = math.sqrt(variance)
    half = quantile(alpha, freedom) * error
    low, high = within(scale, found.difference - half, found.difference + half)
    return replace(
        found,
        low=low,
        high=high,
        p=two_sided(found.difference / error, freedom) if error else float(found.difference == 0),
        test="paired_bootstrap",
        smallest_visible=(quantile(declared or alpha, freedom) + BETA) * error if error else math.nan,
        only_a=None,
        only_b=None,
    )
