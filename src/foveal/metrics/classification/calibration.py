"""Calibrating scores: one temperature for all logits, one threshold for all labels.

Temperature scaling (Guo et al. 2017) divides logits by T, which leaves the predictions unchanged. T is fitted on
validation images as the most probable one under a weak prior, log T ~ Normal(0, 1): with many images the prior vanishes
and T minimises the negative log likelihood; with few, or when every prediction is right, it keeps T from running off to
a bound.

Shapes: N images, K classes.
"""

from collections.abc import Callable

import numpy as np

from foveal.types.arrays import Array, FloatArray, IntArray

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
"""Bounds of T."""
PRIOR_SD = 1.0
"""Standard deviation of the prior of log T; it weighs about as much as one image."""
COARSE = 33
"""Temperatures tried before the search narrows: steps of a factor 1.2."""
GOLDEN = (5**0.5 - 1) / 2
"""Fraction of a bracket that a golden-section step keeps."""


def fit_temperature(logits: FloatArray, truth: IntArray) -> float:
    """Temperature for softmax(logits / T).

    Args:
        logits: (N, K) of validation images.
        truth: (N,) class ids.

    Returns:
        T in [0.05, 20]; 1 without images or with a single class.
    """
    logits = np.asarray(logits, np.float64)
    num_images, num_classes = logits.shape
    if not num_images or num_classes < 2:
        return 1.0
    margins = logits - logits[np.arange(num_images), truth][:, None]

    def loss(log_t: float) -> float:
        scaled = margins * np.exp(-log_t)
        top = scaled.max(1)
        return float((top + np.log(np.exp(scaled - top[:, None]).sum(1))).sum())

    return _most_probable(loss)


def fit_sigmoid_temperature(logits: FloatArray, truth: Array) -> float:
    """Temperature for sigmoid(logits / T).

    Args:
        logits: (N, K) of validation images.
        truth: (N, K) 0 or 1.

    Returns:
        T in [0.05, 20]; 1 without images.
    """
    if not np.size(logits):
        return 1.0
    margins = np.where(np.asarray(truth) > 0, -1.0, 1.0) * np.asarray(logits, np.float64)
    size, wrong = np.abs(margins), np.maximum(margins, 0.0).sum()

    def loss(log_t: float) -> float:
        sharpness = float(np.exp(-log_t))
        return float(wrong * sharpness + np.log1p(np.exp(size * -sharpness)).sum())

    return _most_probable(loss)


def best_threshold(scores: FloatArray, truth: Array) -> float:
    """The threshold with the best F1 over all binary decisions (micro F1).

    Args:
        scores: (N, K) in [0, 1] of validation images; temperature already applied.
        truth: (N, K) 0 or 1.

    Returns:
        A number in (0, 1], halfway between two scores; labels with at least this score are predicted. 0.5 if no label
        is true; of ties the one nearest to 0.5.
    """
    flat, positive = np.asarray(scores, np.float64).ravel(), np.asarray(truth).ravel() > 0
    if not positive.any():
        return 0.5
    order = np.argsort(-flat, kind="stable")
    ranked = flat[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    f1 = 2 * np.cumsum(positive[order])[last] / (last + 1 + positive.sum())
    below = np.append(ranked, 0.0)[last + 1]
    cuts = (ranked[last] + below) / 2
    holds_half = (below < 0.5) & (ranked[last] >= 0.5)
    cuts = np.where(holds_half, 0.5, cuts)
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    best = best[cuts[best] > 0] if (cuts[best] > 0).any() else best
    return float(max(cuts[best[np.argmin(np.abs(cuts[best] - 0.5))]], np.finfo(np.float32).tiny))


def threshold_of_precision(scores: FloatArray, truth: Array, wanted: float) -> float:
    """The lowest threshold that keeps a precision, over all binary decisions: of those that do, the most recall.

    Args:
        scores: (N, K) in [0, 1] of validation images; temperature already applied.
        truth: (N, K) 0 or 1.
        wanted: Precision, above 0 and below 1.

    Returns:
        A number in (0, 1], halfway between two scores. Where no threshold has that precision, the one with the most,
        and of those the lowest; 0.5 if no label is true.
    """
    flat, positive = np.asarray(scores, np.float64).ravel(), np.asarray(truth).ravel() > 0
    if not positive.any():
        return 0.5
    order = np.argsort(-flat, kind="stable")
    ranked = flat[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    precision = np.cumsum(positive[order])[last] / (last + 1)
    enough = np.flatnonzero(precision >= min(wanted, precision.max()) - 1e-12)
    at = last[enough[-1]]
    below = ranked[at + 1] if at + 1 < len(ranked) else 0.0
    return float(max((ranked[at] + below) / 2, np.finfo(np.float32).tiny))


def _most_probable(loss: Callable[[float], float]) -> float:
    """The T that minimises ``loss(log T)`` plus the prior: a coarse scan, then golden section."""

    def cost(log_t: float) -> float:
        return loss(log_t) + 0.5 * (log_t / PRIOR_SD) ** 2

    grid = np.linspace(np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE), COARSE)
    costs = [cost(float(x)) for x in grid]
    best = int(np.argmin(costs))
    low, high = float(grid[max(0, best - 1)]), float(grid[min(COARSE - 1, best + 1)])
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    cost_left, cost_right = cost(left), cost(right)
    while high - low > 1e-7:
        if cost_left <= cost_right:
            high, right, cost_right = right, left, cost_left
            left = high - GOLDEN * (high - low)
            cost_left = cost(left)
        else:
            low, left, cost_left = left, right, cost_right
            right = low + GOLDEN * (high - low)
            cost_right = cost(right)
    return float(np.exp((low + high) / 2))
