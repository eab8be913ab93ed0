import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.metrics.classification.calibration import (
    best_threshold,
    fit_sigmoid_temperature,
    fit_temperature,
    threshold_of_precision,
)


def f1_score(truth, predicted) -> float:
    return 2 * (truth * predicted).sum() / max(1, truth.sum() + predicted.sum())


def softmax_loss(logits, truth, t):
    z = logits / t
    z = z - z.max(1, keepdims=True)
    return float((np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), truth]).mean())


def sample(seed: int, num_images: int, num_classes: int):
    """Logits that are right at temperature 1: the truth is drawn from their softmax."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (num_images, num_classes))
    truth = (logits + rng.gumbel(size=logits.shape)).argmax(1)
    return logits, truth


@pytest.mark.parametrize("t", [0.25, 1.0, 3.0])
def test_finds_the_temperature_that_was_applied(t):
    logits, truth = sample(0, 20000, 5)
    assert fit_temperature(logits * t, truth) == pytest.approx(t, rel=0.05)


def test_minimises_the_loss_when_images_are_many():
    logits, truth = sample(1, 4000, 10)
    t = fit_temperature(logits * 1.7, truth)
    best = softmax_loss(logits * 1.7, truth, t)
    for other in np.geomspace(0.05, 20, 400):
        assert best <= softmax_loss(logits * 1.7, truth, other) + 1e-6


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(2, 5), st.floats(0.01, 100))
def test_never_worse_than_no_temperature(seed, num_images, num_classes, scale):
    logits, truth = sample(seed, num_images, num_classes)
    t = fit_temperature(logits * scale, truth)
    assert 0.05 <= t <= 20
    assert softmax_loss(logits * scale, truth, t) <= softmax_loss(logits * scale, truth, 1.0) + 1e-9


def test_a_few_images_all_right_do_not_make_the_model_certain():
    logits = np.eye(3)[[0, 1, 2, 0]] * 2.0
    t = fit_temperature(logits, np.array([0, 1, 2, 0]))
    assert 0.2 < t < 1


def test_all_wrong_cools_the_model_down():
    logits = np.eye(3)[[0, 1, 2, 0]] * 5.0
    assert 2 < fit_temperature(logits, np.array([1, 2, 0, 2])) <= 20


def test_huge_logits_stay_finite():
    logits = np.array([[1e4, -1e4], [-1e4, 1e4], [1e4, -1e4]])
    assert 0.05 <= fit_temperature(logits, np.array([0, 1, 1])) <= 20
    assert 0.05 <= fit_sigmoid_temperature(logits, np.array([[1, 0], [0, 1], [0, 1]])) <= 20


def test_nothing_to_fit_on():
    assert fit_temperature(np.empty((0, 3)), np.empty(0, int)) == 1
    assert fit_temperature(np.ones((4, 1)), np.zeros(4, int)) == 1
    assert fit_sigmoid_temperature(np.empty((0, 3)), np.empty((0, 3))) == 1
    assert best_threshold(np.empty((0, 3)), np.empty((0, 3))) == 0.5


@pytest.mark.parametrize("t", [0.4, 1.0, 2.5])
def test_finds_the_sigmoid_temperature(t):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (8000, 4))
    truth = (rng.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(int)
    assert fit_sigmoid_temperature(logits * t, truth) == pytest.approx(t, rel=0.05)


@pytest.mark.parametrize("seed", range(20))
def test_no_threshold_has_a_better_f1(seed):
    rng = np.random.default_rng(seed)
    truth = (rng.random((30, 3)) < 0.3).astype(int)
    scores = np.round(np.clip(0.3 * truth + rng.random(truth.shape) * 0.7, 0, 1), 2)
    t = best_threshold(scores, truth)
    got = f1_score(truth, scores >= t)
    for other in np.linspace(0.001, 1, 500):
        assert got >= f1_score(truth, scores >= other) - 1e-12


def test_threshold_by_hand():
    assert best_threshold(np.array([[0.9, 0.7, 0.2, 0.1]]), np.array([[1, 1, 0, 0]])) == 0.5
    assert best_threshold(np.array([[0.4, 0.2, 0.1]]), np.array([[1, 1, 0]])) == pytest.approx(0.15)
    assert best_threshold(np.array([[0.4, 0.2]]), np.array([[0, 0]])) == 0.5
    assert 0 < best_threshold(np.array([[0.0, 0.0]]), np.array([[1, 1]])) < 1e-30


def test_the_lowest_threshold_of_a_wanted_precision() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])[:, None]
    truth = np.array([1, 1, 0, 1, 1, 0])[:, None]
    assert threshold_of_precision(scores, truth, 0.99) == pytest.approx(0.75)  # 2 of 2, and no more than those
    assert threshold_of_precision(scores, truth, 0.75) == pytest.approx(0.45)  # 4 of 5
    assert threshold_of_precision(scores, truth, 0.5) == pytest.approx(0.2)  # all of them, 4 of 6
    assert threshold_of_precision(scores, 1 - truth, 0.9) == pytest.approx(0.2)  # never reached: the most, 2 of 6
    assert threshold_of_precision(scores, 0 * truth, 0.9) == 0.5
