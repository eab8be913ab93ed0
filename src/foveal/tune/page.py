"""What the page of a study is given."""

import math
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foveal.artifact.atomic import write_atomic
from foveal.config.concerns import flag
from foveal.data.notes import plural
from foveal.engine.logs.log import duration
from foveal.metrics.contract import Lines
from foveal.report.figures.parallel import Axis, Line
from foveal.report.page import PAGE, why_no_page
from foveal.report.study import StudyContent, TrialShown, render_study
from foveal.report.wording import heading, number, sentence, setting, spoken
from foveal.runs.identity import near
from foveal.tune.confirm.decide import ADOPT
from foveal.tune.document import decision_in_words, score_of, settings_of, visible_in_words
from foveal.tune.importance import importance
from foveal.tune.search.budget import cost_of
from foveal.tune.space.dimension import Choice, Dimension
from foveal.tune.study.folder import CONFIRM, Study
from foveal.tune.study.trial import TIME_S, Trial

MOST_CURVES = 10
NARROWEST = 1e-9


def write_page(study: Study) -> list[str]:
    """Write report.html.

    Returns:
        A note where there is no page because a package is missing.

    Raises:
        RunError: It cannot be written.
    """
    if note := why_no_page():
        return [note]
    write_atomic(study.folder / PAGE, render_study(content_of(study)).encode("utf-8", "replace"))
    return []


def content_of(study: Study) -> StudyContent:
    """Everything on the page."""
    plan, trials, decision = study.plan, study.trials(), study.decision() or {}
    metric, found = spoken(plan.goal.metric), decision.get("difference")
    best = decision.get("best") or decision.get("winner") or 0
    by_number = {trial.number: trial for trial in trials}
    others = sorted(trials, key=lambda trial: _order(trial, study))
    keys = [one.key for one in plan.space.dimensions]
    default, winner = settings_of(by_number[0], study), settings_of(by_number[best], study)
    shares, note = importance(study, trials)
    spent = decision.get("spent_s") or 0.0
    budget = f" of {duration(plan.time_s)}" if plan.time_s else ""
    return StudyContent(
        title=study.folder.resolve().name,
        task=plan.task,
        metric=plan.goal.metric,
        lead=f"{plural(len(trials), 'trial')} of {plural(len(keys), 'setting')} on {near(plan.config.data.path)}, in"
        f" {duration(spent)}{budget}.",
        decision=sentence(decision_in_words(decision, metric, maximize=plan.goal.maximize)),
        adopted=decision.get("decision") == ADOPT,
        why=why(decision, metric, on_stream=plan.on_stream, maximize=plan.goal.maximize),
        difference=None
        if found is None or found["low"] is None
        else (found["difference"], found["low"], found["high"]),
        level=f"{decision.get('level', 0.95):.3g}".replace("0.", "") + "%",
        comparison=f"{CONFIRM}/comparison/report.html" if found is not None and not plan.on_stream else "",
        settings=[(key, default.get(key, "–"), winner.get(key, "–")) for key in keys],
        sides=("default", by_number[best].name if best else "best trial"),
        keys=[key.rpartition(".")[2] for key in keys],
        trials=[shown(trial, study, chosen=trial.number == decision.get("winner")) for trial in others],
        axes=[*(axis_of(one) for one in plan.space.dimensions), score_axis(others, study)],
        lines=[line for trial in others if (line := line_of(trial, study, others, chosen=best)) is not None],
        curves=curves(others, study),
        importance=shares,
        importance_note=note,
        costs=costs(study, trials),
        cost_note=cost_note(study, trials),
        failures=[(trial.number, trial.failure.text) for trial in trials if trial.failure is not None],
        command=command(study, by_number[decision.get("winner") or 0]),
    )


def why(decision: Mapping[str, Any], metric: str, *, on_stream: bool = False, maximize: bool = True) -> list[str]:
    """What the decision rests on, in sentences."""
    lines = [sentence(str(decision.get("why", "")))]
    found = decision.get("difference")
    if found is None:
        return lines
    seeds = decision["seeds"]
    how = (
        f"Both settings were trained {seeds} times with other seeds, each time up to another place, and evaluated on"
        " what comes right after it, before the end that the search was compared on"
        if on_stream
        else f"Both settings were trained {seeds} times on {seeds} other splits with other seeds, so that every image"
        " was predicted by runs that had not seen it"
    )
    lines.append(
        f"{how}: {metric} {number(found['a'])} with the default, {number(found['b'])}"
        f" with trial {decision['best']}. p = {found['p']:.2g}."
    )
    if visible := visible_in_words(found["smallest_visible"], maximize=maximize):
        lines.append(sentence(visible))
    return lines


def shown(trial: Trial, study: Study, *, chosen: bool) -> TrialShown:
    """A row of the table."""
    keys, settings = [one.key for one in study.plan.space.dimensions], settings_of(trial, study)
    epoch = int(trial.rows[-1].get("epoch", 0)) if trial.rows else 0
    link = f"trials/{trial.folder.name}/report.html" if (trial.folder / PAGE).is_file() else ""
    state = trial.state(study.plan.rungs)
    return TrialShown(
        trial.number,
        "complete" if state == "done" else state,
        score_of(trial, study),
        [settings.get(key, "–") for key in keys],
        trial.by,
        f"{epoch} of {trial.epochs} epochs" if trial.epochs else "",
        trial.seconds,
        link,
        chosen,
    )


