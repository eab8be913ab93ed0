"""The page of a comparison: plain values in, one HTML page out that opens from disk and loads nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from foveal.metrics.contract import Lines
from foveal.report.cells import LONG_TABLE, SIDE_PX, WIDE, WIDE_SIDE_PX, Cell, Shown
from foveal.report.content import CaptionedImage, Key
from foveal.report.embed import webp_uri
from foveal.report.figures.svg import NAMES
from foveal.report.learnt.environment import environment
from foveal.report.wording import count, heading, number, spoken

NARROW = 0.01
"""Ends of an interval below which it has four decimals."""
FEW = 12
"""Metrics that are shown; the others can be unfolded."""


@dataclass(frozen=True)
class SideShown:
    """One side: its letter, its name, how many runs it is, and facts about it."""

    key: str
    name: str
    runs: int
    facts: str = ""


@dataclass(frozen=True)
class Change:
    """A metric of two sides, and the interval of its difference; ``below`` is whether less is better."""

    name: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    below: bool = False


@dataclass(frozen=True)
class PairShown:
    """Two sides: their letters, the decision, its evidence in words, and their metrics, the deciding one first."""

    a: str
    b: str
    decision: str
    better: bool
    evidence: str
    changes: Sequence[Change]


@dataclass(frozen=True)
class FlipShown:
    """An image that two sides predict differently: one drawing, or one per side; its file; words per side."""

    name: str
    drawings: Sequence[CaptionedImage]
    truth: str
    by_a: str
    by_b: str


@dataclass(frozen=True)
class FlipsShown:
    """Images on which two sides differ: their letters, a sentence, and the images."""

    a: str
    b: str
    about: str
    images: Sequence[FlipShown]


@dataclass(frozen=True)
class ComparisonContent:
    """Everything on the page.

    Attributes:
        title: Heading.
        task: Name of the task.
        metric: The one that decides.
        images: Number of common images.
        sides: The sides.
        pairs: Every two sides.
        settings: Those that differ: key, and each side's value.
        columns: Names of the columns of ``classes``.
        classes: By class, each column's values of each side.
        flips: By pair.
        key: What colours and lines in the drawings mean.
        curves: Learning curves.
        notes: What a reader should know.
    """

    title: str
    task: str
    metric: str
    images: int
    sides: Sequence[SideShown]
    pairs: Sequence[PairShown]
    settings: Sequence[tuple[str, Sequence[str]]] = ()
    columns: Sequence[str] = ()
    classes: Sequence[tuple[str, Sequence[Sequence[float]]]] = ()
    flips: Sequence[FlipsShown] = ()
    key: Sequence[Key] = ()
    curves: Sequence[Lines] = ()
    notes: Sequence[str] = field(default=())


@dataclass(frozen=True)
class Bar:
    """An interval around 0 as the page draws it, in percent of half the width."""

    start: float
    length: float
    at: float


def render_comparison(content: ComparisonContent) -> str:
    """The page as a string.

    Raises:
        MissingExtraError: Jinja2 or matplotlib is not installed.
    """
    keys = [side.key for side in content.sides]
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            content=content,
            keys=keys,
            metric=heading(content.metric),
            pairs=[(pair, rows(pair)) for pair in content.pairs],
            few=FEW,
            columns=[spoken(name) for name in content.columns],
            classes=[(name, [cells(values) for values in columns]) for name, columns in content.classes],
            flips=[(one, [photos(image) for image in one.images]) for one in content.flips],
            curves=[Shown.of(panel) for panel in content.curves],
            long=LONG_TABLE,
            whole=count,
            drawn=NAMES.values(),
        )
    )


def rows(pair: PairShown) -> list[tuple[str, bool, str, str, str, str, Bar | None]]:
    """Name, whether less is better, both values, the difference, its interval and how it is drawn, by metric."""
    ends = [max(abs(one.low), abs(one.high)) for one in pair.changes if max(abs(one.low), abs(one.high)) <= 1]
    most = max(ends, default=0.0) or 1.0
    found = []
    for one in pair.changes:
        known = one.low == one.low
        bar = None
        if known and max(abs(one.low), abs(one.high)) <= most:
            start, end, at = (round(50 + 48 * value / most, 2) for value in (one.low, one.high, one.difference))
            bar = Bar(start, round(end - start, 2), at)
        places = 4 if max(abs(one.low), abs(one.high)) < NARROW else 3
        between = f"{signed(one.low, places)} to {signed(one.high, places)}" if known else "–"
        found.append((heading(one.name), one.below, number(one.a), number(one.b), signed(one.difference), between, bar))
    return found


def cells(values: Sequence[float]) -> list[Cell]:
    """Each side's value, and the change from the first to the last."""
    change = values[-1] - values[0]
    last = Cell(signed(change), f"{change:.6g}" if change == change else "", None)
    return [*(Cell.of(value, decimals=True) for value in values), last]


def photos(image: FlipShown) -> tuple[FlipShown, list[str], bool]:
    """An image, its drawings as data, and whether they are wide."""
    several = len(image.drawings) > 1  # a photo alone is small: nothing is drawn on it
    wide = several and any(one.image.shape[1] > WIDE * one.image.shape[0] for one in image.drawings)
    side = WIDE_SIDE_PX if wide else SIDE_PX
    return image, [webp_uri(one.image, side=side) for one in image.drawings], wide


def signed(value: float, places: int = 3) -> str:
    """With its sign; a dash where undefined."""
    return f"{round(value, places) + 0.0:+.{places}f}".replace("-", "−") if value == value else "–"
