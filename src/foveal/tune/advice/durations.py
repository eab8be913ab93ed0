"""How long a run will take, by those that are done. Arithmetic alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

MARGIN = 1.1
"""Runs of one kind do not take the same time."""


@dataclass
class Durations:
    """Durations of runs as a start that all have and a part that grows with their work.

    Attributes:
        work: By kind of run, images times epochs times the cost of a change.
        rate_s: Seconds per unit of work before any run is done.
        done: By kind of run, seconds of those that are.
    """

    work: Mapping[str, float]
    rate_s: float = 0.0
    done: dict[str, list[float]] = field(default_factory=dict)

    def add(self, kind: str, seconds: float) -> None:
        """A run is done."""
        self.done.setdefault(kind, []).append(seconds)

    def seconds(self, kind: str) -> float:
        """Of a run of a kind."""
        if kind in self.done:
            return MARGIN * max(self.done[kind])
        known = sorted((self.work[one], float(np.mean(each))) for one, each in self.done.items())
        work = self.work[kind]
        if not known:
            return self.rate_s * work
        (least, first_s), (most, last_s) = known[0], known[-1]
        if most > 1.5 * least:
            slope = max(0.0, (last_s - first_s) / (most - least))
            return MARGIN * max(last_s + slope * (work - most), last_s if work >= most else first_s)
        return MARGIN * max(last_s, last_s * work / most)
