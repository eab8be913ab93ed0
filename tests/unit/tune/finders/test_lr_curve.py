"""What a sweep tells, on losses whose fall, rise and noise are known."""

import math

import numpy as np
import pytest

from foveal.tune.finders.find_lr import decide
from foveal.tune.finders.lr_curve import Reading, Suggestion, Sweep, read_sweep, suggest, weights

RATES = np.geomspace(1e-6, 1.0, 50)
PLACE = np.log10(RATES)


def sweep(losses: np.ndarray, *, noise: float = 0.0, seed: int = 0) -> Sweep:
    return Sweep(seed, RATES[: len(losses)], losses + noise * np.random.default_rng(seed).normal(size=len(losses)))


def falling() -> np.ndarray:
    """Falls from 2 to 1 around 1e-3, rises steeply from 1e-1 on."""
    return 1 + 1 / (1 + np.exp(8 * (PLACE + 3))) + 20 * np.maximum(0, PLACE + 1) ** 2


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_a_fall_and_a_rise_are_found(noise: float) -> None:
    for seed in range(5):
        reading = read_sweep(sweep(falling(), noise=noise, seed=seed))
        assert reading.steepest == pytest.approx(1e-3, rel=1.0)
        assert 0.1 < reading.diverges < 0.4
        assert reading.start == pytest.approx(2.0, abs=0.1)


def test_after_a_deep_fall_it_diverges_where_it_rises_again_and_not_where_it_began() -> None:
    """CamVid at 96 px: from 6 down to 1.4, and back above 6 only a decade and a half after it was lost."""
    rates = np.geomspace(3e-5, 3.0, 50)
    losses = """6.17 6.32 5.82 5.97 5.30 4.94 4.85 4.07 3.34 3.41 2.82 2.67 2.17 2.08 1.93 1.89 1.83 1.81 1.95 1.56 1.54
    1.48 1.47 1.84 1.71 1.35 1.35 1.62 1.78 1.31 1.46 1.47 2.45 1.91 2.68 2.50 2.71 2.45 2.80 3.63 3.94 3.31 2.99 2.79
    2.45 2.51 2.62 2.26 3.48 5.76"""
    reading = read_sweep(Sweep(0, rates, np.array(losses.split(), np.float64)))
    assert reading.steepest == pytest.approx(1.5e-4, rel=0.5)
    assert 0.04 < reading.diverges < 0.2


def test_the_lowest_rates_are_not_taken_for_the_steepest() -> None:
    """A slow fall under noise: some slope at the edge of a sweep is steep by chance."""
    losses = 2.8 + 0.2 / (1 + np.exp(8 * (PLACE + 3)))
    found = [read_sweep(sweep(losses, noise=0.02, seed=seed)).steepest for seed in range(200)]
    assert min(one for one in found if math.isfinite(one)) > 1.9e-6


def test_a_flat_loss_has_no_steepest_rate() -> None:
    """As of a head that was fitted before: noise alone, then a rise."""
    losses = 0.2 + 5 * np.maximum(0, PLACE + 2) ** 2
    readings = [read_sweep(sweep(losses, noise=0.05, seed=seed)) for seed in range(20)]
    assert sum(math.isfinite(one.steepest) for one in readings) <= 1
    assert all(5e-3 < one.diverges < 0.1 for one in readings)
    found = suggest(readings[:3])
    assert math.isnan(found.rate) and found.safe == pytest.approx(2e-3, rel=0.9)


def test_a_loss_that_is_not_finite_diverges_there() -> None:
    losses = falling()[:30]
    losses[29] = math.inf
    reading = read_sweep(sweep(losses))
    assert reading.diverges == pytest.approx(RATES[29])


def test_smoothing_keeps_a_line_and_sums_to_one() -> None:
    rows = weights(RATES)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(rows @ (3 - 2 * PLACE), 3 - 2 * PLACE, atol=1e-9)


def test_the_suggestion_is_never_above_a_tenth_of_where_it_diverges() -> None:
    found = suggest([Reading(s, d, 2, 1, 0.01) for s, d in ((1e-3, 0.1), (2e-3, 0.2), (0.5e-3, 0.05))])
    assert found.steepest == pytest.approx(1e-3) and found.safe == pytest.approx(1e-2)
    assert found.rate == pytest.approx(math.sqrt(1e-5))
    assert found.low == pytest.approx(0.5e-3) and found.high == pytest.approx(2e-2)
    late = suggest([Reading(3e-2, 0.1, 2, 1, 0.01)] * 3)
    assert late.rate == pytest.approx(1e-2)
    endless = suggest([Reading(1e-3, math.nan, 2, 1, 0.01)] * 3)
    assert endless.rate == pytest.approx(1e-3)


def test_decisions_in_words() -> None:
    nan = math.nan
    inside = Suggestion(1e-3, 3e-4, 3e-3, 1e-3, 2e-3)
    assert decide(inside, 5e-4, 1.0, fitted=False) == ("the default lies in the range: keep it", None)
    assert decide(inside, 1e-5, 1.0, fitted=False) == ("the default is below the range", 1e-3)
    assert decide(inside, 1e-2, 1.0, fitted=False) == ("the default is above the range", 1e-3)
    assert decide(inside, 5e-4, 0.02, fitted=True) == ("the default is below the range", 1e-3)
    flat = Suggestion(nan, nan, 1e-3, nan, 1e-3)
    words, rate = decide(flat, 1e-4, 1.0, fitted=True)
    assert rate is None and words.endswith("Only the upper end is known, 0.001: keep the default, which is below it")
    assert decide(flat, 1e-2, 1.0, fitted=True)[1] == 1e-3
    assert decide(Suggestion(nan, nan, nan, nan, nan), 1e-2, 1.0, fitted=False)[1] is None


def test_a_sweep_that_ends_at_once_tells_only_where() -> None:
    lost = read_sweep(Sweep(0, RATES[:3], np.array([2.0, 2.1, math.inf])))
    assert math.isnan(lost.steepest) and lost.diverges == RATES[2]
    cut = read_sweep(Sweep(0, RATES[:3], np.array([2.0, 2.1, 2.0]), cut=True))
    assert math.isnan(cut.steepest) and math.isnan(cut.diverges)
