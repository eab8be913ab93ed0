import pytest

from foveal.engine import clock as module
from foveal.engine.clock import RESERVE, Clock


def test_time_goes_on_from_earlier_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    clock, free = Clock(30.0, budget_s=100.0), Clock()
    assert (clock.elapsed_s, free.elapsed_s) == (30.0, 0.0)
    now[0] += 20
    assert clock.elapsed_s == 50.0
    assert clock.progress == pytest.approx(0.5 / (1 - RESERVE))
    assert free.progress == 0


def test_a_budget_given_later_does_not_count_what_was_before(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    clock = Clock(30.0, budget_s=100.0, since_s=30.0)
    assert clock.progress == 0
    now[0] += 20
    assert clock.progress == pytest.approx(0.2 / (1 - RESERVE))