def axis_of(one: Dimension) -> Axis:
    """A setting's axis."""
    name = one.key.rpartition(".")[2]
    if isinstance(one, Choice):
        return Axis(name, [(one.share(value) or 0.0, str(value)) for value in one.values])
    return Axis(name, [(share, setting(one.at(share))) for share in (0.0, 0.5, 1.0)])


def score_axis(trials: Sequence[Trial], study: Study) -> Axis:
    """The score's axis, from the worst to the best."""
    low, high = _ends(trials, study)
    worst, best = (low, high) if study.plan.goal.maximize else (high, low)
    return Axis(spoken(study.plan.goal.metric), [(k / 2, number(worst + k / 2 * (best - worst))) for k in range(3)])


def line_of(trial: Trial, study: Study, trials: Sequence[Trial], *, chosen: int) -> Line | None:
    """A trial's line; None: it has no score, or its settings lie outside the ranges, as the default's may."""
    low, high = _ends(trials, study)
    score, places = score_of(trial, study), list[float]()
    for one in study.plan.space.dimensions:
        value = trial.value(one.key)
        share = None if value is None else one.share(value)
        if share is None:
            return None
        places.append(share)
    if math.isnan(score):
        return None
    told = f"{trial.name}: {number(score)}, " + ", ".join(f"{k} {v}" for k, v in settings_of(trial, study).items())
    height = (score - low if study.plan.goal.maximize else high - score) / (high - low)
    return Line(told, [*places, height], trial.finished, bool(chosen) and trial.number == chosen, not trial.number)


def curves(trials: Sequence[Trial], study: Study) -> list[Lines]:
    """The score over the epochs, of the best trials and the default."""
    metric = study.plan.goal.metric
    chosen = [trial for trial in trials if trial.number == 0] + [trial for trial in trials if trial.number]
    lines = {}
    for trial in chosen[:MOST_CURVES]:
        rows = [row for row in trial.rows if metric in row]
        if len(rows) > 1:
            lines[trial.name] = (np.array([row["epoch"] for row in rows]), np.array([row[metric] for row in rows]))
    return [Lines(heading(metric), "epoch", "", lines)] if lines else []


def costs(study: Study, trials: Sequence[Trial]) -> list[tuple[str, float]]:
    """What took how long."""
    known = study.candidates() or {}
    seeds, numbers = int(known.get("seeds", 0)), [int(n) for n in known.get("candidates", [])]
    runs = [run for n in (0, *numbers) if numbers for run in study.confirmations(n, seeds)]
    found = [("search, default", sum(trial.seconds for trial in trials if not trial.number))]
    complete = [trial for trial in trials if trial.number and trial.finished]
    early = [trial for trial in trials if trial.number and not trial.finished]
    found.append((f"search, {plural(len(complete), 'complete trial')}", sum(trial.seconds for trial in complete)))
    found.append((f"search, {len(early)} that paused early", sum(trial.seconds for trial in early)))
    found.append((f"confirmation, {plural(len(runs), 'run')}", sum(run.seconds for run in runs)))
    return [(name, seconds) for name, seconds in found if seconds]


def cost_note(study: Study, trials: Sequence[Trial]) -> str:
    """What the search would have taken without rungs."""
    default = next((cost_of(trial) for trial in trials if not trial.number), None)
    spent = sum(trial.seconds for trial in trials)
    if default is None or len(study.plan.rungs) < 2 or not spent:
        return ""
    whole = sum((cost_of(trial, default) or default).whole_s for trial in trials)
    return (
        f"Trials paused at {', '.join(f'{fraction:.0%}' for fraction in study.plan.rungs[:-1])} of their length unless"
        f" they were among the best third: {spent / whole:.0%} of what all of them would have taken to their ends."
    )


def command(study: Study, trial: Trial) -> str:
    """How to train with a trial's settings, for as long as the default is trained."""
    config = study.plan.configured({key: value for key, value in trial.settings.items() if key != TIME_S})
    words = ["foveal", "train", config.data.path]
    for section, values in config.model_dump(mode="json", exclude_unset=True, exclude_none=True).items():
        if not isinstance(values, dict):
            words += [f"--{flag(section)}", str(values)]
            continue
        for name, value in values.items():
            if (section, name) == ("data", "path"):
                continue
            key = f"--{flag(section)}.{flag(name)}"
            if isinstance(value, bool):
                words.append(key if value else f"--{flag(section)}.no-{flag(name)}")
            else:
                words += [key, *(map(str, value) if isinstance(value, list) else [str(value)])]
    return shlex.join(words)


def _order(trial: Trial, study: Study) -> tuple[bool, float, int]:
    score = score_of(trial, study)
    return (
        not trial.finished,
        math.inf if math.isnan(score) else -score if study.plan.goal.maximize else score,
        trial.number,
    )


def _ends(trials: Sequence[Trial], study: Study) -> tuple[float, float]:
    known = [score for trial in trials if not math.isnan(score := score_of(trial, study))]
    low, high = min(known, default=0.0), max(known, default=1.0)
    return (low, high) if high - low > NARROWEST else (low - 0.5, low + 0.5)
