"""The page of a study: plain values in, one HTML page out that opens from disk and loads nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from foveal.metrics.contract import Lines
from foveal.report.cells import LONG_TABLE, Cell, Shown
from foveal.report.comparison import Bar, signed
from foveal.report.figures.parallel import Axis, Line, draw_parallel
from foveal.report.figures.svg import NAMES
from foveal.report.learnt.environment import environment
from foveal.report.wording import NOTHING, heading


@dataclass(frozen=True)
class TrialShown:
    """A trial: its number, its state, its score, its settings in words, who proposed it, epochs, seconds, its run."""

    number: int
    state: str
    score: float
    settings: Sequence[str]
    by: str
    epochs: str
    seconds: float
    link: str
    chosen: bool = False


@dataclass(frozen=True)
class Importance:
    """How much of the score's ranks a setting explains, from 0 to 1."""

    name: str
    share: float


@dataclass(frozen=True)
class StudyContent:
    """Everything on the page.

    Attributes:
        title: Heading.
        task: Name of the task.
        metric: By which trials are compared.
        lead: How many trials, in what time.
        decision: In words.
        adopted: Whether the winner's settings are adopted.
        why: What the decision rests on, in sentences.
        difference: Winner minus default, and the ends of its interval; None: nothing was compared.
        level: Of the interval, such as ``95%``.
        comparison: Path of the page that compares the two; empty: there is none.
        settings: Those that are searched, with the default's value and the best trial's.
        sides: What the two columns of ``settings`` are.
        keys: Names of the settings, for ``trials``.
        trials: All of them, the best first.
        axes: Of the parallel coordinates.
        lines: Of the parallel coordinates.
        curves: Learning curves.
        importance: By setting; empty: there are too few trials to tell.
        importance_note: What it rests on, or why there is none.
        costs: What took how long: words and seconds.
        cost_note: What it would have taken otherwise.
        failures: Trials that failed, and why.
        command: How to train with the settings that were chosen.
    """

    title: str
    task: str
    metric: str
    lead: str
    decision: str
    adopted: bool
    why: Sequence[str]
    difference: tuple[float, float, float] | None
    level: str
    comparison: str
    settings: Sequence[tuple[str, str, str]]
    sides: tuple[str, str]
    keys: Sequence[str]
    trials: Sequence[TrialShown]
    axes: Sequence[Axis]
    lines: Sequence[Line]
    curves: Sequence[Lines]
    importance: Sequence[Importance]
    importance_note: str
    costs: Sequence[tuple[str, float]]
    cost_note: str
    failures: Sequence[tuple[int, str]]
    command: str


def render_study(content: StudyContent) -> str:
    """The page as a string.

    Raises:
        MissingExtraError: Jinja2 or matplotlib is not installed.
    """
    most = max((seconds for _, seconds in content.costs), default=0.0) or 1.0
    return (
        environment()
        .get_template("study.html.j2")
        .render(
            content=content,
            metric=heading(content.metric),
            big=None if content.difference is None else signed(content.difference[0]),
            between=_between(content.difference),
            bar=_bar(content.difference),
            parallel=draw_parallel(content.axes, content.lines, title="Trials") if len(content.lines) > 1 else "",
            trials=[(one, _cells(one)) for one in content.trials],
            curves=[Shown.of(panel) for panel in content.curves],
            importance=[(one.name, f"{one.share:.0%}", round(100 * one.share, 1)) for one in content.importance],
            costs=[(name, _duration(seconds), round(100 * seconds / most, 1)) for name, seconds in content.costs],
            long=LONG_TABLE,
            drawn=NAMES.values(),
        )
    )


def _cells(one: TrialShown) -> list[Cell]:
    score = Cell.of(one.score, decimals=True)
    settings = [Cell(words, words if _is_number(words) else "", None) for words in one.settings]
    return [score, *settings, Cell(_duration(one.seconds), f"{one.seconds:.1f}", None)]


def _between(found: tuple[float, float, float] | None) -> str:
    return NOTHING if found is None else f"{signed(found[1])} to {signed(found[2])}"


def _bar(found: tuple[float, float, float] | None) -> Bar | None:
    if found is None or found[1] != found[1]:
        return None
    most = max(abs(found[1]), abs(found[2])) or 1.0
    start, end, at = (round(50 + 48 * value / most, 2) for value in (found[1], found[2], found[0]))
    return Bar(start, round(end - start, 2), at)


def _is_number(words: str) -> bool:
    try:
        float(words)
    except ValueError:
        return False
    return True


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s" if seconds < 3600 else f"{seconds / 3600:.1f} h"
