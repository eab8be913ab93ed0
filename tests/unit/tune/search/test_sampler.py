import importlib.util
import math
from pathlib import Path

import pytest
from tests.unit.tune.search.test_rungs import GOAL, RUNGS

from foveal.tune.search import sampler
from foveal.tune.search.sampler import OPTUNA, SOBOL, propose, sobol_point
from foveal.tune.space.dimension import Choice, Range, Space
from foveal.tune.study.trial import Failure, Trial

SPACE = Space((Range("optim.lr", 1e-4, 1.0, log=True), Choice("augment.policy", ("none", "trivial"))))


def trial(number: int, lr: float, score: float, *, done: bool = True, failed: bool = False) -> Trial:
    rows = [{"epoch": float(e), "accuracy": score} for e in range(1, 10 if done else 2)]
    settings = {"optim.lr": lr, "augment.policy": "none"}
    failure = Failure("E", "x") if failed else None
    return Trial(number, Path(), settings, "sobol", rows, {"train": {"epochs": 9}}, done, failure, None, 0.0)


def test_points_fill_the_space() -> None:
    points = [sobol_point(2, number, seed=0) for number in range(1, 17)]
    assert points == [sobol_point(2, number, seed=0) for number in range(1, 17)], "functions of their number"
    assert points != [sobol_point(2, number, seed=1) for number in range(1, 17)]
    for axis in range(2):
        assert sorted(int(4 * point[axis]) for point in points) == [k for k in range(4) for _ in range(4)]


def test_a_proposal_is_a_function_of_what_is_known() -> None:
    trials = [trial(k, 10.0 ** (-k % 4), 0.1 * k, done=k % 3 == 0, failed=k == 5) for k in range(1, 13)]
    for known, who in ((trials[:3], SOBOL), (trials, OPTUNA)):
        if who == OPTUNA and importlib.util.find_spec("optuna") is None:
            pytest.skip("optuna is not installed")
        one, other = (propose(SPACE, known, GOAL, RUNGS, number=len(known) + 1, seed=0) for _ in range(2))
        assert one is not None and one == other and one[1] == who
        assert set(one[0]) == {"optim.lr", "augment.policy"} and 1e-4 <= float(one[0]["optim.lr"]) <= 1


def test_without_optuna_points_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "has_optuna", lambda: False)
    trials = [trial(k, 10.0**-k, 0.1) for k in range(1, 13)]
    found = propose(SPACE, trials, GOAL, RUNGS, number=13, seed=0)
    assert found is not None and found[1] == SOBOL


def test_optuna_learns_where_the_good_ones_are() -> None:
    pytest.importorskip("optuna")
    rates = [10 ** (-4 + 4 * k / 11) for k in range(12)]
    known = [trial(k, rate, 1 - abs(math.log10(rate) + 2) / 2) for k, rate in enumerate(rates)]
    found = [propose(SPACE, known, GOAL, RUNGS, number=20 + k, seed=k) for k in range(8)]
    proposed = [float(one[0]["optim.lr"]) for one in found if one is not None]
    assert sum(0.002 <= rate <= 0.05 for rate in proposed) >= 5, proposed


def test_nothing_is_tried_twice() -> None:
    few = Space((Choice("augment.policy", ("none", "trivial")),))
    known: list[Trial] = []
    for number in (1, 2):
        found = propose(few, known, GOAL, RUNGS, number=number, seed=0)
        assert found is not None
        known.append(Trial(number, Path(), found[0], "sobol", [], {}, False, None, None, 0.0))
    assert {str(one.settings["augment.policy"]) for one in known} == {"none", "trivial"}
    assert propose(few, known, GOAL, RUNGS, number=3, seed=0) is None, "exhausted"
