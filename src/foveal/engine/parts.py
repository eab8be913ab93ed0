"""The parts of a run that is trained longer than first planned, each with a schedule of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Part:
    """A stretch of a run under one schedule.

    Attributes:
        epochs: Where it is to end: epochs counted from the beginning of the run.
        schedule: Name of the schedule.
        lr: Learning rate after warm-up, as it is applied: lowered where a fitted head leaves little to learn.
        time_s: Its time budget in seconds; None: without one.
        from_step: Steps before it.
        from_epoch: Epochs before it; a fraction where the run had stopped within one.
        from_row: Rows of metrics.csv before it.
        from_s: Seconds before it.
        settings: What it changed in the run's configuration, by section.
    """

    epochs: int
    schedule: str = ""
    lr: float = 0.0
    time_s: float | None = None
    from_step: int = 0
    from_epoch: float = 0.0
    from_row: int = 0
    from_s: float = 0.0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self, reached: float) -> dict[str, Any]:
        """Plain values for the card, with the epoch that it reached."""
        planned = {"epochs": self.epochs, "schedule": self.schedule, "lr": self.lr, "time_s": self.time_s}
        return {**planned, "from_epoch": self.from_epoch, "reached_epoch": reached}


def reached_epochs(parts: Sequence[Part], last: float) -> list[float]:
    """Where each part ended; ``last``: the last one."""
    return [*(after.from_epoch for after in parts[1:]), last]


def parts_in_words(parts: Sequence[Part], last: float) -> str:
    """For example ``to epoch 20: cosine, lr 0.002; to epoch 40: cosine, lr 0.001``; ``last``: where the last ends."""
    words = []
    for part, end in zip(parts, reached_epochs(parts, last), strict=True):
        budget = "" if part.time_s is None else f", within {part.time_s:g} s"
        words.append(f"to epoch {round(end, 1):g}: {part.schedule}, lr {part.lr:g}{budget}")
    return "; ".join(words)
