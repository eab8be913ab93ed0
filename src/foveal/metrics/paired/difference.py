"""The difference of two models on the same images: every resample weights both alike.

What the images have in common cancels, so the interval is that of the difference itself, and narrower than either
model's own. A side may be several runs of one setting with other seeds: the mean of their scores is resampled over the
images, of which there are not more for it, and how much the seeds differ is added.

Shapes: N images, S seeds of a side, R resamples.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from foveal.brief import brief
from foveal.metrics.bootstrap import evidence, resample, unit_ids
from foveal.metrics.contract import Scale, Verdict
from foveal.metrics.intervals import Evidence
from foveal.metrics.paired.mcnemar import exact_p, smallest_visible
from foveal.metrics.paired.student import quantile, two_sided
from foveal.types.arrays import FloatArray, IntArray

ALPHA = 0.05
RESAMPLES = 1000
BETA = 0.8416
"""Quantile of the normal distribution for ``mcnemar.POWER``."""
Test = Literal["mcnemar_exact", "paired_bootstrap", "paired_t"]


@dataclass(frozen=True)
class Side:
    """One model, or one setting in several seeds, before it is compared.

    Attributes:
        values: By metric, (S,) of all images.
        samples: By metric, (R,) means over the seeds, of the same resamples for every side.
        right: By metric that is a share of right images, (S, N) zeros and ones.
        scales: By metric.
        evidence: By metric, what it rests on.
        num_images: N.
        num_units: Images or groups that were resampled.
    """

    values: Mapping[str, FloatArray]
    samples: Mapping[str, FloatArray]
    right: Mapping[str, FloatArray]
    scales: Mapping[str, Scale]
    evidence: Mapping[str, Evidence]
    num_images: int
    num_units: int

    __repr__ = brief


@dataclass(frozen=True)
class Difference:
    """How far a second side is from a first one in one metric.

    Attributes:
        metric: Its name.
        a: The first side's value, the mean over its seeds.
        b: The second side's.
        difference: b - a.
        low: Lower end of its 95% interval.
        high: Upper end.
        p: Probability of a difference as large if there were none.
        test: What gave it.
        smallest_visible: The smallest true difference that would be declared with a probability of 80%; NaN where
            nothing varies.
        only_a: Images that the first side alone has right, of an exact test.
        only_b: Images that the second alone has right.
    """

    metric: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    test: Test
    smallest_visible: float
    only_a: int | None = None
    only_b: int | None = None


def side_of(
    seeds: Sequence[Verdict], *, num_resamples: int = RESAMPLES, seed: int = 0, groups: IntArray | None = None
) -> Side:
    """Resample one side; sides of the same images and seed get the same resamples.

    Args:
        seeds: S evaluations of the same N images in the same order.
        num_resamples: R.
        seed: For the resampling.
        groups: (N,) the group of each image; groups are then resampled.
    """
    first = seeds[0]
    ones = np.ones((first.num_images, 1), np.float32)
    each = [one.score(ones) for one in seeds]
    values = {name: np.array([float(scores[name][0]) for scores in each]) for name in each[0]}
    blocks: dict[str, list[FloatArray]] = {name: [] for name in values}
    for weights in resample(first.num_images, num_resamples, seed, groups=groups):
        scored = [one.score(weights) for one in seeds]
        for name in values:
            blocks[name].append(np.mean([scores[name] for scores in scored], axis=0))
    units = unit_ids(groups, first.num_images)
    shares = [one.shares() for one in seeds]
    return Side(
        values,
        {name: np.concatenate([*parts, np.empty(0)]) for name, parts in blocks.items()},
        {name: np.stack([one[name] for one in shares]) for name in shares[0]} if groups is None else {},
        first.scales,
        evidence(first, units),
        first.num_images,
        int(units.max()) + 1,
    )


def difference_of(a: Side, b: Side, metric: str, *, alpha: float = ALPHA) -> Difference:
    """How far ``b`` is from ``a``.

    Args:
        a: The first side.
        b: The second, on the same images under the same resamples.
        metric: Its name.
        alpha: Level at which a difference is declared, for the smallest visible one.
    """
    first, second = float(a.values[metric].mean()), float(b.values[metric].mean())
    moved = b.samples[metric] - a.samples[metric]
    defined = moved[np.isfinite(moved)]
    scale, known = a.scales[metric], a.evidence[metric]
    if not len(defined) or not math.isfinite(second - first):
        nan = math.nan
        return Difference(metric, first, second, second - first, nan, nan, nan, "paired_bootstrap", nan)
    of_images = float(defined.var()) * a.num_units / max(1, a.num_units - 1)
    if scale.whole:
        of_images += (scale.top / (known.units + 2)) ** 2  # two images more, one for each side (Agresti and Min 2005)
    variance, freedom = with_seeds(of_images, known.freedom, a.values[metric], b.values[metric])
    error = math.sqrt(variance)
    half = quantile(0.05, freedom) * error
    apart = second - first
    p = two_sided(apart / error, freedom) if error else float(apart == 0)
    seen = (quantile(alpha, freedom) + BETA) * error if error else math.nan
    low, high = within(scale, apart - half, apart + half)
    found = Difference(metric, first, second, apart, low, high, p, "paired_bootstrap", seen)
    ours, theirs = a.right.get(metric), b.right.get(metric)
    if ours is None or theirs is None or len(ours) > 1 or len(theirs) > 1:
        return found
    return exact(found, int((ours > theirs).sum()), int((theirs > ours).sum()), a.num_images, alpha=alpha)


def within(scale: Scale, low: float, high: float) -> tuple[float, float]:
    """An interval of a difference, cut at the largest difference that a bounded metric can have."""
    return (max(low, -scale.top), min(high, scale.top)) if scale.bounded else (low, high)


def exact(found: Difference, only_a: int, only_b: int, images: int, *, alpha: float = ALPHA) -> Difference:
    """The same with McNemar's exact test, whose result the interval does not contradict: it is widened to hold 0."""
    p = exact_p(only_a, only_b)
    low, high = (min(found.low, 0.0), max(found.high, 0.0)) if p >= ALPHA else (found.low, found.high)
    seen = smallest_visible(images, (only_a + only_b + 1) / (images + 2), alpha=alpha)
    return replace(
        found, low=low, high=high, p=p, test="mcnemar_exact", smallest_visible=seen, only_a=only_a, only_b=only_b
    )


