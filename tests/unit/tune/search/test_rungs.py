from pathlib import Path

from foveal.tune.search.rungs import best, finalist, fractions, promoted
from foveal.tune.study.lease import Holder
from foveal.tune.study.trial import Failure, Trial
from foveal.types.goal import Goal

GOAL = Goal("accuracy")
RUNGS = (1 / 9, 1 / 3, 1.0)


def trial(number: int, *scores: float, done: bool = False, busy: bool = False, failed: bool = False) -> Trial:
    """A trial whose score at its k-th rung is the k-th; nine epochs long."""
    rows, reached = [], [1, 3, 9]
    for place, score in enumerate(scores):
        rows += [{"epoch": float(e), "accuracy": score} for e in range(len(rows) + 1, reached[place] + 1)]
    holder = Holder(1, "here", 1, 1.0, True, 0) if busy else None
    failure = Failure("E", "x") if failed else None
    return Trial(number, Path(), {}, "sobol", rows, {"train": {"epochs": 9}}, done, failure, holder, 0.0)


def test_fractions() -> None:
    assert fractions(9) == (1 / 9, 1 / 3, 1.0) and fractions(100) == (1 / 9, 1 / 3, 1.0)
    assert fractions(4) == (1 / 3, 1.0) and fractions(2) == (1.0,)
    assert fractions(90, warmup=0.1) == (1 / 3, 1.0), "not before the warm-up is well over"


def test_the_best_third_goes_on_the_highest_rung_first() -> None:
    trials = [trial(k, 0.1 * k) for k in range(1, 6)]
    assert promoted(trials[:2], GOAL, RUNGS) is None, "of two there is no best third"
    found = promoted(trials, GOAL, RUNGS)
    assert found is not None and found.number == 5
    on = [*trials[:4], trial(5, 0.5, 0.5), trial(6, 0.9, 0.8), trial(7, 0.2, 0.1)]
    found = promoted(on, GOAL, RUNGS)
    assert found is not None and found.number == 6, "of three at the second rung"


def test_a_paused_trial_is_promoted_when_others_fall_behind() -> None:
    """Which stops it in other tools: here it has only waited."""
    first, waits = trial(1, 0.6, 0.6), trial(2, 0.5)
    assert promoted([first, waits, trial(3, 0.1)], GOAL, RUNGS) is None
    later = [first, waits, *(trial(k, 0.1) for k in range(3, 7))]
    found = promoted(later, GOAL, RUNGS)
    assert found is not None and found.number == 2


def test_running_and_failed_trials_are_not_promoted() -> None:
    assert promoted([trial(1, 0.9, busy=True), trial(2, 0.5), trial(3, 0.1)], GOAL, RUNGS) is None
    assert promoted([trial(1, 0.9, failed=True), trial(2, 0.5), trial(3, 0.1), trial(4, 0.1)], GOAL, RUNGS) is not None


def test_less_is_better() -> None:
    less = Goal("accuracy", maximize=False)
    found = promoted([trial(1, 0.9), trial(2, 0.5), trial(3, 0.1)], less, RUNGS)
    assert found is not None and found.number == 3


def test_the_best_of_few_goes_to_its_end() -> None:
    default = trial(0, 0.9, 0.9, 0.9, done=True)
    found = finalist([default, trial(1, 0.4), trial(2, 0.5)], GOAL, RUNGS)
    assert found is not None and found.number == 2
    assert finalist([default, trial(1, 0.4, 0.4, 0.4, done=True), trial(2, 0.5)], GOAL, RUNGS) is None
    assert finalist([default], GOAL, RUNGS) is None


def test_the_default_is_no_candidate() -> None:
    trials = [trial(0, 0.9, 0.9, 0.9, done=True), *(trial(k, *[0.1 * k] * 3, done=True) for k in (1, 2, 3))]
    assert [one.number for one in best(trials, GOAL, RUNGS, most=2)] == [3, 2]
