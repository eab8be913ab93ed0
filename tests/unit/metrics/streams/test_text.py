"""Bits per character: worked numbers, and intervals by blocks."""

import numpy as np
import pytest

from foveal.errors import DataError
from foveal.metrics.streams.text import surprise, text_results

NAMES = ["a", "b", "c", "d"]


def test_surprise_of_known_odds() -> None:
    facts = surprise(np.log([[0.5, 0.25, 0.125, 0.125]] * 2), np.array([0, 2]))
    np.testing.assert_allclose(facts, [[1, 1], [3, 0]], atol=1e-12)


def test_the_numbers() -> None:
    facts, truth = np.array([[1.0, 1], [3, 0], [1, 1], [3, 0]] * 50), np.array([0, 2, 0, 1] * 50)
    results = text_results([facts], [truth], NAMES)
    values = {name: one.value for name, one in results.metrics.items()}
    assert values == {"bits_per_char": 2.0, "perplexity": 4.0, "accuracy": 0.5}
    assert results.images == 200 and results.better["bits_per_char"] == "less"
    assert list(results.per_class) == ["a", "b", "c"], "the most frequent first, those that occur"
    assert results.per_class["b"] == {"bits": 3.0, "accuracy": 0.0, "count": 50.0}


def test_characters_that_hang_together_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    alone = rng.exponential(2, 20_000)
    together = np.repeat(rng.exponential(2, 20_000 // 400), 400)
    widths = []
    for bits in (alone, together):
        facts = np.stack([bits, np.zeros(len(bits))], 1)
        one = text_results([facts], [np.zeros(len(bits), np.int64)], NAMES).metrics["bits_per_char"]
        assert one.low < one.value < one.high
        widths.append(one.high - one.low)
    assert widths[1] > 5 * widths[0]


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """A stream whose surprise wanders (an AR(1) with a memory of about 20 characters)."""
    rng, held = np.random.default_rng(1), 0
    for _ in range(60):
        noise = rng.standard_normal((8000, 1))
        level = np.zeros(8000)
        for i in range(1, 8000):
            level[i] = 0.95 * level[i - 1] + noise[i, 0]
        facts = np.stack([4 + 0.3 * level, np.zeros(8000)], 1)
        one = text_results([facts], [np.zeros(8000, np.int64)], NAMES, num_resamples=200).metrics["bits_per_char"]
        held += one.low <= 4 <= one.high
    assert 51 <= held <= 60


def test_nothing_to_evaluate() -> None:
    with pytest.raises(DataError, match="There is no text to evaluate"):
        text_results([np.zeros((0, 2))], [np.zeros(0, np.int64)], NAMES)
