"""Gains per minute, ties, and what is not seen to be better."""

import pytest

from foveal.tune.advice.ranking import Gain, ranked


def gain(name: str, value: float, *, half: float, minutes: float) -> Gain:
    return Gain(name, name, {}, 0.8 + value, value, value - half, value + half, minutes, 3)


def test_the_best_for_its_time_comes_first() -> None:
    order = ranked([gain("slow", 0.06, half=0.01, minutes=10), gain("fast", 0.03, half=0.005, minutes=1)])
    assert [(one.name, one.rank) for one in order] == [("fast", 1), ("slow", 2)]
    assert order[0].per_minute == pytest.approx(0.03) and order[0].decision == "better"


def test_what_cannot_be_told_apart_shares_a_rank() -> None:
    order = ranked(
        [
            gain("a", 0.030, half=0.02, minutes=1),
            gain("b", 0.025, half=0.02, minutes=1),
            gain("c", 0.002, half=0.001, minutes=1),
        ]
    )
    assert [(one.name, one.rank) for one in order] == [("a", 1), ("b", 1), ("c", 3)]


def test_no_difference_and_worse_come_last() -> None:
    order = ranked(
        [
            gain("worse", -0.05, half=0.01, minutes=1),
            gain("nothing", 0.01, half=0.02, minutes=1),
            gain("neither", -0.01, half=0.02, minutes=1),
            gain("better", 0.05, half=0.01, minutes=50),
        ]
    )
    assert [one.name for one in order] == ["better", "nothing", "neither", "worse"]
    assert [one.rank for one in order] == [1, 2, 2, 4]
    assert [one.decision for one in order] == ["better", "no difference seen", "no difference seen", "worse"]


def test_a_change_that_costs_nothing_has_a_finite_rate() -> None:
    assert gain("free", 0.05, half=0.01, minutes=-2).per_minute == pytest.approx(1.0)
