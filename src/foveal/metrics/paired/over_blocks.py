"""The difference of two settings on a stream, each trained once per block: paired, over the blocks alone.

Steps of a stream hang together, so they are not resampled; blocks that are far apart are what is independent, and their
number is small: Student's t with one degree of freedom less.

Shapes: B blocks.
"""

import math

import numpy as np

from foveal.metrics.paired.difference import ALPHA, BETA, Difference
from foveal.metrics.paired.student import quantile, two_sided
from foveal.types.arrays import FloatArray


def over_blocks(a: FloatArray, b: FloatArray, metric: str, *, alpha: float = ALPHA) -> Difference:
    """How far ``b`` is from ``a``.

    Args:
        a: (B,) values of the first setting.
        b: (B,) of the second, on the same blocks.
        metric: Its name.
        alpha: Level of the interval and of the decision.
    """
    known = np.isfinite(a) & np.isfinite(b)
    apart, count = b[known] - a[known], int(known.sum())
    means = (float(a[known].mean()), float(b[known].mean())) if count else (math.nan, math.nan)
    found = means[1] - means[0]
    if count < 2:
        return Difference(metric, *means, found, math.nan, math.nan, math.nan, "paired_t", math.nan)
    error = float(apart.std(ddof=1)) / math.sqrt(count)
    half = quantile(alpha, count - 1.0) * error
    p = two_sided(found / error, count - 1.0) if error else float(found == 0)
    seen = (quantile(alpha, count - 1.0) + BETA) * error if error else math.nan
    return Difference(metric, *means, found, found - half, found + half, p, "paired_t", seen)
