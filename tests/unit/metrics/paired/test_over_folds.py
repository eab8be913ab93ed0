"""Differences over folds. Shapes: F folds."""

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.metrics.paired.test_difference import Coin

from foveal.metrics.paired.difference import Difference, difference_of, side_of
from foveal.metrics.paired.over_folds import over_folds

RESAMPLES = 60


def found(a: list[NDArray[np.bool_]], b: list[NDArray[np.bool_]], alpha: float = 0.05) -> Difference:
    """Of two settings, from what each fold's run has right."""
    sides = [side_of([Coin(np.concatenate(one))], num_resamples=RESAMPLES) for one in (a, b)]
    each = np.array([theirs.mean() - ours.mean() for ours, theirs in zip(a, b, strict=True)])
    return over_folds(*sides, "accuracy", each, alpha=alpha)


def simulated(rng: np.random.Generator, *, gain: float, spread: float) -> Difference:
    """Three folds of 60 images; each run is luckier or unluckier than its setting."""
    runs = [[rng.random(60) < np.clip(0.8 + g + rng.normal(0, spread), 0, 1) for _ in range(3)] for g in (0.0, gain)]
    return found(*runs)


def test_runs_that_differ_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    a = [rng.random(60) < 0.7 for _ in range(3)]
    alike = [one | (rng.random(60) < 0.3) for one in a]
    one = found(a, alike)
    apart = [a[0] | True, a[1], a[2] | (rng.random(60) < 0.1)]
    other = found(a, apart)
    plain = difference_of(
        *(side_of([Coin(np.concatenate(k))], num_resamples=RESAMPLES) for k in (a, apart)), "accuracy"
    )
    assert other.high - other.low > 1.5 * (plain.high - plain.low) and other.high - other.low > one.high - one.low
    assert one.difference == pytest.approx(np.concatenate(alike).mean() - np.concatenate(a).mean())
    assert other.test == "paired_bootstrap" and other.only_a is None


def test_the_same_runs_differ_by_nothing() -> None:
    a = [np.arange(60) % 4 > 0] * 3
    same = found(a, a)
    assert same.difference == 0 and same.low <= 0 <= same.high and same.p == 1


def test_a_stricter_level_has_a_wider_interval() -> None:
    rng = np.random.default_rng(1)
    a, b = ([rng.random(60) < p for _ in range(3)] for p in (0.6, 0.8))
    assert found(a, b, alpha=0.025).high > found(a, b).high


@pytest.mark.parametrize("spread", [0.0, 0.05])
def test_false_alarms_are_few(spread: float) -> None:
    rng = np.random.default_rng(2)
    alarms = sum(simulated(rng, gain=0.0, spread=spread).p < 0.05 for _ in range(100))
    assert alarms <= 10, "P(11 or more of 100) = 1.1% at 5%"


def test_a_large_gain_is_seen() -> None:
    rng = np.random.default_rng(3)
    assert sum(simulated(rng, gain=0.18, spread=0.01).low > 0 for _ in range(30)) >= 20
