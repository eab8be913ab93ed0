import numpy as np
import pytest

from foveal.metrics.counts import Counts, Groups, mean_where, ratio


def test_a_ratio_without_a_denominator():
    assert ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0])).tolist() == [0.5, 0.0]
    assert np.isnan(ratio(np.array([1.0]), np.array([0.0]), empty=np.nan)).all()


def test_mean_where():
    values = np.array([[1.0, np.nan], [3.0, np.nan]])
    assert mean_where(values, np.isfinite(values), empty=-1.0).tolist() == [2.0, -1.0]


def test_groups_sum_and_leave_empty_ones_at_zero():
    ids = np.array([3, 1, 3, 0])
    weights = np.array([[1, 2], [4, 0], [3, 1], [5, 5]], np.float32)
    want = np.array([[5, 5], [4, 0], [0, 0], [4, 3], [0, 0]])
    assert (Groups(ids, 5).sum(weights) == want).all()


def test_averages_leave_out_a_class_without_images():
    counts = Counts(*(np.array(x, float)[:, None] for x in ([2, 0, 0, 0], [2, 1, 0, 0], [3, 0, 0, 1])))
    assert counts.precision[:, 0] == pytest.approx([1, np.nan, np.nan, 0], nan_ok=True)
    assert counts.recall[:, 0] == pytest.approx([2 / 3, np.nan, np.nan, 0], nan_ok=True)
    assert counts.f1[:, 0] == pytest.approx([4 / 5, np.nan, np.nan, 0], nan_ok=True)
    got = {name: value[0] for name, value in (counts.macro() | counts.weighted() | counts.micro()).items()}
    assert got["precision_macro"] == 0.5
    assert got["recall_macro"] == pytest.approx(1 / 3)
    assert got["precision_weighted"] == pytest.approx(3 / 4)
    assert got["recall_weighted"] == pytest.approx(2 / 4)
    assert got["precision_micro"] == pytest.approx(2 / 3)


def test_without_any_image_all_averages_are_undefined():
    counts = Counts(*(np.array(x, float)[:, None] for x in ([0, 0], [1, 0], [0, 0])))
    assert np.isnan(list((counts.macro() | counts.weighted() | counts.micro()).values())).all()
