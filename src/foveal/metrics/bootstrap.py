"""Bootstrap over images without drawing an image twice: a resample is a column of weights.

A metric that can be computed from weighted images is resampled by counting how often each image was drawn (Efron &
Tibshirani 1993, chapter 13: percentile interval). Weights of 1 give the original images, so the metric and its
resamples come from the same code.

Shapes: N images, R resamples.
"""

from collections.abc import Callable, Iterator

import numpy as np

from foveal.metrics.contract import Interval, Scores, Weights
from foveal.types.arrays import FloatArray

BLOCK_WEIGHTS = 1_000_000
"""Weights held at once: 4 MB, so that a block stays in the cache while every class is scored on it."""
LOW, HIGH = 2.5, 97.5
"""Percentiles of a 95% interval."""


def resample(num_images: int, num_resamples: int, seed: int) -> Iterator[Weights]:
    """Draw resamples of N images with replacement, in blocks.

    Args:
        num_images: N, at least 1.
        num_resamples: Number of resamples, 0 or more.
        seed: The same seed gives the same resamples, whatever the size of a block.

    Yields:
        (N, R) weights; each column sums to N.
    """
    rng = np.random.default_rng(seed)
    block = max(1, min(256, BLOCK_WEIGHTS // num_images))
    for start in range(0, num_resamples, block):
        size = min(block, num_resamples - start)
        weights = np.empty((num_images, size), np.float32)
        for column in range(size):
            drawn = rng.integers(0, num_images, num_images)
            weights[:, column] = np.bincount(drawn, minlength=num_images)
        yield weights


def interval(value: float, samples: FloatArray) -> Interval:
    """The 95% percentile interval, widened where needed to contain the value itself.

    A biased statistic (calibration error grows under resampling) can leave its own value outside its percentiles.

    Args:
        value: The metric on all images.
        samples: (R,) the metric on each resample. NaN, where a resample leaves it undefined, is ignored.
    """
    defined = samples[np.isfinite(samples)]
    if not len(defined) or not np.isfinite(value):
        return Interval(value, value, value)
    low, high = np.percentile(defined, (LOW, HIGH))
    return Interval(value, min(value, float(low)), max(value, float(high)))


def bootstrap(
    score: Callable[[Weights], Scores], num_images: int, *, num_resamples: int = 1000, seed: int = 0
) -> dict[str, Interval]:
    """Every metric with its interval.

    Args:
        score: Maps (N, R) weights to metrics of shape (R,).
        num_images: N, at least 1.
        num_resamples: Number of resamples over images; 0 gives intervals of zero width.
        seed: For the resampling.

    Returns:
        Intervals by name, in the order of ``score``.
    """
    values = {name: float(one[0]) for name, one in score(np.ones((num_images, 1), np.float32)).items()}
    samples: dict[str, list[FloatArray]] = {name: [] for name in values}
    for weights in resample(num_images, num_resamples, seed):
        for name, block in score(weights).items():
            samples[name].append(block)
    return {
        name: interval(value, np.concatenate(samples[name]) if samples[name] else np.empty(0))
        for name, value in values.items()
    }
