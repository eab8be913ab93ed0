"""The order in which batch sizes are tried, and what ends it. No torch."""

import time
from collections.abc import Callable, Mapping

from foveal.engine.logs.log import duration
from foveal.errors import ConfigError
from foveal.tune.finders.attempts import Attempt, Chosen
from foveal.tune.finders.choice import FLOOR, NEAR_BEST, foreseen, grows, next_larger
from foveal.types.progress import Progress

STEPS_OF_A_TRY = 5
"""Steps of an attempt, about, for what a time limit leaves."""
LACKS = ("too_large", "out_of_memory", "not_tried")
"""States of a batch for which there is too little memory."""
Try = Callable[[Mapping[str, object], int | None, float | None], tuple[Chosen | None, Attempt]]
"""Takes what is asked for, a batch size (None: the default) and the seconds that are left (None: any)."""


class Search:
    """Tries the default, then larger ones as long as they bring something, then smaller ones that are as fast."""

    def __init__(
        self,
        asked: Mapping[str, object],
        attempt_one: Try,
        progress: Progress,
        began: float,
        time_s: float | None,
    ) -> None:
        self.asked, self.attempt_one, self.progress = asked, attempt_one, progress
        self.began, self.time_s = began, time_s
        self.tries: list[Attempt] = []
        self.notes: list[str] = []
        self.first_s = 0.0
        self.cut = False
        self._default: Chosen | None = None

    @property
    def default(self) -> Chosen:
        """What a run would use."""
        assert self._default is not None, "the first attempt told it"
        return self._default

    def run(self) -> None:
        """Try one after the other."""
        self.progress("trying the default batch size", 0, None)
        self._default, first = self.attempt_one(self.asked, None, self.time_s)
        if first.state == "no_time":
            raise ConfigError(
                f"The first batch took longer than the time limit of {duration(self.time_s or 0)}.",
                "Allow more (--time), or take a smaller --input.size.",
            )
        if self._default is None:
            raise ConfigError(
                "Memory runs out before a network is built.",
                "Free some, take a smaller network (--model.backbone), or allow the container more.",
            )
        self.first_s = time.monotonic() - self.began
        self.tries.append(first)
        if first.state == "measured":
            self._upwards(first.batch_size)
        self._downwards(first)
        self._between()

    def _upwards(self, size: int) -> None:
        upwards = list(self.tries)
        while (larger := next_larger(size, self.default.images)) is not None:
            size = larger
            if lacking := foreseen(self.tries, size):
                self.tries.append(Attempt(size, "not_tried", memory=tuple(lacking)))
                return
            one = self._try(size)
            if one is None or one.state != "measured":
                return
            upwards.append(one)
            if not grows(upwards):
                self.notes.append(f"batches above {size} were not tried: the last ones brought less than 5%")
                return
        self.notes.append(f"a batch holds at most all {self.default.images:,} training images")

    def _downwards(self, first: Attempt) -> None:
        size = first.batch_size
        while size > 1:
            fits = any(one.state == "measured" for one in self.tries)
            size //= 2
            if fits and size < min(FLOOR, first.batch_size):
                return
            if not fits and foreseen(self.tries, size):
                self.tries.append(Attempt(size, "not_tried", memory=tuple(foreseen(self.tries, size))))
                continue
            one = self._try(size)
            if one is None:
                return
            best = max((other.images_per_s for other in self.tries if other.state == "measured"), default=0.0)
            if one.state == "measured" and one.images_per_s < NEAR_BEST * best:
                return

    def _between(self) -> None:
        """Where memory is what ends it, one size between the largest that fits and the smallest that does not."""
        fits = max((one.batch_size for one in self.tries if one.state == "measured"), default=0)
        lacks = [one.batch_size for one in self.tries if one.state in LACKS and one.batch_size > fits]
        middle = (fits + min(lacks)) // 2 if lacks else 0
        if fits < middle < min(lacks, default=0) and not foreseen(self.tries, middle):
            self._try(middle)

    def _try(self, size: int) -> Attempt | None:
        """An attempt; None: there is no time for it."""
        known = [one.images_per_s for one in self.tries if one.state == "measured"]
        steps_s = STEPS_OF_A_TRY * size / max(known) if known else 0.0
        left_s = None if self.time_s is None else self.time_s - (time.monotonic() - self.began)
        one = None
        if left_s is None or 0.5 * self.first_s + steps_s <= left_s:
            self.progress(f"trying batches of {size}", len(self.tries), None)
            one = self.attempt_one(self.asked, size, left_s)[1]
        if one is None or one.state == "no_time":
            if not self.cut:
                spent = duration(time.monotonic() - self.began)
                self.notes.append(f"time is over after {spent}: batches of {size} and others were not measured")
            self.cut = True
            return None
        self.tries.append(one)
        return one
