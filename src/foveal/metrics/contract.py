"""What a metric is and what it says: numbers with intervals, a table a class, panels for the report, mistakes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from foveal.types.arrays import FloatArray


@dataclass(frozen=True)
class Interval:
    """A number and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """For example ``0.957 (0.921 to 0.986)``."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Matrix:
    """A panel: a labelled matrix, ``values[i, j]`` for row i (truth) and column j (prediction)."""

    title: str
    values: FloatArray
    labels: Sequence[str]
    row_title: str = "truth"
    column_title: str = "prediction"


@dataclass(frozen=True)
class Lines:
    """A panel: curves over one axis. ``curves`` maps a name to (x, y); ``diagonal`` draws the ideal y = x."""

    title: str
    x_title: str
    y_title: str
    curves: Mapping[str, tuple[FloatArray, FloatArray]]
    diagonal: bool = False
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A panel: rows under a header."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]


Panel = Matrix | Lines | Table


@dataclass(frozen=True)
class Mistake:
    """One evaluated image that went wrong: its place in the order of evaluation, how badly, and a line about it."""

    position: int
    badness: float
    caption: str


@dataclass(frozen=True)
class Results:
    """A verdict on a set of images.

    Attributes:
        images: How many images were evaluated.
        metrics: Headline numbers by name.
        per_class: Numbers by class, then by name; a number that is undefined for a class is NaN.
        panels: What the report draws, in order.
        worst: The worst mistakes, worst first.
    """

    images: int
    metrics: Mapping[str, Interval]
    per_class: Mapping[str, Mapping[str, float]]
    panels: Sequence[Panel] = field(default=())
    worst: Sequence[Mistake] = field(default=())


Truth = TypeVar("Truth", contravariant=True)
P = TypeVar("P", contravariant=True)


class Metric(Protocol[Truth, P]):
    """Collects truths and predictions, then evaluates."""

    def update(self, truth: Truth, prediction: P) -> None:
        """Take in one image."""
        ...

    def compute(self, *, num_resamples: int = 1000, seed: int = 0) -> Results:
        """Evaluate all images taken in.

        Args:
            num_resamples: Bootstrap resamples over images; 0 gives intervals of zero width.
            seed: Of the resampling.

        Raises:
            DataError: No image was taken in.
        """
        ...
