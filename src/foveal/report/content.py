"""The content of a report: plain values that any task can fill in, without torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from foveal.metrics.contract import Results
from foveal.report.figures.density import Density
from foveal.report.findings.contract import Finding
from foveal.types.arrays import RGB

Examples = Literal["mistakes", "uncertain", "samples"]
"""What the images of a report are: the worst mistakes; without any the least certain; else simply some."""


@dataclass(frozen=True)
class CaptionedImage:
    """An image of the report, (height, width, 3) uint8, its caption, and the file it comes from.

    ``looked`` is the same image with where the model looked drawn on it; None: it is not shown.
    """

    image: RGB
    caption: str
    name: str = ""
    looked: RGB | None = None


@dataclass(frozen=True)
class Key:
    """What a colour and a kind of line (solid, dashed, dotted) mean in the images."""

    name: str
    color: tuple[int, int, int]
    line: str


@dataclass(frozen=True)
class Step:
    """A next step: a short description and the command."""

    what: str
    command: str


@dataclass(frozen=True)
class Content:
    """Everything in a report.

    Attributes:
        title: Name of the run or the data set.
        task: Name of the task.
        results: Metrics, the table of classes, panels.
        headline: The metric of ``results`` shown in large type at the top.
        findings: What to know first, the most useful first.
        facts: (name, value) pairs under the title: data, backbone, input size, duration, seed, versions ...
        history: Rows of metrics.csv, one per epoch; the columns named ``*loss*``, the headline metric and ``lr`` are
            drawn over ``epoch``. A row may lack a column.
        kept: The epoch whose weights were kept.
        examples: Evaluated images, worst first.
        examples_are: What they are.
        looked: What is shown beside them of where the model looked, or why nothing is.
        key: What colours and lines in them mean.
        batch: A batch as training saw it.
        batch_key: What colours in it mean.
        config: The configuration by section; values may be nested.
        class_counts: Images by split, then by class.
        object_counts: Objects by split, then by class; empty where there are none.
        data_panels: Figures of the data.
        split_sizes: Images by split; one may have several classes.
        next_steps: Commands to run next.
        unit: What was evaluated, in the singular.
        classes_are: What the rows of the table of classes are.
    """

    title: str
    task: str
    results: Results
    headline: str
    findings: Sequence[Finding] = field(default=())
    facts: Sequence[tuple[str, str]] = field(default=())
    history: Sequence[Mapping[str, float]] = field(default=())
    kept: float | None = None
    examples: Sequence[CaptionedImage] = field(default=())
    examples_are: Examples = "mistakes"
    looked: str = ""
    key: Sequence[Key] = field(default=())
    batch: Sequence[CaptionedImage] = field(default=())
    batch_key: Sequence[Key] = field(default=())
    config: Mapping[str, object] = field(default_factory=dict)
    class_counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    object_counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    data_panels: Sequence[Density] = field(default=())
    split_sizes: Mapping[str, int] = field(default_factory=dict)
    next_steps: Sequence[Step] = field(default=())
    unit: str = "image"
    classes_are: str = "Classes"

    @property
    def lower(self) -> frozenset[str]:
        """Metrics of which less is better."""
        return frozenset(name for name, better in self.results.better.items() if better == "less")
