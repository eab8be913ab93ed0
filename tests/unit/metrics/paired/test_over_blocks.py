"""Paired differences over the blocks of a stream, against SciPy's paired t-test."""

import math

import numpy as np
import pytest

from foveal.metrics.paired.over_blocks import over_blocks

stats = pytest.importorskip("scipy.stats")


def test_it_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(2, 0.1, 5), rng.normal(1.9, 0.1, 5)
    found, theirs = over_blocks(a, b, "mae"), stats.ttest_rel(b, a)
    between = theirs.confidence_interval(0.95)
    assert found.p == pytest.approx(theirs.pvalue, abs=1e-9) and found.test == "paired_t"
    assert (found.low, found.high) == pytest.approx((between.low, between.high), abs=1e-9)
    assert found.difference == pytest.approx(b.mean() - a.mean()) and (found.a, found.b) == (a.mean(), b.mean())
    wider = over_blocks(a, b, "mae", alpha=0.025)
    assert wider.low < found.low and wider.high > found.high


def test_equal_settings_and_too_few_blocks() -> None:
    same = over_blocks(np.array([1.0, 2.0]), np.array([1.0, 2.0]), "mae")
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1) and math.isnan(same.smallest_visible)
    lone = over_blocks(np.array([1.0, math.nan]), np.array([1.5, 2.0]), "mae")
    assert lone.difference == 0.5 and math.isnan(lone.p) and math.isnan(lone.low)


def test_false_alarms_are_as_rare_as_the_level() -> None:
    rng = np.random.default_rng(1)
    seen = [over_blocks(*rng.normal(size=(2, 5)), "mae") for _ in range(2000)]
    share = np.mean([one.low > 0 or one.high < 0 for one in seen])
    assert 0.035 < share < 0.065
