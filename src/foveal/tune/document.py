"""A study as one JSON document, and its numbers in words, for the screen and the page."""

import math
from collections.abc import Mapping
from typing import Any

from foveal.report.wording import setting
from foveal.tune.confirm.decide import ADOPT
from foveal.tune.study.folder import Study
from foveal.tune.study.trial import Trial


def to_dict(study: Study) -> dict[str, Any]:
    """What ``foveal tune --json`` prints; undefined numbers are null."""
    plan, decision = study.plan, study.decision() or {}
    trials = study.trials()
    found = decision.get("difference")
    winner = next((trial for trial in trials if trial.number == decision.get("winner")), None)
    return {
        "study": str(study.folder),
        "task": plan.task,
        "data": plan.config.data.path,
        plan.unit: plan.images,
        "metric": plan.goal.metric,
        "maximize": plan.goal.maximize,
        "space": plan.space.to_list(),
        "rungs": list(plan.rungs),
        "trials": [_trial(trial, study) for trial in trials],
        "winner": None if winner is None else {"id": winner.number, "settings": dict(winner.settings)},
        "against_default": None
        if found is None
        else {
            "trial": decision["best"],
            "metric": found["metric"],
            "default_value": found["a"],
            "value": found["b"],
            "difference": found["difference"],
            "low": found["low"],
            "high": found["high"],
            "p": found["p"],
            "level": decision["level"],
            "smallest_visible": found["smallest_visible"],
            "seeds": decision["seeds"],
        },
        "decision": decision.get("decision"),
        "why": decision.get("why"),
        "model": str(study.model) if study.model.exists() else None,
        "report": str(study.folder / "report.html"),
        "spent_s": decision.get("spent_s"),
        "budget_s": plan.time_s,
    }


def _trial(trial: Trial, study: Study) -> dict[str, Any]:
    plan = study.plan
    rungs = []
    for fraction in plan.rungs:
        scores = trial.scores(plan.goal, fraction)
        if scores is not None:
            rungs.append({"fraction": fraction, plan.goal.metric: scores[plan.goal.metric]})
    error = {} if trial.failure is None else {"error": vars(trial.failure)}
    return {
        "id": trial.number,
        "name": trial.name,
        "state": trial.state(plan.rungs),
        "by": trial.by,
        "settings": dict(trial.settings),
        "values": {one.key: trial.value(one.key) for one in plan.space.dimensions},
        "rungs": rungs,
        "epochs": int(trial.rows[-1].get("epoch", 0)) if trial.rows else 0,
        "of_epochs": trial.epochs,
        "seconds": round(trial.seconds, 1),
        **error,
    }


def score_of(trial: Trial, study: Study) -> float:
    """A trial's best score so far; NaN where there is none."""
    found = trial.latest(study.plan.goal)
    return math.nan if found is None else found[study.plan.goal.metric]


def settings_of(trial: Trial, study: Study) -> dict[str, str]:
    """What is searched, as it is in a trial, in words."""
    keys = [one.key for one in study.plan.space.dimensions]
    values = {key: trial.value(key) for key in keys}
    return {key: setting(value) for key, value in values.items() if value is not None}


def visible_in_words(smallest: float | None, *, maximize: bool) -> str:
    """The smallest difference that would have been seen; empty: it is not known.

    Args:
        smallest: Of a ``Difference``.
        maximize: Whether more is better: such metrics are at most 1.
    """
    if smallest is None:
        return ""
    if maximize and smallest >= 1:
        return "so few runs show no difference at all"
    return f"a true difference of {smallest:.3f} would have been seen four times in five"


def decision_in_words(decision: Mapping[str, Any], metric: str, *, maximize: bool = True) -> str:
    """For example ``adopt trial 7: accuracy +0.021 (+0.004 to +0.038) from the default's``."""
    found = decision.get("difference")
    what = f"adopt trial {decision['winner']}" if decision["decision"] == ADOPT else "keep the default"
    if found is None or found["low"] is None:
        return what
    about = f" of trial {decision['best']}" if decision["decision"] != ADOPT else ""
    ends = f"{found['low']:+.3f} to {found['high']:+.3f}"
    less = "" if maximize else "; less is better"
    return f"{what}: {metric}{about} {found['difference']:+.3f} ({ends}) from the default's{less}"
