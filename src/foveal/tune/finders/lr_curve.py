"""What a sweep over learning rates tells: where the loss falls fastest, and where it begins to rise. NumPy alone.

A sweep takes one step per rate, from a low one to a high one (Smith 2017, Cyclical Learning Rates for Training Neural
Networks), so the loss at a rate is also that of all steps before it.

Shapes: N steps of a sweep.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foveal.types.arrays import FloatArray

WIDTH_DECADES = 0.15
"""Standard deviation of the kernel that smooths a loss over the logarithm of the rate."""
EDGE_DECADES = 2 * WIDTH_DECADES
"""At the lowest rates the kernel has losses on one side alone, so a slope there is mostly noise."""
SIGNIFICANT = 4.0
"""A fall or a rise counts when it is so many standard errors: the lowest of some ten places that do not depend on each
other lies about two below the mean by chance, and the errors of the errors come on top."""
TENTH = 0.1
"""Fraction of the rate at which the loss diverges that is safe to train with, for a whole run."""
CHANCE = 2.0
"""The lowest of the smoothed losses lies about so many standard errors too low, being the lowest."""
RISEN = 0.1
"""Share of the loss's fall that is lost again where it diverges: after a deep fall, one that begins with a head that
was not fitted, the way back to where it began takes a decade or two of rates that train nothing any more."""
FEWEST = 8
"""Losses below which nothing is smoothed."""
FIRST = 0.25
"""The first part of a sweep, whose rates are too low to change anything: it tells the loss at the start."""


@dataclass(frozen=True)
class Sweep:
    """One seed's sweep.

    Attributes:
        seed: The seed.
        rates: (N,) rising learning rates.
        losses: (N,) the loss before each step; the last may be infinite: it diverged.
        cut: Whether time ended it.
    """

    seed: int
    rates: FloatArray
    losses: FloatArray
    cut: bool = False


@dataclass(frozen=True)
class Reading:
    """What one sweep tells.

    Attributes:
        steepest: The rate at which the smoothed loss falls fastest; NaN: it never falls beyond the noise.
        diverges: The rate at which it has risen again after its fall, or above where it began if it does not fall; NaN:
            it does not within the sweep.
        start: The loss at the start.
        lowest: The lowest smoothed loss.
        noise: Standard error of a smoothed loss.
    """

    steepest: float
    diverges: float
    start: float
    lowest: float
    noise: float


@dataclass(frozen=True)
class Suggestion:
    """What all sweeps tell together.

    Attributes:
        rate: The learning rate to train with; NaN: they tell none.
        low: The lower end of the range that the seeds and both rules give; NaN: none.
        high: The upper end.
        steepest: Mean over the seeds, on the scale of logarithms; NaN: the loss is flat.
        safe: A tenth of where it diverges, likewise; NaN: it does not diverge.
    """

    rate: float
    low: float
    high: float
    steepest: float
    safe: float


def weights(rates: FloatArray) -> FloatArray:
    """(N, N) rows that smooth values at these rates: Gaussian in the logarithm, each of sum 1.

    A row is that of a line fitted with the kernel's weights, so that a steady fall is not bent at the ends.
    """
    place = np.log10(rates)
    apart = place[None, :] - place[:, None]
    kernel = np.exp(-0.5 * (apart / WIDTH_DECADES) ** 2)
    s0, s1, s2 = (np.sum(kernel * apart**k, axis=1, keepdims=True) for k in range(3))
    rows: FloatArray = kernel * (s2 - s1 * apart) / np.maximum(s0 * s2 - s1**2, 1e-12)
    return rows


def read_sweep(sweep: Sweep) -> Reading:
    """The two rates of one sweep."""
    known = np.isfinite(sweep.losses)
    rates, losses = sweep.rates[known], sweep.losses[known]
    if len(losses) < FEWEST:
        lost = float(sweep.rates[~known][0]) if not known.all() else math.nan
        return Reading(math.nan, lost, math.nan, math.nan, math.nan)
    rows = weights(rates)
    smooth = rows @ losses
    first = max(3, round(FIRST * len(sweep.rates)))
    apart = losses - smooth
    quiet = slice(0, max(first, len(apart) // 2))
    freedom = float((1 - 2 * np.diag(rows) + (rows**2).sum(axis=1))[quiet].sum())  # a smooth curve follows its noise
    scatter = math.sqrt(float((apart[quiet] ** 2).sum()) / max(1.0, freedom))
    noise = scatter * float(np.median(np.sqrt((rows**2).sum(axis=1))))
    start, bottom = float(smooth[:first].mean()), int(np.argmin(smooth))
    lowest = float(smooth[bottom])
    steepest, level = math.nan, max(start, lowest)
    if bottom > 0 and start - lowest > SIGNIFICANT * noise:
        place = np.log10(rates)
        slope = np.gradient(smooth[: bottom + 1], place[: bottom + 1])
        inside = int(np.searchsorted(place, min(place[0] + EDGE_DECADES, place[bottom])))
        steepest = float(rates[inside + int(np.argmin(slope[inside:]))])
        level = min(start, lowest + max(CHANCE * noise, RISEN * (start - lowest)))
    after = np.flatnonzero(smooth[bottom:] > level + SIGNIFICANT * max(noise, 1e-9)) + bottom
    diverges = float(rates[after[0]]) if len(after) else math.nan
    if not len(after) and not known.all():
        diverges = float(sweep.rates[~known][0])
    return Reading(steepest, diverges, start, lowest, noise)


def suggest(readings: Sequence[Reading]) -> Suggestion:
    """One rate and its range from all seeds.

    Both rules are averaged over the seeds on the scale of logarithms. The suggestion lies between them, and never above
    a tenth of where the loss diverges. Where most seeds show no fall beyond the noise, as with a head that was fitted
    before, only the upper end is known.
    """
    falls = np.array([one.steepest for one in readings])
    tenths = TENTH * np.array([one.diverges for one in readings])
    steepest = _mean(falls) if np.isfinite(falls).sum() * 2 > len(falls) else math.nan
    safe = _mean(tenths) if np.isfinite(tenths).sum() * 2 > len(tenths) else math.nan
    if math.isnan(steepest):
        return Suggestion(math.nan, math.nan, safe, steepest, safe)
    every = np.concatenate([falls[np.isfinite(falls)], tenths[np.isfinite(tenths)]])
    rate = steepest if math.isnan(safe) else min(safe, math.sqrt(safe * steepest))
    return Suggestion(rate, float(every.min()), float(every.max()), steepest, safe)


def _mean(rates: FloatArray) -> float:
    """Geometric mean of those that are finite."""
    return float(10 ** np.log10(rates[np.isfinite(rates)]).mean())
