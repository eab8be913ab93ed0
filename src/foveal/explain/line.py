"""Integrated gradients along a line of inputs: few steps, whose weights are set so that they add up.

The slope of the score along the line is what the gradients add up to at each step, and its integral is known exactly:
the change of the score from one end to the other. Steps alone miss it by some percent, since the slope of a network
jumps from step to step. Its known integral is used as a control variate, as in calibrated weights for samples whose
totals are known (Deville and Särndal 1992): weights are changed as little as possible, by about a percent, so that
the slopes add up. What the plain steps missed says whether they were enough.

Shapes: n steps, S T height and width of the input, h w of a map.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from foveal.brief import brief
from foveal.types.arrays import FloatArray

STEPS, BATCH_SIZE = 64, 8
MISSED = 0.05
"""Part of the score's change that plain steps may miss; where they miss more, each is divided into three."""
LEAST_CHANGE = 1e-6
MOST_CHANGE = 0.5
"""Largest part by which a step's weight is changed."""
Score = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Line:
    """The steps along a line.

    Attributes:
        places: (n,) of the steps, from 0 to 1.
        weights: (n,) that sum to 1.
        grids: (n, h, w) gradients times the line's direction, gathered into cells; the mean of each is the slope.
        missed: The part of the score's change that steps of equal weight miss, in [0, 1] and beyond.
    """

    places: FloatArray
    weights: FloatArray
    grids: FloatArray
    missed: float

    __repr__ = brief

    @property
    def grid(self) -> FloatArray:
        """(h, w) the integral."""
        integral: FloatArray = np.tensordot(self.weights, self.grids, 1)
        return integral


def integrate(score: Score, inputs: Tensor, baseline: Tensor, gather: Callable[[Tensor], FloatArray]) -> Line:
    """Integrate the gradients of a score from a baseline to the inputs.

    Args:
        score: From inputs (B, 3, S, T) to (B,).
        inputs: (1, 3, S, T).
        baseline: (1, 3, S, T).
        gather: From (1, 3, S, T) values to a map (h, w) whose mean is their sum.
    """
    with torch.no_grad():
        before, after = (float(score(end)) for end in (baseline, inputs))
    change, direction = after - before, inputs - baseline
    places = (np.arange(STEPS) + 0.5) / STEPS
    grids = _slopes(score, baseline, direction, places, gather)
    if missed_by(grids, change) > MISSED:
        third = 1 / (3 * STEPS)
        around = np.concatenate([places - third, places + third])
        grids = np.concatenate([grids, _slopes(score, baseline, direction, around, gather)])
        places = np.concatenate([places, around])
    return Line(places, balanced(grids.mean((1, 2)), change), grids, missed_by(grids, change))


def missed_by(grids: FloatArray, change: float) -> float:
    """The part of the score's change that steps of equal weight miss."""
    return abs(float(grids.mean()) - change) / max(abs(change), LEAST_CHANGE)


def balanced(slopes: FloatArray, change: float) -> FloatArray:
    """(n,) weights near 1 / n with which slopes add up to the change; where they cannot, they come nearest.

    Args:
        slopes: (n,).
        change: What they should add up to.
    """
    equal, away = 1 / len(slopes), slopes - slopes.mean()
    spread = float((away**2).mean())
    if spread <= 0:
        return np.full(len(slopes), equal)
    moved = (change - float(slopes.mean())) / spread * away
    weights: FloatArray = equal * (1 + moved * min(1.0, MOST_CHANGE / max(float(np.abs(moved).max()), 1e-12)))
    return weights


def _slopes(
    score: Score, baseline: Tensor, direction: Tensor, places: FloatArray, gather: Callable[[Tensor], FloatArray]
) -> FloatArray:
    grids = []
    for start in range(0, len(places), BATCH_SIZE):
        at = torch.as_tensor(places[start : start + BATCH_SIZE], dtype=direction.dtype, device=direction.device)
        points = (baseline + at[:, None, None, None] * direction).requires_grad_()
        with torch.enable_grad():
            (gradients,) = torch.autograd.grad(score(points).sum(), points)
        grids += [gather(gradient[None] * direction) for gradient in gradients]
    return np.stack(grids)