def with_seeds(of_images: float, freedom: float, *sides: FloatArray) -> tuple[float, float]:
    """The variance of a difference and its degrees of freedom (Satterthwaite 1946), seeds included.

    A side of one run has the other side's spread over seeds, where that has several.

    Args:
        of_images: Variance over images.
        freedom: Its degrees of freedom.
        sides: (S,) the values of each.
    """
    spreads = {k: float(values.var(ddof=1)) for k, values in enumerate(sides) if len(values) > 1}
    parts = [(of_images, freedom)]
    for k, values in enumerate(sides):
        if spreads:
            known = k if k in spreads else next(iter(spreads))
            parts.append((spreads[known] / len(values), len(sides[known]) - 1.0))
    total = sum(part for part, _ in parts)
    doubt = sum(part**2 / max(1.0, free) for part, free in parts)
    return total, (total**2 / doubt if doubt else freedom)


def holm(ps: Sequence[float]) -> list[float]:
    """p-values of several comparisons, adjusted so that one false alarm in all of them has the level (Holm 1979).

    NaN stays NaN and is none of them.
    """
    order = [i for i in np.argsort(ps, kind="stable").tolist() if not math.isnan(ps[i])]
    adjusted, least = [math.nan] * len(ps), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * ps[place]))
        adjusted[place] = least
    return adjusted
