import math

import pytest
from tests.clocks import set_clock

from foveal.engine import clock as module
from foveal.engine.clock import Began, Clock, Closing, process_began


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be changed."""
    now = [1000.0]
    set_clock(monkeypatch, module, monotonic=lambda: now[0])
    return now


def test_time_goes_on_from_earlier_lives(now: list[float]) -> None:
    clock, free = Clock(30.0, budget_s=100.0), Clock()
    assert (clock.elapsed_s, free.elapsed_s) == (30.0, 0.0)
    now[0] += 20
    assert clock.elapsed_s == 50.0
    assert clock.left_s == 50.0
    assert (free.left_s, free.progress, free.is_over) == (math.inf, 0.0, False)


def test_a_budget_counts_from_the_command_and_leaves_time_for_what_follows_the_last_step(now: list[float]) -> None:
    clock = Clock(budget_s=100.0, began=Began(990.0), closing=Closing(passes=3, fixed_s=5))
    clock.validation_s = 5.0
    now[0] += 10
    clock.begin_training()
    assert clock.closing_s == 20.0
    assert (clock.elapsed_s, clock.left_s, clock.progress) == (20.0, 60.0, 0.0)
    now[0] += 45
    assert clock.progress == 0.75
    now[0] += 14
    assert not clock.is_over
    clock.step_s = 3.0
    assert clock.is_over, "of the next step of 3 s, 2 would exceed the budget"
    now[0] += 1
    assert clock.progress == 1.0


def test_before_an_evaluation_was_timed_its_duration_follows_from_that_of_a_step(now: list[float]) -> None:
    clock = Clock(budget_s=100.0, closing=Closing(passes=2, share=10))
    clock.step_s = 1.5
    assert clock.closing_s == 30.0
    clock.validation_s = 4.0
    assert clock.closing_s == 8.0


def test_the_first_step_does_not_count(now: list[float]) -> None:
    clock = Clock(budget_s=100.0)
    clock.add_step(20.0)
    assert clock.step_s == 0.0
    clock.add_step(1.0)
    clock.add_step(3.0)
    assert clock.step_s == 2.0


def test_a_budget_given_later_does_not_count_what_was_before(now: list[float]) -> None:
    clock = Clock(70.0, budget_s=40.0, since_s=70.0)
    clock.begin_training()
    now[0] += 10
    assert (clock.left_s, clock.progress) == (30.0, 0.25)


def test_the_schedule_of_a_resumed_run_goes_on(now: list[float]) -> None:
    clock = Clock(50.0, budget_s=100.0, trained_from_s=20.0)
    clock.begin_training()
    assert clock.progress == 30 / 80


def test_preparations_get_a_quarter_of_what_is_left(now: list[float]) -> None:
    began = Began(980.0)
    assert began.share_s(100.0) == 20.0
    assert began.share_s(10.0) == 1.0
    assert began.share_s(None) is None


def test_this_process_began_before_now() -> None:
    age = module.time.monotonic() - process_began()
    assert 0 < age < 24 * 3600
    assert module._age_by_psutil() == pytest.approx(age, abs=2)
