"""What the time allows: nothing is begun that cannot end, with the confirmation and the last fit still to come."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from foveal.tune.search.rungs import ETA
from foveal.tune.study.plan import StudyPlan
from foveal.tune.study.trial import Trial

MARGIN = 1.15
"""What is estimated takes up to so much longer."""
CLOSING_S = 5.0
"""For the page and the copy of the model, beside a report for each setting and one that compares them."""
GUESSED_FINISH = 3.0
"""Duration of a run's evaluation and report in epochs, for as long as none was timed."""
LEAST_TRIALS = 3
"""Trials without which there is no search."""
FEWEST_SEEDS = 2
USUAL_SHARE = 0.8
"""Share of the images that a trial is trained on, where it is not known."""
FOLD = 1.1
"""Duration of a run that confirms as a multiple of a trial's on as many images: it evaluates more of them."""


@dataclass(frozen=True)
class Cost:
    """What a trial takes, in seconds: to start, per epoch, and to end with a report; what it is trained on."""

    start_s: float
    epoch_s: float
    finish_s: float
    epochs: int
    train_share: float = USUAL_SHARE

    @property
    def whole_s(self) -> float:
        """From the beginning to the report."""
        return self.start_s + self.epochs * self.epoch_s + self.finish_s

    def fold_s(self, seeds: int) -> float:
        """Of a run that confirms, which is trained on all images but one of so many folds."""
        images = (1 - 1 / seeds) / self.train_share
        return FOLD * (self.start_s + self.epochs * self.epoch_s * images + self.finish_s)

    def part_s(self, begin: float, end: float) -> float:
        """From one fraction of its length to another."""
        return self.start_s + (end - begin) * self.epochs * self.epoch_s + (self.finish_s if end >= 1 else 0.0)


def cost_of(trial: Trial, like: Cost | None = None) -> Cost | None:
    """What a trial takes, by its own epochs; None: none was timed.

    Args:
        trial: The trial.
        like: Of another, for what is not known of this one.
    """
    rows = [row for row in trial.rows if "epoch" in row and "seconds" in row]
    if trial.epochs is None or not rows or rows[-1]["epoch"] < 1:
        return like
    pairs = [(b["seconds"] - a["seconds"]) / (b["epoch"] - a["epoch"]) for a, b in pairwise(rows)]
    first = rows[0]
    epoch_s = statistics.median(pairs) if pairs else first["seconds"] / first["epoch"]
    start_s = max(0.0, first["seconds"] - first["epoch"] * epoch_s)
    if not pairs:
        start_s = like.start_s if like else 0.0
    if trial.finished:
        finish_s = max(0.0, trial.seconds - rows[-1]["seconds"])
    else:
        finish_s = like.finish_s if like else GUESSED_FINISH * epoch_s
    return Cost(start_s, epoch_s, finish_s, trial.epochs, _train_share(trial))


def _train_share(trial: Trial) -> float:
    """Of its training and validation images."""
    try:
        splits = json.loads((trial.folder / "data.json").read_text(encoding="utf-8"))["splits"]
        train, val = (int(splits[name]["images"]) for name in ("train", "val"))
        return train / (train + val)
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return USUAL_SHARE


@dataclass(frozen=True)
class Budget:
    """The time of a study.

    Attributes:
        plan: Of the study.
        cost: Of the default; None: not known yet.
        spent_s: So far.
    """

    plan: StudyPlan
    cost: Cost | None
    spent_s: float

    @property
    def limited(self) -> bool:
        """Whether there is a time budget."""
        return self.plan.time_s is not None

    @property
    def left_s(self) -> float:
        """Until all must be over."""
        return math.inf if self.plan.time_s is None else self.plan.time_s - self.spent_s

    def confirming_s(self, candidates: int, seeds: int) -> float:
        """What the confirmation and the end will take."""
        assert self.cost is not None, "asked for once it is known"
        rounds = math.ceil((1 + candidates) * seeds / max(1, self.plan.workers))
        pages = CLOSING_S + (candidates + 2) * self.cost.finish_s
        return rounds * self.cost.fold_s(seeds) + pages

    @property
    def seeds(self) -> int:
        """Runs per setting that the confirmation can have; 0: too little time for any search."""
        if self.plan.time_s is None or self.cost is None:
            return self.plan.seeds
        for seeds in range(self.plan.seeds, FEWEST_SEEDS - 1, -1):
            if self.needed_s(seeds) <= self.plan.time_s:
                return seeds
        return 0

    def needed_s(self, seeds: int = FEWEST_SEEDS) -> float:
        """The least time of a study: the default, a small search, and a confirmation with so many seeds."""
        assert self.cost is not None, "asked for once it is known"
        rungs, cost = self.plan.rungs, self.cost
        search = LEAST_TRIALS * cost.part_s(0, rungs[0]) / max(1, self.plan.workers)
        search += sum(cost.part_s(a, b) for a, b in pairwise(rungs))
        return cost.whole_s + MARGIN * (search + self.confirming_s(1, seeds))

    @property
    def search_s(self) -> float:
        """Left for the search."""
        if not self.limited:
            return math.inf
        if self.cost is None:
            return 0.0
        seeds = self.seeds
        return self.left_s - MARGIN * self.confirming_s(1, seeds) if seeds else 0.0

    def allows(self, seconds: float) -> bool:
        """Whether a part of the search can still end."""
        return MARGIN * seconds <= self.search_s

    def allows_last(self, seconds: float) -> bool:
        """Whether the only candidate can still end and be confirmed, with fewer seeds than were planned if need be.

        Trials that took longer than was estimated would otherwise leave the time to a confirmation of nothing.
        """
        if not self.limited:
            return True
        if self.cost is None or not self.seeds:
            return False
        return MARGIN * (seconds + self.confirming_s(1, FEWEST_SEEDS)) <= self.left_s

    def allows_trial(self, trials: Sequence[Trial]) -> bool:
        """Whether a further trial can be begun, and those that are promoted still go on."""
        if not self.limited:
            return True
        if self.cost is None:
            return False
        rungs, cost = self.plan.rungs, self.cost
        count = 1 + sum(trial.failure is None for trial in trials)
        needed = cost.part_s(0, rungs[0])
        for place, (begin, end) in enumerate(pairwise(rungs), 1):
            there = sum(trial.rung(rungs) > place for trial in trials)
            needed += max(0, max(1, count // ETA**place) - there) * cost.part_s(begin, end)
        return MARGIN * needed / max(1, self.plan.workers) <= self.search_s and self.allows(cost.part_s(0, rungs[0]))

    def confirmable(self, candidates: int) -> tuple[int, int]:
        """How many candidates are confirmed, and with how many seeds; (0, 0): none can be."""
        for count in range(candidates, 0, -1):
            fewest = self.plan.seeds if count > 1 else FEWEST_SEEDS
            for seeds in range(self.plan.seeds, fewest - 1, -1):
                if not self.limited or (self.cost and MARGIN * self.confirming_s(count, seeds) <= self.left_s):
                    return count, seeds
        return 0, 0
