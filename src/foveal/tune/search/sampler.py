"""What is tried next: Sobol points, or proposals of Optuna. A proposal is a function of what the folder holds."""

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from foveal.tune.space.dimension import Choice, Space, Value
from foveal.tune.study.plan import SEED
from foveal.tune.study.trial import Trial
from foveal.types.goal import Goal
from foveal.types.seeds import derive

SOBOL, OPTUNA = "sobol", "optuna"
LEAST_POINTS, MOST_POINTS = 6, 10
"""Trials that explore before Optuna proposes."""
ATTEMPTS = 64
"""Proposals in a row that were tried already, after which the space is taken to be exhausted."""


def propose(
    space: Space, trials: Sequence[Trial], goal: Goal, rungs: Sequence[float], *, number: int, seed: int
) -> tuple[dict[str, Value], str] | None:
    """The settings of a trial, and who proposed them; None: everything has been tried.

    Args:
        space: What is searched.
        trials: All so far.
        goal: By which they are compared.
        rungs: Where they are compared.
        number: Of the trial.
        seed: Of the study.
    """
    tried = [dict(trial.settings) for trial in trials]
    explores = number <= min(MOST_POINTS, max(LEAST_POINTS, 2 * len(space)))
    if not explores and has_optuna():
        for attempt in range(ATTEMPTS // 8):
            found = by_optuna(space, trials, goal, rungs, seed=derive(seed, SEED, number, attempt))
            if found not in tried:
                return found, OPTUNA
    for attempt in range(ATTEMPTS):
        found = space.at(sobol_point(len(space), number + 1000 * attempt, seed=seed))
        if found not in tried:
            return found, SOBOL
    return None


def has_optuna() -> bool:
    """Whether the extra ``tune`` is installed."""
    return find_spec("optuna") is not None


def sobol_point(dimensions: int, number: int, *, seed: int) -> list[float]:
    """A point of a scrambled Sobol sequence (Owen 1998), which fills the space evenly."""
    import torch
    from torch.quasirandom import SobolEngine

    engine: Any = SobolEngine(dimensions, scramble=True, seed=derive(seed, SEED) % 2**31)  # type: ignore[no-untyped-call]
    if number > 1:
        engine.fast_forward(number - 1)
    point: list[float] = engine.draw(1, dtype=torch.float64)[0].tolist()
    return point


def by_optuna(
    space: Space, trials: Sequence[Trial], goal: Goal, rungs: Sequence[float], *, seed: int
) -> dict[str, Value]:
    """What Optuna's TPE proposes, from a study that is built anew and forgotten."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # options that it calls experimental
        sampler = optuna.samplers.TPESampler(
            seed=seed % 2**32, n_startup_trials=0, multivariate=True, constant_liar=True
        )
        study = optuna.create_study(direction="maximize" if goal.maximize else "minimize", sampler=sampler)
        distributions = {one.key: _distribution(optuna, one) for one in space.dimensions}
        for trial in trials:
            if (known := _known(optuna, trial, space, distributions, goal, rungs)) is not None:
                study.add_trial(known)
        shares = study.ask(distributions).params
    return space.at([_share(one, shares[one.key]) for one in space.dimensions])


def _distribution(optuna: Any, one: object) -> Any:
    """Numbers as shares of their range; choices by their place."""
    if isinstance(one, Choice):
        return optuna.distributions.CategoricalDistribution(range(len(one.values)))
    return optuna.distributions.FloatDistribution(0.0, 1.0)


def _share(one: object, found: float) -> float:
    return (found + 0.5) / len(one.values) if isinstance(one, Choice) else found


def _known(
    optuna: Any, trial: Trial, space: Space, distributions: Any, goal: Goal, rungs: Sequence[float]
) -> Any | None:
    """A trial as Optuna knows it; None: it failed, has no score, or lies outside, as the default may."""
    params: dict[str, float] = {}
    for one in space.dimensions:
        value = trial.value(one.key)
        share = None if value is None else one.share(value)
        if share is None:
            return None
        params[one.key] = int(share * len(one.values)) if isinstance(one, Choice) else share
    states, reached = optuna.trial.TrialState, trial.rung(rungs)
    values: dict[str, Any] = {"params": params, "distributions": distributions}
    if trial.failure is not None:
        return None
    known = [(place, trial.scores(goal, fraction)) for place, fraction in enumerate(rungs[:reached])]
    scores = {place: found[goal.metric] for place, found in known if found is not None}
    if trial.finished and scores:
        return optuna.trial.create_trial(state=states.COMPLETE, value=scores[max(scores)], **values)
    if scores:
        return optuna.trial.create_trial(state=states.PRUNED, intermediate_values=scores, **values)
    return optuna.trial.create_trial(state=states.RUNNING, **values) if trial.holder is not None else None
