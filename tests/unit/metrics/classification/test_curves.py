import numpy as np
import pytest
from sklearn import metrics as sk

from foveal.metrics.classification.curves import MAX_POINTS, bins, precision_recall_curve, reliability, roc_curve


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    assert bins(np.array([0.0, 1 / 15, 0.07, 1.0])).tolist() == [0, 0, 1, 14]


def test_reliability_by_hand():
    got = reliability(np.array([0.95, 0.97, 0.51]), np.array([1.0, 0.0, 1.0]))
    assert got.confidence == pytest.approx([0.51, 0.96])
    assert got.accuracy == pytest.approx([1.0, 0.5])
    assert got.decisions.tolist() == [1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_roc_has_the_area_that_scikit_learn_says(seed):
    rng = np.random.default_rng(seed)
    positive = rng.random(80) < 0.4
    scores = np.round(rng.random(80) + 0.3 * positive, 1)
    x, y = roc_curve(scores, positive)
    assert np.trapezoid(y, x) == pytest.approx(sk.roc_auc_score(positive, scores), abs=1e-12)


def test_precision_recall_by_hand():
    recall, precision = precision_recall_curve(np.array([0.9, 0.8, 0.7, 0.1]), np.array([True, False, True, False]))
    assert recall.tolist() == [0, 0.5, 0.5, 1]
    assert precision == pytest.approx([1, 1, 0.5, 2 / 3])


def test_long_curves_are_thinned_and_keep_their_ends():
    rng = np.random.default_rng(0)
    positive = rng.random(20000) < 0.5
    for x, _ in (curve(rng.random(20000), positive) for curve in (roc_curve, precision_recall_curve)):
        assert len(x) <= MAX_POINTS and x[0] == 0 and x[-1] == 1
