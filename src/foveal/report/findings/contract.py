"""A finding, and what the rules find it in: plain values of any task."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from foveal.brief import brief
from foveal.metrics.contract import Lines, Matrix, Results
from foveal.types.size import Size

Severity = Literal["problem", "warning", "note"]
"""``problem``: the numbers or the model are not to be used as they are; ``warning``: something can be better;
``note``: good to know."""


@dataclass(frozen=True)
class Finding:
    """Something that a reader should know, in one sentence.

    Attributes:
        severity: How much it matters.
        text: The sentence, with the numbers it rests on and, where there is one, what to do.
        rule: Name of the rule that found it, which stays the same where numbers and words change.
    """

    severity: Severity
    text: str
    rule: str = field(default="", compare=False)

    __repr__ = brief

    def to_dict(self) -> dict[str, str]:
        """Plain values for JSON."""
        return {"severity": self.severity, "text": self.text, "rule": self.rule}


@dataclass(frozen=True)
class Evidence:
    """What the rules look at.

    Attributes:
        results: The evaluation.
        headline: The metric that the run is about.
        maximize: Whether more of it is better.
        caveats: Notes on the numbers that are findings already, such as images that training has seen.
        trained: Training images, or objects, by class; empty where they are not known.
        noun: What ``trained`` counts.
        input_size: Size of the input at evaluation; None: unknown.
        history: Rows of metrics.csv.
        best_epoch: The epoch whose weights were kept; None without training.
        began_with: What epoch 0 is, the weights before the first step.
        stop: Why training ended: ``epochs``, ``patience``, ``time`` or ``interrupted``; empty: unknown.
        limit: Most objects that the model predicts in an image; 0: there is no limit.
        min_precision: Precision for which the threshold was chosen; 0: none was asked for.
        predicted: Objects predicted in each image.
        true: Annotated objects in each image.
    """

    results: Results
    headline: str
    maximize: bool = True
    caveats: Sequence[str] = ()
    trained: Mapping[str, int] = field(default_factory=dict)
    noun: str = "images"
    input_size: Size | None = None
    history: Sequence[Mapping[str, float]] = ()
    best_epoch: int | None = None
    began_with: str = "the head fitted to the pretrained features"
    stop: str = ""
    limit: int = 0
    min_precision: float = 0.0
    predicted: Sequence[int] = ()
    true: Sequence[int] = ()

    def matrix(self) -> Matrix | None:
        """The confusion matrix, if there is one."""
        return next((panel for panel in self.results.panels if isinstance(panel, Matrix)), None)

    def lines(self, title: str) -> Lines | None:
        """The curves of that title, if there are any."""
        panels = self.results.panels
        return next((panel for panel in panels if isinstance(panel, Lines) and panel.title == title), None)

    def scores(self) -> list[tuple[int, float]]:
        """(epoch, headline metric) of the rows that have it."""
        names = (self.headline, f"val_{self.headline}")
        rows = ((int(row["epoch"]), row.get(names[0], row.get(names[1], float("nan")))) for row in self.history)
        return [(epoch, value) for epoch, value in rows if value == value]

    def losses(self) -> list[tuple[int, float]]:
        """(epoch, validation loss) of the rows that have it."""
        rows = ((int(row["epoch"]), row.get("val_loss", float("nan"))) for row in self.history)
        return [(epoch, value) for epoch, value in rows if value == value]


Rule = Callable[[Evidence], Sequence[Finding]]
"""A pure function: what one rule finds, mostly nothing."""


def listed(names: Sequence[str], *, most: int = 3) -> str:
    """``rose``, ``rose and tulip``, ``rose, tulip, daisy and 4 more``."""
    shown, rest = list(names[:most]), len(names) - most
    last = f"{rest} more" if rest > 0 else shown.pop() if len(shown) > 1 else ""
    return f"{', '.join(shown)} and {last}" if last else shown[0]
