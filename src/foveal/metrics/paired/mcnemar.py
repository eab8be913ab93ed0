"""McNemar's exact test of two classifiers on the same images, and the smallest difference that it can see.

Only images that one model has right and the other wrong tell the two apart. If neither is better, each of those is as
likely to be the one's as the other's: a fair coin (McNemar 1947).

Shapes: n images on which one model alone is right.
"""

import math

import numpy as np

from foveal.metrics.paired.student import quantile
from foveal.types.arrays import FloatArray

POWER = 0.8
"""Probability with which a difference is seen, for it to count as visible (Cohen 1988)."""
MANY = 400
"""Expected images on which two models differ from which the normal approximation serves."""
INFINITE = math.inf


def exact_p(only_a: int, only_b: int) -> float:
    """The two-sided p-value.

    Args:
        only_a: Images that only the first model has right.
        only_b: Images that only the second has right.
    """
    return min(1.0, 2 * half_tail(only_a + only_b, min(only_a, only_b)))


def half_tail(n: int, k: int) -> float:
    """The probability of at most ``k`` heads of ``n`` tosses of a fair coin, exact to 1e-12.

    Terms are taken relative to the most probable one, so neither factorials nor their logarithms lose digits.
    """
    if k >= n:
        return 1.0
    half = n // 2
    below = np.arange(half, 0, -1, dtype=np.float64)
    terms = np.concatenate([[1.0], np.cumprod(below / (n + 1 - below))])  # of half, half - 1, ... 0 heads
    total = 2 * terms.sum() - (terms[0] if n % 2 == 0 else 0.0)
    if k <= half:
        return float(terms[half - k :].sum() / total)
    return 1.0 - half_tail(n, n - k - 1)


def power(images: int, disagreement: float, gain: float, *, alpha: float = 0.05) -> float:
    """The probability that the exact test declares a true difference.

    Args:
        images: Number of images.
        disagreement: Share of images on which one model alone is right.
        gain: True difference in accuracy, at most the disagreement.
        alpha: Level of the test.
    """
    if images * disagreement > MANY:
        needed = quantile(alpha, INFINITE) * math.sqrt(disagreement)
        spread = math.sqrt(max(disagreement - gain**2, 1e-12))
        return _normal((gain * math.sqrt(images) - needed) / spread)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, images + 1)))])
    seen = 0.0
    for n, chance in enumerate(_binomial(logs, images, disagreement)):
        if chance > 1e-9:
            wins = np.cumsum(_binomial(logs, n, 0.5 + 0.5 * gain / disagreement))
            fair = np.cumsum(_binomial(logs, n, 0.5))
            most = int(np.searchsorted(2 * fair, alpha * (1 + 1e-9), side="right")) - 1  # losses that are declared
            if most >= 0:
                seen += chance * float(wins[most] + 1 - wins[n - most - 1])
    return float(seen)


def smallest_visible(images: int, disagreement: float, *, alpha: float = 0.05) -> float:
    """The smallest true difference in accuracy that the test declares with a probability of 80%; 1: not even all.

    Args:
        images: Number of images.
        disagreement: Share of images on which one model alone is right; a larger difference comes with more.
        alpha: Level of the test.
    """
    low, high = 0.0, 1.0
    if power(images, 1.0, 1.0, alpha=alpha) < POWER:
        return 1.0
    for _ in range(14):
        middle = (low + high) / 2
        enough = power(images, max(disagreement, middle), middle, alpha=alpha) >= POWER
        low, high = (low, middle) if enough else (middle, high)
    return high


def _binomial(logs: FloatArray, n: int, p: float) -> FloatArray:
    """(n + 1,) probabilities of so many successes; ``logs`` are log factorials."""
    k = np.arange(n + 1)
    if p <= 0 or p >= 1:
        certain: FloatArray = (k == (n if p >= 1 else 0)).astype(np.float64)
        return certain
    chances: FloatArray = np.exp(logs[n] - logs[k] - logs[n - k] + k * math.log(p) + (n - k) * math.log1p(-p))
    return chances


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))
