import numpy as np
import pytest

from foveal.metrics import bootstrap as module
from foveal.metrics.bootstrap import bootstrap, resample, unit_ids
from foveal.metrics.contract import Scale, Verdict


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


def test_groups_are_drawn_together():
    groups = np.array([7, 7, 3, 3, 3, 9])
    weights = np.concatenate(list(resample(6, 200, 0, groups=groups)), axis=1)
    assert (weights[0] == weights[1]).all() and (weights[2] == weights[3]).all() and (weights[3] == weights[4]).all()
    assert (weights[[0, 2, 5]].sum(0) == 3).all() and len(np.unique(weights[5])) > 1


def test_unit_ids_have_no_gaps():
    assert unit_ids(np.array([7, 3, 7, 9]), 4).tolist() == [1, 0, 1, 2]
    assert unit_ids(None, 3).tolist() == [0, 1, 2]


class Mean(Verdict):
    """The mean of (N,) values between 0 and 1."""

    scales = {"mean": Scale()}  # noqa: RUF012

    def __init__(self, values):
        self.values, self.num_images = values, len(values)

    def score(self, weights):
        return {"mean": self.values @ weights / weights.sum(0)}


def test_the_interval_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(0).beta(8, 8, 400)
    got = bootstrap(Mean(values), num_resamples=2000)["mean"]
    half = 1.96 * values.std() / 20
    assert got.value == pytest.approx(values.mean())
    assert (got.low, got.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.003)


def test_the_interval_of_groups_is_that_of_their_means():
    """Images of a group are alike: forty groups of ten are forty values."""
    values = np.random.default_rng(0).beta(8, 8, 40)
    alone = bootstrap(Mean(values), num_resamples=2000)["mean"]
    grouped = bootstrap(Mean(values.repeat(10)), num_resamples=2000, groups=np.arange(40).repeat(10))["mean"]
    blind = bootstrap(Mean(values.repeat(10)), num_resamples=2000)["mean"]
    assert (grouped.low, grouped.high) == pytest.approx((alone.low, alone.high), abs=1e-6)
    assert blind.high - blind.low < 0.5 * (grouped.high - grouped.low)


def test_no_resamples_give_no_width():
    got = bootstrap(Mean(np.array([0.5, 1.0])), num_resamples=0)["mean"]
    assert (got.value, got.low, got.high) == (0.75, 0.75, 0.75)
