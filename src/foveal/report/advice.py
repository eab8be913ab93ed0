"""The page of an advice: plain values in, one HTML page out that opens from disk and loads nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from foveal.metrics.contract import Lines
from foveal.report.cells import Cell, Shown
from foveal.report.comparison import Bar, signed
from foveal.report.figures.svg import NAMES
from foveal.report.learnt.environment import environment
from foveal.report.wording import NOTHING, count, heading, number


@dataclass(frozen=True)
class PartShown:
    """A size of the training set: images, the mean score, its standard deviation over the seeds, how many there are."""

    images: float
    score: float
    spread: float
    seeds: int


@dataclass(frozen=True)
class FurtherShown:
    """More images than there are: how many, the score that the curve gives, and its interval."""

    images: float
    score: float
    low: float
    high: float


@dataclass(frozen=True)
class ChangeShown:
    """A change: what it is, its gain and the interval, minutes more, gain per minute, rank in words, the decision."""

    title: str
    gain: float
    low: float
    high: float
    minutes: float
    per_minute: float
    rank: str
    decision: str


@dataclass(frozen=True)
class RunShown:
    """A run: its name, its training images, its epochs, seconds, score, and the path of its report, if it has one."""

    name: str
    images: int
    epochs: int
    seconds: float
    score: float
    link: str


@dataclass(frozen=True)
class AdviceContent:
    """Everything on the page.

    Attributes:
        title: Heading.
        task: Name of the task.
        metric: The one that is told.
        lead: How many runs, on what, in what time.
        advice: In a sentence.
        better: Whether a change is better.
        curve: What more images would give, in sentences.
        figure: The learning curve; None: there are too few sizes.
        parts: Of the training images, the smallest first.
        further: More images than there are; empty: the curve does not tell.
        changes: Best first.
        runs: All that are complete.
        failures: A run that failed, and why.
        notes: What was cut short or left out.
        command: What to run next; empty: keep the settings.
    """

    title: str
    task: str
    metric: str
    lead: str
    advice: str
    better: bool
    curve: Sequence[str]
    figure: Lines | None
    parts: Sequence[PartShown]
    further: Sequence[FurtherShown]
    changes: Sequence[ChangeShown]
    runs: Sequence[RunShown]
    failures: Sequence[tuple[str, str]]
    notes: Sequence[str]
    command: str


def render_advice(content: AdviceContent) -> str:
    """The page as a string.

    Raises:
        MissingExtraError: Jinja2 or matplotlib is not installed.
    """
    most = max((max(abs(one.low), abs(one.high)) for one in content.changes), default=0.0) or 1.0
    return (
        environment()
        .get_template("advice.html.j2")
        .render(
            content=content,
            metric=heading(content.metric),
            figure=None if content.figure is None else Shown.of(content.figure),
            parts=[
                (count(round(one.images)), number(one.score), number(one.spread), str(one.seeds))
                for one in content.parts
            ],
            further=[
                (count(round(one.images)), number(one.score), f"{number(one.low)} to {number(one.high)}")
                for one in content.further
            ],
            changes=[_change(one, most) for one in content.changes],
            runs=[(one, _cells(one)) for one in content.runs],
            drawn=NAMES.values(),
        )
    )


def _change(one: ChangeShown, most: float) -> tuple[ChangeShown, list[str], Bar]:
    """A change, its numbers in words, and its interval as it is drawn."""
    start, end, at = (round(50 + 48 * value / most, 2) for value in (one.low, one.high, one.gain))
    per_minute = signed(one.per_minute, 4) if one.decision == "better" else NOTHING
    words = [signed(one.gain), f"{signed(one.low)} to {signed(one.high)}", signed(one.minutes, 1), per_minute]
    return one, words, Bar(start, round(end - start, 2), at)


def _cells(one: RunShown) -> list[Cell]:
    shown = f"{one.seconds / 60:.1f} min" if one.seconds >= 60 else f"{one.seconds:.0f} s"
    score = Cell.of(one.score, decimals=True)
    return [score, Cell.of(one.images), Cell.of(one.epochs), Cell(shown, f"{one.seconds:.1f}", None)]
