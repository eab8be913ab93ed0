"""Bootstrap over images without drawing an image twice: a resample is a column of weights.

A metric that can be computed from weighted images is resampled by counting how often each image was drawn (Efron &
Tibshirani 1993). Weights of 1 give the original images, so the metric and its resamples come from the same code. Images
that hang together are drawn together, as groups (Cameron, Gelbach & Miller 2008, the pairs cluster bootstrap).

Shapes: N images, R resamples.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from foveal.metrics.contract import Interval, Mistake, Panel, Results, Verdict, Weights
from foveal.metrics.intervals import Evidence, effective_units, interval
from foveal.types.arrays import FloatArray, IntArray

BLOCK_WEIGHTS = 1_000_000
"""Weights held at once: 4 MB, so that a block stays in the cache while every class is scored on it."""


def unit_ids(groups: IntArray | None, num_images: int) -> IntArray:
    """(N,) ids from 0, without gaps, of what is drawn: each image's group, or each image by itself."""
    if groups is None:
        return np.arange(num_images)
    ids: IntArray = np.unique(groups, return_inverse=True)[1].reshape(-1)
    return ids


def resample(num_images: int, num_resamples: int, seed: int, *, groups: IntArray | None = None) -> Iterator[Weights]:
    """Draw resamples of N images with replacement, in blocks.

    Args:
        num_images: N, at least 1.
        num_resamples: Number of resamples, 0 or more.
        seed: The same seed gives the same resamples, whatever the size of a block.
        groups: (N,) the group of each image, drawn as one; None: each image is drawn by itself.

    Yields:
        (N, R) weights; without groups each column sums to N.
    """
    rng = np.random.default_rng(seed)
    units = unit_ids(groups, num_images)
    num_units = int(units.max()) + 1
    block = max(1, min(256, BLOCK_WEIGHTS // num_images))
    for start in range(0, num_resamples, block):
        size = min(block, num_resamples - start)
        weights = np.empty((num_units, size), np.float32)
        for column in range(size):
            drawn = rng.integers(0, num_units, num_units)
            weights[:, column] = np.bincount(drawn, minlength=num_units)
        yield weights if groups is None else weights[units]


def bootstrap(
    evaluated: Verdict, *, num_resamples: int = 1000, seed: int = 0, groups: IntArray | None = None
) -> dict[str, Interval]:
    """Every headline metric with its interval.

    Args:
        evaluated: The evaluation of N images.
        num_resamples: Number of resamples; 0 gives intervals of zero width.
        seed: For the resampling.
        groups: (N,) the group of each image; groups are then resampled. None: images are.

    Returns:
        Intervals by name, in the order of ``Verdict.score``.
    """
    num_images, units = evaluated.num_images, unit_ids(groups, evaluated.num_images)
    values = {name: float(one[0]) for name, one in evaluated.score(np.ones((num_images, 1), np.float32)).items()}
    if not num_resamples:
        return {name: Interval(value, value, value) for name, value in values.items()}
    samples: dict[str, list[FloatArray]] = {name: [] for name in values}
    for weights in resample(num_images, num_resamples, seed, groups=groups):
        for name, block in evaluated.score(weights).items():
            samples[name].append(block)
    together = evidence(evaluated, units)
    alone = together if groups is None else evidence(evaluated, np.arange(num_images))
    return {
        name: interval(
            value,
            np.concatenate(samples[name]),
            evaluated.scales[name],
            together[name],
            num_units=int(units.max()) + 1,
            images=alone[name].units,
        )
        for name, value in values.items()
    }


def evidence(evaluated: Verdict, units: IntArray) -> dict[str, Evidence]:
    """What each headline metric rests on.

    Args:
        evaluated: The evaluation of N images.
        units: (N,) from ``unit_ids``.
    """
    num_units = int(units.max()) + 1
    everything = effective_units(units, np.ones(evaluated.num_images))
    known = evaluated.evidence(units)
    return {name: Evidence.of(known.get(name, everything), num_units) for name in evaluated.scales}


def results_of(
    evaluated: Verdict,
    metrics: Mapping[str, Interval],
    per_class: Mapping[str, Mapping[str, float]],
    *,
    panels: Sequence[Panel] = (),
    worst: Sequence[Mistake] = (),
    uncertain: Sequence[Mistake] = (),
    sizes: Mapping[str, float] | None = None,
    groups: IntArray | None = None,
) -> Results:
    """The results of an evaluation, with what is the same for all metrics: numbers of images and groups, directions."""
    num_groups = None if groups is None else len(np.unique(groups))
    better = {name: evaluated.scales[name].better for name in metrics}
    return Results(
        evaluated.num_images,
        metrics,
        per_class,
        panels,
        worst,
        better=better,
        groups=num_groups,
        uncertain=uncertain,
        sizes=sizes or {},
    )
