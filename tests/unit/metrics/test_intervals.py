import numpy as np
import pytest
from scipy import stats

from foveal.metrics.contract import Scale
from foveal.metrics.intervals import Evidence, effective_units, interval, student, wilson

MORE, LESS = Scale(), Scale("less")


def evidence(units: int) -> Evidence:
    return Evidence.of(np.array([float(units)]), units)


@pytest.mark.parametrize(("right", "tosses"), [(0, 20), (7, 20), (20, 20), (48, 49), (999, 1000)])
def test_wilsons_interval_is_scipys(right, tosses):
    want = stats.binomtest(right, tosses).proportion_ci(method="wilson")
    assert wilson(right / tosses, tosses) == pytest.approx((want.low, want.high), abs=1e-6)


@pytest.mark.parametrize("freedom", [1, 1.1, 1.7, 2, 2.5, 3.5, 5, 8, 15, 40, 200, 1e6])
def test_students_quantile_is_scipys(freedom):
    assert student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=0.01)


def test_units_of_equal_size_all_count_and_a_large_one_outweighs_others():
    assert effective_units(np.array([0, 0, 1, 1, 2]), np.array([1, 1, 1.0, 1, 2])).tolist() == [3]
    assert effective_units(np.arange(3), np.array([100.0, 1, 1])) == pytest.approx([102**2 / 10002])
    assert len(effective_units(np.arange(3), np.zeros(3))) == 0


def test_units_are_counted_by_class():
    units, labels = np.array([0, 0, 1, 1, 2, 2]), np.array([4, 4, 4, 1, 9, 9])
    amounts = np.array([1.0, 1, 2, 1, 3, 0])
    assert effective_units(units, amounts, labels).tolist() == [1, 2, 1]


def test_a_mean_over_classes_rests_on_the_rare_ones():
    assert Evidence.of(np.array([10.0, 10, 10]), 30) == Evidence(pytest.approx(30), pytest.approx(27))
    rare = Evidence.of(np.array([100.0, 100, 2]), 202)
    assert rare.units == pytest.approx(9 / 0.52) and 1 < rare.freedom < 1.2
    assert Evidence.of(np.empty(0), 5) == Evidence(1, 1)


def test_a_proportion_of_independent_images_is_wilsons_whatever_was_drawn():
    got = interval(0.9, np.array([0.2]), Scale(proportion=True), evidence(50), num_units=50, images=50)
    assert (got.low, got.high) == wilson(0.9, 50)


@pytest.mark.parametrize(("scale", "value"), [(MORE, 1.0), (LESS, 0.0), (Scale(whole=True), 1.0)])
def test_nothing_that_varies_is_as_sure_as_its_units(scale, value):
    got = interval(value, np.full(100, value), scale, evidence(49), num_units=49, images=49)
    assert got.value == value and (got.low, got.high) == pytest.approx(wilson(value, 49, student(48)))


def test_a_perfect_loss_without_bound_may_still_have_missed_something():
    scale = Scale("less", top=np.log(2), bounded=False)
    got = interval(0.0, np.zeros(100), scale, evidence(49), num_units=49, images=49)
    assert got.low == 0 and got.high == pytest.approx(np.log(2) * wilson(0, 49, student(48))[1])


def test_a_loss_above_what_ignorance_costs_has_an_interval_on_both_sides():
    samples = np.random.default_rng(0).normal(5, 0.5, 1000)
    got = interval(5.0, samples, Scale("less", top=0.7, bounded=False), evidence(100), num_units=100, images=100)
    assert (got.low, got.high) == pytest.approx((5 * np.exp(-0.2), 5 * np.exp(0.2)), rel=0.02)


def test_an_image_that_is_right_or_wrong_says_no_more_than_a_toss():
    samples = np.full(100, 0.7)
    sure = interval(0.7, samples, MORE, evidence(40), num_units=40, images=40)
    whole = interval(0.7, samples, Scale(whole=True), evidence(40), num_units=40, images=40)
    assert whole.high - whole.low > 2 * (sure.high - sure.low)
    assert whole.low == pytest.approx(wilson(0.7, 40, student(39))[0])


def test_noise_that_adds_to_a_loss_is_taken_off_at_the_low_end():
    """Of a calibrated model the error of resamples is the root of two times as large (see ``_without_bias``)."""
    samples = np.random.default_rng(0).normal(0.1 * 2**0.5, 0.02, 1000)
    assert interval(0.1, samples, LESS, evidence(100), num_units=100, images=100).low < 0.01


def test_undefined_resamples_are_ignored():
    args = {"num_units": 5, "images": 5}
    got = interval(1.0, np.array([np.nan, 1.0, np.nan, 1.0]), MORE, evidence(5), **args)
    assert got.high == 1 and 0.3 < got.low < 0.6
    assert np.isnan(interval(np.nan, np.array([1.0]), MORE, evidence(5), **args).low)
    assert interval(0.5, np.array([np.nan]), MORE, evidence(5), **args).high == 0.5
