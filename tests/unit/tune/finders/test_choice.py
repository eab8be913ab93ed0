"""Which batch sizes are tried, which is chosen, and the rate that goes with it."""

import math

import pytest

from foveal.tune.finders.attempts import Attempt
from foveal.tune.finders.choice import choose, foreseen, grows, next_larger, scaled, scaling_rule
from foveal.tune.finders.memory import Memory

GIB = 2**30


def tried(size: int, speed: float, *, base: float = 0.5, most: float = 1.0, limit: float = 2.0) -> Attempt:
    memory = Memory("container", round(limit * GIB), round(base * GIB), round(most * GIB))
    return Attempt(size, "measured" if memory.fits else "too_large", speed, size / speed, (memory,))


def test_the_smallest_within_five_percent_of_the_best_is_chosen() -> None:
    tries = [tried(8, 90), tried(16, 95.1), tried(32, 100), tried(64, 99)]
    best = choose(tries)
    assert best is not None and best.batch_size == 16
    assert choose([]) is None


def test_what_leaves_less_than_a_tenth_is_not_chosen() -> None:
    tries = [tried(8, 50, most=1.0), tried(16, 100, most=1.79), tried(32, 200, most=1.81)]
    best = choose(tries)
    assert [one.state for one in tries] == ["measured", "measured", "too_large"]
    assert best is not None and best.batch_size == 16


def test_memory_is_foreseen_from_the_nearest_batch() -> None:
    """Steps of 16 images take 0.5 GiB above the base of 0.5, so 32 take 1.5 in all and 64 would take 2.5."""
    tries = [tried(8, 50, most=0.75), tried(16, 100, most=1.0)]
    assert foreseen(tries, 32) == []
    (lacking,) = foreseen(tries, 64)
    assert lacking.most_bytes == pytest.approx(2.5 * GIB)
    assert foreseen([Attempt(8, "out_of_memory")], 4) == []


def test_larger_batches_are_tried_while_they_bring_something() -> None:
    assert next_larger(24, 195) == 48 and next_larger(100, 195) == 195 and next_larger(195, 195) is None
    assert grows([tried(8, 50)])
    assert grows([tried(8, 50), tried(16, 51)])
    assert not grows([tried(8, 50), tried(16, 51), tried(32, 52)])
    assert grows([tried(8, 50), tried(16, 51), tried(32, 60)])


@pytest.mark.parametrize(
    ("optimizer", "rule", "rate"),
    [("adamw", "square root", 2e-4), ("SGD", "linear", 4e-4), ("lamb", "square root", 2e-4)],
)
def test_the_rate_is_scaled(optimizer: str, rule: str, rate: float) -> None:
    assert scaling_rule(optimizer) == rule
    assert scaled(1e-4, 4, scaling_rule(optimizer)) == pytest.approx(rate)


def test_an_attempt_that_was_not_measured_has_no_numbers_in_json() -> None:
    assert Attempt(8, "out_of_memory").to_dict()["images_per_s"] is None
    assert math.isnan(Attempt(8, "out_of_memory").images_per_s)
