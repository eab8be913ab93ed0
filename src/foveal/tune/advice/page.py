"""What the page of an advice is given."""

import numpy as np

from foveal.artifact.atomic import write_atomic
from foveal.data.notes import plural
from foveal.engine.logs.log import duration
from foveal.metrics.contract import Lines
from foveal.report.advice import AdviceContent, ChangeShown, FurtherShown, PartShown, RunShown, render_advice
from foveal.report.page import PAGE, why_no_page
from foveal.report.wording import sentence, spoken
from foveal.runs.identity import near
from foveal.tune.advice.advice import Advice
from foveal.tune.advice.wording import curve_in_words, mean, rank_of, spread, summary
from foveal.types.arrays import FloatArray

LEAST_POINTS = 2


def write_page(done: Advice) -> str:
    """Write report.html.

    Returns:
        A note where there is no page because a package is missing, else nothing.

    Raises:
        RunError: It cannot be written.
    """
    if note := why_no_page():
        return note
    write_atomic(done.folder / PAGE, render_advice(content_of(done)).encode("utf-8", "replace"))
    return ""


def content_of(done: Advice) -> AdviceContent:
    """Everything on the page."""
    curve, metric = done.curve, spoken(str(done.facts.get("metric", "score")))
    budget = "" if done.plan.time_s is None else f" of {duration(done.plan.time_s)}"
    data = near(done.plan.config.data.path)
    return AdviceContent(
        title=done.folder.resolve().name,
        task=str(done.facts["task"]),
        metric=metric,
        lead=f"{plural(len(done.runs), 'run')} on {data}, in {duration(done.spent_s)}{budget}, on"
        f" {done.facts['device']}.",
        advice=summary(done),
        better=bool(done.gains) and done.gains[0].decision == "better",
        curve=[sentence(line) for line in curve_in_words(done)],
        figure=figure_of(done, metric),
        parts=[
            PartShown(curve.images[part], mean(values), spread(values), len(values))
            for part, values in curve.values.items()
        ],
        further=[FurtherShown(one.images, one.value, one.low, one.high) for one in curve.further],
        changes=[
            ChangeShown(
                gain.title,
                gain.gain,
                gain.low,
                gain.high,
                gain.minutes,
                gain.per_minute,
                rank_of(gain, done.gains),
                gain.decision,
            )
            for gain in done.gains
        ],
        runs=[
            RunShown(
                run.spec.name,
                run.images,
                run.epochs,
                run.seconds,
                run.value,
                f"{run.spec.name}/{PAGE}" if (done.folder / run.spec.name / PAGE).is_file() else "",
            )
            for run in done.runs
        ],
        failures=list(done.failed.items()),
        notes=[sentence(note) for note in done.notes],
        command=done.command,
    )


def figure_of(done: Advice, metric: str) -> Lines | None:
    """The scores by the number of images, and what the curve gives for more; None: there are too few sizes."""
    curve = done.curve
    found = [(curve.images[part], mean(values)) for part, values in curve.values.items()]
    if len(found) < LEAST_POINTS:
        return None
    lines = {"found": _points(found)}
    if curve.further:
        last = found[-1] if curve.fitted is None else (found[-1][0], curve.fitted)
        for name, pick in (("expected", "value"), ("lower end", "low"), ("upper end", "high")):
            lines[name] = _points([last, *((one.images, getattr(one, pick)) for one in curve.further)])
    return Lines("Learning curve", "training images", metric, lines)


def _points(pairs: list[tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
    x, y = zip(*pairs, strict=True)
    return np.array(x, np.float64), np.array(y, np.float64)
