from dataclasses import replace
from pathlib import Path

import pytest

from foveal.config.schema import RunConfig
from foveal.tune.search.budget import Budget, Cost, cost_of
from foveal.tune.space.dimension import Range, Space
from foveal.tune.study.plan import StudyPlan
from foveal.tune.study.trial import Trial
from foveal.types.goal import Goal

RUNGS = (1 / 9, 1 / 3, 1.0)
PLAN = StudyPlan(
    RunConfig(), "classify", Space((Range("optim.lr", 0.1, 1.0),)), Goal("accuracy"), RUNGS, 9, 20, 3, "f", 10, {}
)
COST = Cost(start_s=1, epoch_s=10, finish_s=9, epochs=9)


def trial(number: int, epochs_done: int, *, finished: bool = False, seconds: float = 0.0) -> Trial:
    rows = [{"epoch": float(k), "accuracy": 0.5, "seconds": 3 + 10.0 * k} for k in range(1, epochs_done + 1)]
    return Trial(number, Path(), {}, "", rows, {"train": {"epochs": 9}}, finished, None, None, seconds)


def test_what_a_trial_takes_is_measured() -> None:
    assert cost_of(trial(0, 9, finished=True, seconds=100)) == Cost(3, 10, 7, 9)
    assert cost_of(trial(1, 3), COST) == Cost(3, 10, 9, 9), "the report as of the default"
    assert cost_of(trial(1, 0), COST) is COST and cost_of(trial(1, 0)) is None
    assert COST.whole_s == 100 and COST.part_s(1 / 9, 1 / 3) == pytest.approx(21)


def test_the_confirmation_is_kept_free() -> None:
    plan = replace(PLAN, time_s=1500.0)
    assert Budget(plan, COST, 100).seeds == 3
    before = Budget(plan, COST, 100)
    assert COST.fold_s(3) == pytest.approx(1.1 * (1 + 75 + 9)) and COST.fold_s(2) == pytest.approx(1.1 * 66.25)
    assert before.search_s == pytest.approx(1400 - 1.15 * (6 * 93.5 + 32))
    assert before.allows(400) and not before.allows(700)
    assert before.allows_trial([]) and not Budget(plan, COST, 850).allows_trial([])


def test_less_time_means_fewer_seeds_and_then_no_search() -> None:
    assert [Budget(replace(PLAN, time_s=t), COST, 0).seeds for t in (2000.0, 900.0, 500.0)] == [3, 2, 0]
    assert Budget(replace(PLAN, time_s=500.0), COST, 100).search_s == 0
    least = Budget(replace(PLAN, time_s=500.0), COST, 100).needed_s()
    assert [Budget(replace(PLAN, time_s=least + s), COST, 0).seeds for s in (-1, 1)] == [0, 2]
    assert Budget(replace(PLAN, time_s=None), COST, 100).allows_trial([trial(0, 9)])


def test_more_workers_confirm_sooner() -> None:
    one, two = (Budget(replace(PLAN, time_s=900.0, workers=n), COST, 0) for n in (1, 2))
    assert one.confirming_s(1, 3) == pytest.approx(6 * 93.5 + 32) and two.confirming_s(1, 3) == pytest.approx(312.5)
    assert one.seeds == 2 and two.seeds == 3


def test_what_still_fits_is_confirmed() -> None:
    plan = replace(PLAN, time_s=2000.0)
    assert Budget(plan, COST, 100).confirmable(2) == (2, 3)
    assert Budget(plan, COST, 1100).confirmable(2) == (1, 3)
    assert Budget(plan, COST, 1400).confirmable(2) == (1, 2)
    assert Budget(plan, COST, 1700).confirmable(2) == (0, 0)
    assert Budget(replace(plan, time_s=None), COST, 1700).confirmable(2) == (2, 3)


def test_a_search_that_took_longer_still_ends_with_a_candidate() -> None:
    """Nothing more fits before a confirmation with three seeds, but one candidate does before one with two."""
    plan = replace(PLAN, time_s=1500.0)
    late = Budget(plan, COST, 850)
    assert late.seeds == 3 and not late.allows(COST.part_s(1 / 3, 1.0)) and late.allows_last(COST.part_s(1 / 3, 1.0))
    assert not Budget(plan, COST, 1200).allows_last(COST.part_s(1 / 3, 1.0))
    assert Budget(replace(PLAN, time_s=None), COST, 1200).allows_last(1e9)
    assert not Budget(replace(PLAN, time_s=500.0), COST, 100).allows_last(0)
