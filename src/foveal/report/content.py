"""The content of a report: plain values that any task can fill in, without torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from foveal.metrics.contract import Results
from foveal.types.arrays import RGB


@dataclass(frozen=True)
class CaptionedImage:
    """An image of the report, (height, width, 3) uint8, and its caption."""

    image: RGB
    caption: str


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
        facts: (name, value) pairs under the title: data, backbone, input size, duration, seed, versions ...
        history: Rows of metrics.csv, one per epoch; the columns named ``*loss*``, the headline metric and ``lr`` are
            drawn over ``epoch``. A row may lack a column.
        mistakes: The worst mistakes as images, worst first.
        config: The configuration by section; values may be nested.
        class_counts: Images by split, then by class.
        next_steps: Commands to run next.
    """

    title: str
    task: str
    results: Results
    headline: str
    facts: Sequence[tuple[str, str]] = field(default=())
    history: Sequence[Mapping[str, float]] = field(default=())
    mistakes: Sequence[CaptionedImage] = field(default=())
    config: Mapping[str, object] = field(default_factory=dict)
    class_counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    next_steps: Sequence[Step] = field(default=())
