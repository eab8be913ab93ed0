"""Student's t equals SciPy's."""

import math

import numpy as np
import pytest
from scipy import stats

from foveal.metrics.paired.student import incomplete_beta, quantile, two_sided


@pytest.mark.parametrize("freedom", [1.0, 2.5, 4.0, 30.0, 1e4])
def test_two_sided_probabilities(freedom: float) -> None:
    for t in (0.0, 0.3, 1.0, 2.6, 7.0, 40.0):
        assert two_sided(t, freedom) == pytest.approx(2 * stats.t.sf(t, freedom), abs=1e-11)
        assert two_sided(-t, freedom) == two_sided(t, freedom)


def test_without_degrees_of_freedom_it_is_the_normal_distribution() -> None:
    assert two_sided(1.959964, math.inf) == pytest.approx(0.05, abs=1e-7)
    assert two_sided(math.inf, 3.0) == 0.0 and math.isnan(two_sided(math.nan, 3.0))


def test_quantiles() -> None:
    for alpha, freedom in ((0.05, 1.0), (0.05, 9.3), (0.005, 2.0), (0.01, 500.0)):
        assert quantile(alpha, freedom) == pytest.approx(stats.t.isf(alpha / 2, freedom), rel=1e-9)


def test_the_incomplete_beta_function() -> None:
    from scipy.special import betainc

    for a, b, x in np.random.default_rng(0).uniform([0.5, 0.5, 0], [60, 60, 1], (40, 3)):
        assert incomplete_beta(a, b, x) == pytest.approx(betainc(a, b, x), abs=1e-12)
