"""Metrics and their results: values with intervals, a table of classes, panels for the report, mistakes.

Shapes: N images, K classes, R resamples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal.brief import brief
from foveal.errors import DataError
from foveal.types.arrays import FloatArray, IntArray

Truth = TypeVar("Truth", contravariant=True)
P = TypeVar("P", contravariant=True)

Weights = NDArray[np.float32]
"""(N, R) how often each image counts in each resample; float32 is exact for integers below 2^24."""
Scores = Mapping[str, FloatArray]
"""Metrics by name, each (R,)."""

Better = Literal["more", "less"]
ALONE = 256
"""Images that are scored one by one at once."""
MOST_RESAMPLES = 1_000_000
MAX_MISTAKES = 100
"""Maximum number of mistakes in the results."""


@dataclass(frozen=True)
class Scale:
    """What a metric's numbers mean.

    Attributes:
        better: Whether more or less is better.
        top: The other end of its range, which begins at 0; for an unbounded loss, what ignorance costs.
        bounded: Whether a value never exceeds ``top``.
        whole: Whether an image is right or wrong as a whole, so that N images say no more than N tosses of a coin.
        proportion: Whether it is the fraction of images that are right (or wrong), each counting once.
    """

    better: Better = "more"
    top: float = 1.0
    bounded: bool = True
    whole: bool = False
    proportion: bool = False


@dataclass(frozen=True)
class Interval:
    """A value and its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """For example ``0.957 (0.921 to 0.986)``."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Matrix:
    """A panel: a labelled matrix, ``values[i, j]`` for row i (truth) and column j (prediction).

    ``columns`` labels the columns where they are not the rows'; ``of`` is what is counted, such as ``images``, and
    empty where the values are shares.
    """

    title: str
    values: FloatArray
    labels: Sequence[str]
    row_title: str = "truth"
    column_title: str = "prediction"
    columns: Sequence[str] = ()
    of: str = ""

    __repr__ = brief


@dataclass(frozen=True)
class Lines:
    """A panel: curves over one axis.

    Attributes:
        title: What is shown.
        x_title: Name of the horizontal axis.
        y_title: Name of the vertical axis.
        curves: (x, y) by name.
        diagonal: Draw the ideal y = x.
        note: A sentence below the figure.
        shares: The axes whose values are shares, such as ``xy``; they run from 0 to 1.
        dots: Points without a line between them.
        marks: Places on the horizontal axis to mark, by name, such as the model's threshold.
        bars: (B + 1,) edges and (B,) counts drawn below the curves, such as the images behind each point.
        bars_title: What is counted there.
    """

    title: str
    x_title: str
    y_title: str
    curves: Mapping[str, tuple[FloatArray, FloatArray]]
    diagonal: bool = False
    note: str = ""
    shares: Literal["", "x", "y", "xy"] = ""
    dots: bool = False
    marks: Mapping[str, float] = field(default_factory=dict)
    bars: tuple[FloatArray, FloatArray] | None = None
    bars_title: str = ""

    __repr__ = brief


@dataclass(frozen=True)
class Table:
    """A panel: rows under a header."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]

    __repr__ = brief


@dataclass(frozen=True)
class Passage:
    """A piece of text: what it is, its lines as they are, and a shade from 0 to 1 for each character, or none."""

    caption: str
    text: str
    shades: FloatArray | Sequence[float] = ()

    __repr__ = brief


@dataclass(frozen=True)
class Passages:
    """A panel: pieces of text, below each other."""

    title: str
    passages: Sequence[Passage]
    note: str = ""

    __repr__ = brief


Panel = Matrix | Lines | Table | Passages


@dataclass(frozen=True)
class Mistake:
    """An image with a wrong prediction, or an uncertain one.

    Attributes:
        position: Its index in the order of evaluation.
        badness: The severity; mistakes are sorted by it.
        caption: What is wrong, in words.
        confidence: Score of the wrong class, where the image has one prediction.
    """

    position: int
    badness: float
    caption: str
    confidence: float | None = None

    __repr__ = brief


