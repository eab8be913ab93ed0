"""Errors beside those of the baselines."""

import numpy as np
import pytest

from foveal.metrics.streams.series import Predicted, baselines, series_results


def test_baselines() -> None:
    values = np.arange(10.0)[:, None] % 4
    naive, seasonal = baselines(values, np.array([1, 6]), horizon=2, season=4)
    assert seasonal is not None
    np.testing.assert_array_equal(naive[..., 0], [[1, 1], [2, 2]])
    np.testing.assert_array_equal(seasonal[..., 0], [[np.nan, np.nan], [3, 0]])
    assert baselines(values, np.array([1]), horizon=1, season=0)[1] is None


def _predicted(error: float) -> Predicted:
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((300, 1, 1)).cumsum(0)
    naive = np.concatenate([truth[:1], truth[:-1]])
    return Predicted(truth + error * rng.choice([-1, 1], truth.shape), naive, None, truth)


def test_the_numbers() -> None:
    results = series_results([_predicted(0.25)], ["value"], [3.0])
    assert results.metrics["mae"].value == pytest.approx(0.25) == results.metrics["rmse"].value
    assert results.metrics["naive_mae"].value == pytest.approx(0.8, abs=0.1)
    ratio = results.metrics["mae_over_naive"]
    assert ratio.low < ratio.value < ratio.high < 1 and results.cautions == ()
    assert results.per_class == {"value": {"mae": pytest.approx(0.25), "naive_mae": pytest.approx(0.8, abs=0.1)}}


def test_a_model_that_is_worse_than_a_baseline_says_so() -> None:
    (caution,) = series_results([_predicted(2.0)], ["value"], [3.0]).cautions
    assert caution.startswith("The model is worse than the naive baseline, which says that nothing changes: its error")
