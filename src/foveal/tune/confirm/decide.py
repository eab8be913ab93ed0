"""The decision: whether a candidate beats the default on every image, each predicted by a run that had not seen it."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from foveal.brief import brief
from foveal.errors import RunError
from foveal.metrics.paired.difference import ALPHA, RESAMPLES, Difference, side_of
from foveal.metrics.paired.over_folds import over_folds
from foveal.runs.several.common import in_common
from foveal.runs.several.compare import compare, write
from foveal.runs.several.comparison import Comparison, Pair, evaluated, in_words
from foveal.runs.several.sides import open_sides
from foveal.runs.several.summary import read_metrics, summarise, value_of
from foveal.runs.several.summary_page import write_summary_page
from foveal.tune.confirm import blocks
from foveal.tune.confirm.runs import several
from foveal.tune.study.folder import CONFIRM, Study
from foveal.tune.study.trial import Trial, ranked, shortened

ADOPT, KEEP = "adopt", "keep the default"


@dataclass(frozen=True)
class Decision:
    """What a study ends with.

    Attributes:
        decision: ``adopt`` or ``keep the default``.
        winner: The trial whose settings are used; 0: the default.
        why: In words.
        best: The candidate that was compared; None: none was.
        difference: The best candidate minus the default; None: nothing was compared.
        seeds: Runs per setting.
        level: Of the interval, such as 0.95.
    """

    decision: str
    winner: int
    why: str
    best: int | None = None
    difference: Difference | None = None
    seeds: int = 0
    level: float = 1 - ALPHA

    __repr__ = brief

    def to_dict(self) -> dict[str, Any]:
        """For decision.json."""
        found = None if self.difference is None else {k: _known(v) for k, v in asdict(self.difference).items()}
        values = {**vars(self), "difference": found}
        return {key: value for key, value in values.items() if not key.startswith("_")}


def decide(study: Study, trials: Sequence[Trial]) -> Decision:
    """Decide, from runs that are complete.

    Raises:
        RunError: Nothing is there to end with.
    """
    known, goal = study.candidates() or {}, study.plan.goal
    numbers, seeds = [int(n) for n in known.get("candidates", [])], int(known.get("seeds", 0))
    default = shortened(trials) or next((trial for trial in trials if trial.number == 0), None)
    if default is None or not default.finished:
        working = ranked([trial for trial in trials if trial.finished], goal, 1.0)
        failure = None if default is None else default.failure
        if not working:
            what = "" if failure is None else f" The default: {failure.text}"
            raise RunError(f"{study.folder}: no trial is complete.{what}", "" if failure is None else failure.hint)
        return Decision(ADOPT, working[0].number, "the default fails, and this is the best trial that does not")
    if not numbers:
        return Decision(KEEP, default.number, str(known.get("why", "no other trial is complete")))
    by_number = {trial.number: trial for trial in trials}
    complete = [n for n in (0, *numbers) if all(run.finished for run in study.confirmations(n, seeds))]
    others = [n for n in complete if n]
    if 0 not in complete or not others:
        failed = next(
            (run.failure for n in (0, *numbers) for run in study.confirmations(n, seeds) if run.failure), None
        )
        why = "the time was over before the confirmation was" if failed is None else f"it fails again: {failed.text}"
        return Decision(KEEP, 0, why)
    alpha, on_stream = ALPHA / len(numbers), study.plan.on_stream
    for number in () if on_stream else complete:
        done = summarise(study.confirming(number), several(study, by_number[number], seeds))
        write_summary_page(done)
    difference = blocks.compared if on_stream else compared
    found = {n: difference(study, n, seeds, alpha=alpha) for n in others}
    sign = 1 if goal.maximize else -1
    best = max(others, key=lambda n: (_or_less(sign * found[n].difference), -n))
    if not on_stream:
        beside = compare(study.confirming(0), study.confirming(best), metric=goal.metric)
        write(as_decided(beside, found[best], of=len(numbers)), study.folder / CONFIRM / "comparison")
    low, high = sorted((sign * found[best].low, sign * found[best].high))
    better, worse = low > 0, high < 0
    seen = "better than" if better else "worse than" if worse else "no difference from"
    was = "" if better or worse else " was seen"
    why = f"{seen} the default{was} on {study.plan.unit} that neither had seen"
    return Decision(ADOPT if better else KEEP, best if better else 0, why, best, found[best], seeds, 1 - alpha)


def compared(study: Study, number: int, seeds: int, *, alpha: float) -> Difference:
    """A candidate minus the default."""
    places, metric = (study.confirming(0), study.confirming(number)), study.plan.goal.metric
    sides = open_sides([str(one) for one in places])
    common = in_common(sides)
    scored = [evaluated(side, own) for side, own in zip(sides, common.places, strict=True)]
    num_resamples = min(RESAMPLES, *(one.most_resamples() for side in scored for one in side))
    a, b = (side_of(one, num_resamples=num_resamples, groups=common.groups) for one in scored)
    each = [[value_of(read_metrics(place / f"fold-{k + 1}"), metric) for k in range(seeds)] for place in places]
    return over_folds(a, b, metric, np.array(each[1]) - np.array(each[0]), alpha=alpha)


def as_decided(done: Comparison, found: Difference, *, of: int) -> Comparison:
    """A comparison of a candidate with the default that says what the study says.

    Args:
        done: As it is for two sides by themselves.
        found: The study's own difference.
        of: How many candidates were compared.
    """
    p = min(of * found.p, 1.0)
    words = in_words(found, p, done.better[found.metric], *done.names, margin=None)
    note = f"The decision in {found.metric} is that of the study, adjusted for its {of} candidates."
    notes = [*done.notes, note] if of > 1 else done.notes
    others = [(a, b, found if one.metric == found.metric else one) for a, b, one in done.others]
    return replace(done, pairs=[Pair(0, 1, found, p, words)], others=others, notes=notes)


def _known(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _or_less(value: float) -> float:
    return value if value == value else -math.inf
