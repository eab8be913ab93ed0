import numpy as np
import pytest

from foveal.metrics import bootstrap as module
from foveal.metrics.bootstrap import bootstrap, interval, resample


def test_every_resample_holds_as_many_images():
    blocks = list(resample(30, 300, 0))
    assert sum(b.shape[1] for b in blocks) == 300
    assert all((b.sum(0) == 30).all() and (b >= 0).all() for b in blocks)


def test_the_size_of_a_block_changes_nothing(monkeypatch):
    whole = np.concatenate(list(resample(20, 50, 3)), axis=1)
    monkeypatch.setattr(module, "BLOCK_WEIGHTS", 60)
    assert (np.concatenate(list(resample(20, 50, 3)), axis=1) == whole).all()


def test_more_images_than_a_block_holds(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_WEIGHTS", 5)
    assert [b.shape for b in resample(20, 2, 0)] == [(20, 1), (20, 1)]


def test_the_interval_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(0).normal(3, 2, 400)
    got = bootstrap(lambda w: {"mean": values @ w / w.sum(0)}, 400, num_resamples=4000)["mean"]
    half = 1.96 * values.std() / 20
    assert got.value == pytest.approx(values.mean())
    assert (got.low, got.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)


def test_no_resamples_give_no_width():
    got = bootstrap(lambda w: {"n": w.sum(0)}, 5, num_resamples=0)["n"]
    assert (got.value, got.low, got.high) == (5, 5, 5)


def test_an_interval_is_widened_to_hold_its_value():
    got = interval(0.1, np.linspace(0.2, 0.3, 100))
    assert got.low == 0.1 and got.high == pytest.approx(0.2975, abs=1e-3)


def test_undefined_resamples_are_ignored():
    got = interval(1.0, np.array([np.nan, 1.0, np.nan, 1.0]))
    assert (got.low, got.high) == (1, 1)
    assert np.isnan(interval(np.nan, np.array([1.0])).low)
    assert interval(0.5, np.array([np.nan])).high == 0.5
