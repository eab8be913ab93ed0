"""The exact test equals SciPy's, and what it can see is what was measured when it was planned."""

import numpy as np
import pytest
from scipy import stats

from foveal.metrics.paired.mcnemar import exact_p, half_tail, power, smallest_visible


@pytest.mark.parametrize(
    ("only_a", "only_b"),
    [(0, 0), (0, 3), (3, 0), (31, 43), (5, 5), (0, 40), (100, 130), (1000, 1100), (40_000, 40_200)],
)
def test_the_exact_test_is_scipys(only_a: int, only_b: int) -> None:
    known = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert exact_p(only_a, only_b) == pytest.approx(known, abs=1e-12)


def test_tails_of_a_coin() -> None:
    for n in (1, 2, 7, 8, 51):
        got = [half_tail(n, k) for k in range(n + 1)]
        assert got == pytest.approx(stats.binom.cdf(np.arange(n + 1), n, 0.5).tolist(), abs=1e-13)


@pytest.mark.parametrize(
    ("images", "gain", "declared"),
    [(49, 0.05, 0.04), (691, 0.01, 0.15), (691, 0.03, 0.89), (691, 0.05, 1.0), (1000, 0.02, 0.70), (2925, 0.02, 0.99)],
)
def test_power_at_a_disagreement_of_six_percent(images: int, gain: float, declared: float) -> None:
    assert power(images, 0.06, gain) == pytest.approx(declared, abs=0.008)


def test_power_is_how_often_the_test_declares_it() -> None:
    rng = np.random.default_rng(0)
    cells = rng.multinomial(200, [0.01, 0.07, 0.92], size=4000)
    share = np.mean([exact_p(int(a), int(b)) < 0.05 for a, b, _ in cells])
    assert power(200, 0.08, 0.06) == pytest.approx(share, abs=0.02)


def test_the_smallest_visible_difference_is_declared_four_times_in_five() -> None:
    for images, disagreement in ((691, 0.107), (200, 0.05), (49, 0.08), (20_000, 0.03)):
        seen = smallest_visible(images, disagreement)
        assert power(images, max(disagreement, seen), seen) == pytest.approx(0.8, abs=0.06)
    assert smallest_visible(691, 74 / 691) == pytest.approx(0.035, abs=0.001)
    assert smallest_visible(691, 74 / 691, alpha=0.01) > 0.04
    assert smallest_visible(5, 0.1) == 1.0


def test_three_and_five_points_on_691_images_are_declared() -> None:
    assert power(691, 0.06, 0.03) >= 0.85
    assert power(691, 0.06, 0.05) >= 0.98
