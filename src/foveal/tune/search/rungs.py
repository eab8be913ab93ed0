"""Rungs: after a part of its own length a trial pauses, and goes on only if it is among the best there.

Asynchronous successive halving (Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning"), with one
difference: a trial that is not promoted is paused, not lost, and is promoted later if those after it turn out worse.
"""

from collections.abc import Sequence

from foveal.tune.study.trial import Trial, ranked
from foveal.types.goal import Goal

ETA = 3
"""One of so many trials of a rung goes on."""
MOST_RUNGS = 3
WARMED = 2.0
"""A trial is not compared before so many times its warm-up is over: until then fast starters look better."""


def fractions(epochs: int, *, warmup: float = 0.0) -> tuple[float, ...]:
    """The fractions of its length at which a trial is compared.

    Args:
        epochs: Of the default.
        warmup: Fraction of the steps over which the learning rate rises.
    """
    found = [1.0]
    while len(found) < MOST_RUNGS:
        earlier = found[0] / ETA
        if earlier * epochs < 1 or earlier < WARMED * warmup:
            break
        found.insert(0, earlier)
    return tuple(found)


def promoted(trials: Sequence[Trial], goal: Goal, rungs: Sequence[float]) -> Trial | None:
    """The paused trial that goes on to its next rung, the highest first; None: none is good enough."""
    for place in range(len(rungs) - 2, -1, -1):
        there = ranked(trials, goal, rungs[place])
        for trial in there[: len(there) // ETA]:
            if trial.state(rungs) == "paused" and trial.rung(rungs) == place + 1:
                return trial
    return None


def finalist(trials: Sequence[Trial], goal: Goal, rungs: Sequence[float]) -> Trial | None:
    """The paused trial that goes on although it would not be promoted, where none but the default is complete."""
    others = [trial for trial in trials if trial.number and trial.failure is None]
    if any(trial.finished for trial in others):
        return None
    for fraction in reversed(rungs[:-1]):
        there = [trial for trial in ranked(others, goal, fraction) if trial.state(rungs) == "paused"]
        if there:
            return there[0]
    return None


def best(trials: Sequence[Trial], goal: Goal, rungs: Sequence[float], *, most: int) -> list[Trial]:
    """The best trials besides the default that are complete, the best first."""
    others = [trial for trial in trials if trial.number and trial.finished]
    return ranked(others, goal, rungs[-1])[:most]
