"""Results of several seeds on the same images: means, with intervals over images and seeds."""

import math
from collections.abc import Sequence

import numpy as np

from foveal.metrics.contract import Interval, Results, Verdict
from foveal.metrics.paired.difference import RESAMPLES, Side, side_of, with_seeds
from foveal.metrics.paired.student import quantile
from foveal.types.arrays import IntArray


def over_seeds(seeds: Sequence[Verdict], *, groups: IntArray | None) -> Results:
    """Every metric's mean over the seeds, and every class's.

    Args:
        seeds: Evaluations of the same images in the same order.
        groups: (N,) the group of each image.
    """
    first = seeds[0].results(num_resamples=0, groups=groups)
    tables = [first.per_class, *(one.results(num_resamples=0).per_class for one in seeds[1:])]
    side = side_of(seeds, num_resamples=min(RESAMPLES, *(one.most_resamples() for one in seeds)), groups=groups)
    return Results(
        first.images,
        {name: interval_of(side, name) for name in first.metrics},
        {
            name: {column: float(np.mean([table[name][column] for table in tables])) for column in columns}
            for name, columns in first.per_class.items()
        },
        better=first.better,
        groups=first.groups,
        sizes=first.sizes,
    )


def interval_of(side: Side, metric: str) -> Interval:
    """The mean over the seeds with a 95% interval of Student's t, within the metric's range."""
    mean, scale = float(side.values[metric].mean()), side.scales[metric]
    defined = side.samples[metric][np.isfinite(side.samples[metric])]
    if not len(defined) or not math.isfinite(mean):
        return Interval(mean, mean, mean)
    known = side.evidence[metric]
    of_images = float(defined.var()) * side.num_units / max(1, side.num_units - 1)
    if scale.whole:
        of_images += (scale.top / (known.units + 2)) ** 2
    variance, freedom = with_seeds(of_images, known.freedom, side.values[metric])
    half = quantile(0.05, freedom) * math.sqrt(variance)
    high = mean + half
    return Interval(mean, max(0.0, mean - half), max(mean, min(high, scale.top)) if scale.bounded else high)