@dataclass(frozen=True, repr=False)
class Results:
    """The evaluation of a set of images.

    Attributes:
        images: Number of images evaluated.
        metrics: Headline metrics by name.
        per_class: Metrics by class, then by name; NaN where undefined for a class.
        panels: Panels of the report, in order.
        worst: The worst mistakes, worst first, at most ``MAX_MISTAKES``.
        uncertain: Images without a mistake, the least certain first; shown where there are no mistakes.
        sizes: By class, the median side of its objects as a share of the image's longer side; empty without objects.
        better: Whether more or less is better, for each of ``metrics``.
        groups: Number of groups that were resampled; None: images are independent.
        cautions: What a reader of the numbers must know, in sentences.
    """

    images: int
    metrics: Mapping[str, Interval]
    per_class: Mapping[str, Mapping[str, float]]
    panels: Sequence[Panel] = field(default=())
    worst: Sequence[Mistake] = field(default=())
    better: Mapping[str, Better] = field(default_factory=dict)
    groups: int | None = None
    cautions: Sequence[str] = field(default=())
    uncertain: Sequence[Mistake] = field(default=())
    sizes: Mapping[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        """One line with the first metrics: ``Results(accuracy 0.957 (0.921 to 0.986), ...; 49 images)``."""
        named = [f"{name} {interval}" for name, interval in list(self.metrics.items())[:3]]
        more = [f"{len(self.metrics) - 3} more"] if len(self.metrics) > 3 else []
        return f"Results({', '.join([*named, *more])}; {self.images:,} images)"


class Verdict(Protocol):
    """The evaluation of images before they are weighted.

    Two models evaluated on the same images in the same order are compared under the same weights.

    Attributes:
        num_images: N, at least 1.
        scales: The scale of every headline metric.
    """

    num_images: int
    scales: Mapping[str, Scale]

    def score(self, weights: Weights) -> Scores:
        """Every headline metric of weighted images, each (R,)."""
        ...

    def evidence(self, units: IntArray) -> Mapping[str, FloatArray]:  # noqa: ARG002  for those who have more to say
        """The independent units that each headline metric rests on, see ``intervals``.

        Args:
            units: (N,) rising ids from 0, without gaps: images of one id hang together.

        Returns:
            By metric, (K,) effective numbers of units with each class that occurs; a metric that is no mean over
            classes has one. Metrics that are left out rest on all images alike.
        """
        return {}

    def shares(self) -> Mapping[str, FloatArray]:
        """By metric that is a share of right images (``Scale.proportion``), (N,) 1 where an image is right, else 0."""
        return {}

    def by_image(self) -> FloatArray:
        """(N,) how well each image is predicted, in [0, 1]: right or wrong, the F1 of its objects, its mean IoU.

        NaN where nothing is known. By default the first headline metric of each image alone.
        """
        name = next(iter(self.scales))
        found = np.empty(self.num_images)
        for start in range(0, self.num_images, ALONE):
            places = np.arange(start, min(start + ALONE, self.num_images))
            weights = np.zeros((self.num_images, len(places)), np.float32)
            weights[places, places - start] = 1
            found[places] = self.score(weights)[name]
        return found

    def most_resamples(self) -> int:
        """Resamples that take seconds at most."""
        return MOST_RESAMPLES

    def results(self, *, num_resamples: int = 1000, seed: int = 0, groups: IntArray | None = None) -> Results:
        """The headline metrics with their intervals, and the tables, panels and mistakes.

        Args:
            num_resamples: Number of bootstrap resamples; 0 gives intervals of zero width.
            seed: For the resampling.
            groups: (N,) the group of each image; groups are then resampled. None: images are.
        """
        ...


class Metric(Protocol[Truth, P]):
    """Collects truths and predictions image by image, then evaluates them. Metrics inherit ``compute``."""

    def update(self, truth: Truth, prediction: P) -> None:
        """Add one image."""
        ...

    def verdict(self) -> Verdict:
        """Evaluate the images added so far.

        Raises:
            DataError: There are no images.
        """
        ...

    def compute(self, *, num_resamples: int = 1000, seed: int = 0, groups: IntArray | None = None) -> Results:
        """The results of ``verdict()``; arguments as for ``Verdict.results``.

        Raises:
            DataError: No image was added.
        """
        return self.verdict().results(num_resamples=num_resamples, seed=seed, groups=groups)


def require_images(num_images: int) -> None:
    """Refuse to evaluate nothing.

    Raises:
        DataError: There are no images.
    """
    if not num_images:
        raise DataError("There are no images to evaluate.", "Check that the data set and the split contain images.")
