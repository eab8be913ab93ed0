"""Which change gains most for its time, and which of them nobody can tell apart. Arithmetic alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from foveal.metrics.paired.student import quantile

ALPHA = 0.05
LEAST_MINUTES = 0.05
"""What takes no longer than this is divided by it: otherwise a change that costs nothing would gain infinitely much."""


@dataclass(frozen=True)
class Gain:
    """What one change brought.

    Attributes:
        name: Of the change.
        title: For a person.
        settings: What it sets, nested.
        value: The goal's metric with it, the mean over the seeds.
        gain: How much better it is than without.
        low: Lower end of the gain's 95% interval, over images and seeds.
        high: Upper end.
        minutes: How much longer a run takes.
        seeds: Runs that the mean is of.
        rank: From 1 on; those that cannot be told apart share one. 0: not ranked yet.
    """

    name: str
    title: str
    settings: dict[str, Any]
    value: float
    gain: float
    low: float
    high: float
    minutes: float
    seeds: int
    rank: int = 0

    @property
    def decision(self) -> Literal["better", "worse", "no difference seen"]:
        """What the interval says."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "no difference seen"

    @property
    def per_minute(self) -> float:
        """Gain per further minute of a run."""
        return self.gain / max(LEAST_MINUTES, self.minutes)

    @property
    def error_per_minute(self) -> float:
        """Its standard error, by the interval."""
        return (self.high - self.low) / 2 / quantile(ALPHA, math.inf) / max(LEAST_MINUTES, self.minutes)

    def ties(self, other: "Gain") -> bool:
        """Whether the difference of the two gains per minute may be nothing.

        Both are compared with the same runs, which makes them more alike than is assumed here: rather a tie too many.
        """
        error = math.hypot(self.error_per_minute, other.error_per_minute)
        return abs(self.per_minute - other.per_minute) <= quantile(ALPHA, math.inf) * error

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "settings": self.settings,
            "value": self.value,
            "gain": self.gain,
            "low": self.low,
            "high": self.high,
            "minutes": round(self.minutes, 2),
            "gain_per_minute": self.per_minute,
            "seeds": self.seeds,
            "rank": self.rank,
            "decision": self.decision,
        }


def ranked(gains: Sequence[Gain]) -> list[Gain]:
    """Best first, by gain per minute; one that ties with the first of a rank shares it.

    What is not seen to be better comes last, and shares one rank.
    """
    groups = (
        [gain for gain in gains if gain.decision == "better"],
        [gain for gain in gains if gain.decision == "no difference seen"],
        [gain for gain in gains if gain.decision == "worse"],
    )
    out = list[Gain]()
    for group in groups:
        first: Gain | None = None
        for one in sorted(group, key=lambda gain: -gain.per_minute):
            if first is None or not (one.decision == "no difference seen" or one.ties(first)):
                first = replace(one, rank=len(out) + 1)
                out.append(first)
            else:
                out.append(replace(one, rank=first.rank))
    return out
