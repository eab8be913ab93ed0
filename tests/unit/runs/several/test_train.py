"""A time budget over several runs."""

import time
from pathlib import Path

import pytest

from foveal.config.schema import RunConfig
from foveal.engine.clock import Began
from foveal.engine.logs.log import Log
from foveal.runs.several.plan import SeveralRuns, read_plan, write_plan
from foveal.runs.several.train import SUMMARY_S, _Going


def going(*, spent_s: float, time_s: float | None = 100.0) -> _Going:
    plan = SeveralRuns("folds", 4, RunConfig(), time_s)
    return _Going(Path(), plan, Log(), Began(time.monotonic() - spent_s))


def test_what_is_left_is_shared_by_the_runs_that_are_left() -> None:
    left = 100 - SUMMARY_S
    assert going(spent_s=60)._share_s(0, 2) == pytest.approx((left - 60) / 2, abs=0.1)
    assert going(spent_s=10)._share_s(40, 1) == pytest.approx(left - 50, abs=0.1), "40 s by a command before"
    assert going(spent_s=500)._share_s(0, 1) == 1.0
    assert going(spent_s=5, time_s=None)._share_s(0, 4) is None


def test_the_first_run_began_with_the_command() -> None:
    assert going(spent_s=14)._share_s(0, 4) == pytest.approx((100 - SUMMARY_S - 14) / 4 + 14, abs=0.1)


def test_a_plan_comes_back_with_what_was_given_alone(tmp_path: Path) -> None:
    config = RunConfig.model_validate({"seed": 5, "data": {"path": "x"}, "optim": {"lr": 0.1}})
    write_plan(tmp_path / "f", SeveralRuns("seeds", 3, config, 90.0))
    plan = read_plan(tmp_path / "f")
    assert plan is not None and (plan.kind, plan.number, plan.time_s) == ("seeds", 3, 90.0)
    assert plan.config.model_dump(exclude_unset=True) == config.model_dump(exclude_unset=True)
    assert plan.names() == ["seed-5", "seed-6", "seed-7"]
    members = [plan.member(k, time_s=30.0) for k in range(3)]
    assert [one.seed for one in members] == [5, 6, 7] and {one.data.split_seed for one in members} == {5}
    fold = SeveralRuns("folds", 3, config).member(1, time_s=None)
    assert (fold.seed, fold.data.folds, fold.data.fold, fold.data.split_seed) == (5, 3, 2, 5)
