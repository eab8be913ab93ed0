"""95% intervals from a value, its bootstrap variance, and the number of independent units behind it.

A metric between 0 and 1 is treated as a proportion of ``n`` tosses that would vary as much, and gets Wilson's score
interval (Wilson 1927) of those. ``n`` is v (1 - v) / variance, the effective sample size of survey statistics (Kish
1965); half a unit's worth of doubt keeps it finite where nothing varies, as at a perfect score, where ``n`` is the
number of units itself. Small numbers of units widen it by Student's t. ``docs/decisions/0019`` has the argument and
``benchmarks/interval_coverage.py`` the simulation.

Shapes: N images, K classes, R resamples, P parts: what one image has of one class.
"""

import math
from dataclasses import dataclass

import numpy as np

from foveal.metrics.contract import Interval, Scale
from foveal.types.arrays import FloatArray, IntArray

Z = 1.959964
"""Quantile of the normal distribution for 95%."""
DOUBT = 0.5
"""Units whose outcome is open, added to what was seen."""
STUDENT = {1: 12.706, 1.25: 7.988, 1.5: 6.041, 2: 4.303, 3: 3.182, 4: 2.776, 6: 2.447, 10: 2.228, 20: 2.086, 60: 2.0}
"""Quantiles of Student's t for 95%, by degrees of freedom; between them interpolated, see ``student``."""


@dataclass(frozen=True)
class Evidence:
    """What a metric rests on.

    Attributes:
        units: Effective number of independent units.
        freedom: Degrees of freedom of its variance (Satterthwaite 1946), at least 1.
    """

    units: float
    freedom: float

    @classmethod
    def of(cls, per_class: FloatArray, num_units: int) -> "Evidence":
        """Of a mean over classes, each with its effective number of units.

        The mean of K classes with n_k tosses each varies as one of K^2 / sum(1 / n_k) tosses.

        Args:
            per_class: (K,) from ``effective_units``; one for a metric that is no mean over classes.
            num_units: Number of units in all.
        """
        if not len(per_class):
            return cls(1.0, 1.0)
        parts = 1 / per_class
        units = len(parts) ** 2 / parts.sum()
        freedom = parts.sum() ** 2 / (parts**2 / np.maximum(per_class - 1, 1)).sum()
        return cls(float(min(units, num_units)), float(np.clip(freedom, 1, max(1, num_units - 1))))


def effective_units(units: IntArray, amounts: FloatArray, labels: IntArray | None = None) -> FloatArray:
    """How many units of equal size would weigh as much: (sum of sizes)^2 / sum of sizes^2 (Kish 1965).

    Args:
        units: (P,) the unit that a part belongs to.
        amounts: (P,) what it weighs: 1 for an image, or its objects or pixels.
        labels: (P,) its class; None: all are of one.

    Returns:
        (K,) of the classes that occur.
    """
    there = amounts > 0
    if not there.any():
        return np.empty(0)
    classes = np.zeros(len(units), np.int64) if labels is None else labels.astype(np.int64)
    keys, of = np.unique(classes[there] * (int(units.max()) + 1) + units[there], return_inverse=True)
    sizes = np.bincount(of, weights=amounts[there])
    starts = np.flatnonzero(np.diff(keys // (int(units.max()) + 1), prepend=-1))
    effective: FloatArray = np.add.reduceat(sizes, starts) ** 2 / np.add.reduceat(sizes**2, starts)
    return effective


def wilson(value: float, tosses: float, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval of a proportion.

    Args:
        value: The proportion, in [0, 1].
        tosses: Number of tosses, not necessarily whole.
        z: Quantile.
    """
    share = z * z / tosses
    middle = (value + share / 2) / (1 + share)
    half = math.sqrt(share * (value * (1 - value) + share / 4)) / (1 + share)
    return max(0.0, min(value, middle - half)), min(1.0, max(value, middle + half))


def student(freedom: float) -> float:
    """Quantile of Student's t for 95%, to 1%; ``freedom`` is at least 1."""
    places = [1 / known for known in reversed(STUDENT)]
    return math.exp(np.interp(1 / freedom, [0.0, *places], np.log([Z, *reversed(STUDENT.values())])))


def interval(
    value: float, samples: FloatArray, scale: Scale, evidence: Evidence, *, num_units: int, images: float
) -> Interval:
    """The 95% interval; it holds the value itself.

    Args:
        value: The metric on all images.
        samples: (R,) the metric on each resample. NaN, where a resample leaves it undefined, is ignored.
        scale: Of the metric.
        evidence: What it rests on.
        num_units: Number of units that were resampled.
        images: Effective number of images, as if none hung together.
    """
    defined = samples[np.isfinite(samples)]
    if not len(defined) or not math.isfinite(value):
        return Interval(value, value, value)
    if scale.proportion and num_units == images:
        return Interval(value, *wilson(value, images))
    share = min(1.0, max(0.0, value / scale.top))
    variance = float(defined.var()) * num_units / max(1, num_units - 1)
    doubt = DOUBT / evidence.units
    tosses = (share * (1 - share) + doubt) / (variance / scale.top**2 + doubt / evidence.units)
    if scale.whole:
        tosses = min(tosses, images)
    corrected = _without_bias(value, float(defined.mean()), scale) / scale.top
    nearer = share + DOUBT / tosses if scale.better == "more" else share - DOUBT / tosses
    several = (min(1.0, max(0.0, one)) for one in (share, corrected, nearer))
    ends = [end * scale.top for one in several for end in wilson(one, tosses, student(evidence.freedom))]
    low, high = min(ends), max(ends)
    if not scale.bounded and value > 0:
        spread = student(evidence.freedom) * math.sqrt(variance) / value
        low, high = value * math.exp(-spread), max(high, value * math.exp(spread))
    return Interval(value, min(low, value), max(high, value))


def _without_bias(value: float, mean: float, scale: Scale) -> float:
    """The value less its bias, which the mean of the resamples tells: they are to it as it is to the truth.

    Noise adds to a loss that is a sum of sizes, such as the calibration error, as squares.
    """
    if scale.better == "more":
        return 2 * value - mean
    return math.sqrt(max(0.0, 2 * value**2 - mean**2))
