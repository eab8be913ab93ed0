"""Integrated gradients add up with few steps, and tell when the steps were too few."""

import numpy as np
import pytest
import torch
from torch import Tensor

from foveal.explain.line import MISSED, STEPS, balanced, integrate


def gather(values: Tensor) -> np.ndarray:
    return values.double().sum(1)[0].numpy() * values.shape[2] * values.shape[3]


def line_of(score, end: float = 1.0):
    shape = (1, 3, 4, 4)
    direction = torch.linspace(0.1, 1, 48).reshape(shape)
    return integrate(score, end * direction, torch.zeros(shape), gather), direction


def test_of_a_square_the_integral_is_known() -> None:
    line, direction = line_of(lambda x: (x**2).sum((1, 2, 3)))
    np.testing.assert_allclose(line.grid, gather(direction**2), rtol=1e-5)
    assert len(line.places) == STEPS and line.missed < 1e-4


def test_a_jump_between_two_steps_is_missed_less_and_adds_up() -> None:
    """The slope is steep in a stretch of a hundredth only: 64 steps see it once or not at all."""

    def score(x: Tensor) -> Tensor:
        along = x.mean((1, 2, 3)) / direction.mean()
        return (along - 0.5).clamp(0, 0.012) * 50 + along

    direction = torch.linspace(0.1, 1, 48).reshape(1, 3, 4, 4)
    line, _ = line_of(score)
    change = float(score(direction) - score(0 * direction))
    assert len(line.places) == 3 * STEPS, "64 steps miss more than a twentieth"
    assert line.grid.mean() == pytest.approx(change, rel=1e-4)
    assert 1 / 12 > MISSED > line.missed
    np.testing.assert_allclose(np.sort(line.places), (np.arange(192) + 0.5) / 192, atol=1e-12)


def test_without_a_change_nothing_is_found() -> None:
    line, _ = line_of(lambda x: 0 * x.sum((1, 2, 3)) + 3)
    assert not line.grid.any() and line.missed == 0 and np.isfinite(line.weights).all()


def test_weights_are_moved_as_little_as_possible() -> None:
    slopes = np.random.default_rng(0).normal(2, 3, 64)
    change = 1.05 * float(slopes.mean())
    weights = balanced(slopes, change)
    assert weights.sum() == pytest.approx(1) and weights @ slopes == pytest.approx(change)
    moved = weights * 64 - 1
    assert np.abs(moved).max() < 0.2
    constraints = np.stack([np.ones(64), slopes])
    least = np.linalg.pinv(constraints) @ np.array([0, 64 * change - slopes.sum()])
    np.testing.assert_allclose(moved, least, atol=1e-9)


def test_what_no_weights_can_reach_is_approached() -> None:
    slopes = np.array([1.0, 1.1, 0.9, 1.0])
    weights = balanced(slopes, 5.0)
    assert weights.min() > 0 and weights.sum() == pytest.approx(1)
    assert slopes.mean() < weights @ slopes < 5
    assert balanced(np.ones(3), 5.0) == pytest.approx(np.full(3, 1 / 3))
