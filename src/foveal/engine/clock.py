"""Time of a run from its command's start on, resumed parts included, and what a time budget leaves for training."""

import math
import os
import time
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

OWN_PROCESS: ContextVar[bool] = ContextVar("OWN_PROCESS", default=False)
"""Whether the command is what this process was started for: then its time began with the process."""


@dataclass(frozen=True)
class Closing:
    """What is still to do after the last step.

    Attributes:
        passes: Evaluations of the validation split, or work that takes as long.
        fixed_s: Seconds that do not depend on the validation split: calibration, intervals, report.
        share: Duration of an evaluation as a multiple of that of a training step, for as long as none was timed.
    """

    passes: float = 1.0
    fixed_s: float = 0.0
    share: float = 0.0


@dataclass(frozen=True)
class Began:
    """When a command began.

    Attributes:
        at: By ``time.monotonic``.
        imports_s: Seconds that its imports took: a measure of how fast the machine is at present.
    """

    at: float
    imports_s: float = 0.0

    def share_s(self, budget_s: float | None) -> float | None:
        """Seconds that preparations may take: a quarter of what is left of a time budget; None: any."""
        return None if budget_s is None else max(1.0, 0.25 * (budget_s - (time.monotonic() - self.at)))


class Clock:
    """Counts from the command's start.

    Args:
        elapsed_s: Seconds spent before the run was resumed.
        budget_s: Time budget from the command's start to its end; None: without one.
        since_s: Seconds that the budget does not count, spent before it was given.
        began: When the command began; None: now.
        trained_from_s: Seconds after which the first step began, of a resumed run; None: not yet.
        closing: What is still to do after the last step.
    """

    def __init__(
        self,
        elapsed_s: float = 0.0,
        *,
        budget_s: float | None = None,
        since_s: float = 0.0,
        began: Began | None = None,
        trained_from_s: float | None = None,
        closing: Closing | None = None,
    ) -> None:
        self.began_at = (time.monotonic() if began is None else began.at) - elapsed_s
        self.budget_s = None if budget_s is None else budget_s + since_s
        self.trained_from_s = trained_from_s
        self.closing = closing or Closing()
        self.step_s = 0.0
        self.validation_s: float | None = None
        self._num_steps = 0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the command's start."""
        return time.monotonic() - self.began_at

    def begin_training(self) -> None:
        """The first step follows."""
        if self.trained_from_s is None:
            self.trained_from_s = self.elapsed_s

    def add_step(self, seconds: float) -> None:
        """A step is done; ``step_s`` is the mean of all but the first, which takes longer."""
        if self._num_steps:
            self.step_s += (seconds - self.step_s) / self._num_steps
        self._num_steps += 1

    @property
    def closing_s(self) -> float:
        """Seconds that everything after the last step will take, as far as is known."""
        validation_s = self.closing.share * self.step_s if self.validation_s is None else self.validation_s
        return self.closing.passes * validation_s + self.closing.fixed_s

    @property
    def after_evaluation_s(self) -> float:
        """The same once the last epoch is evaluated."""
        return max(0.0, self.closing_s - (self.validation_s or 0.0))

    @property
    def left_s(self) -> float:
        """Seconds left for steps; infinite without a budget."""
        return math.inf if self.budget_s is None else self.budget_s - self.closing_s - self.elapsed_s

    @property
    def progress(self) -> float:
        """Fraction of the time for steps that is spent; 0 without a budget or before the first step."""
        if self.budget_s is None or self.trained_from_s is None:
            return 0.0
        spent = self.elapsed_s - self.trained_from_s
        left = self.left_s
        return 1.0 if left <= 0 else spent / (spent + left)

    @property
    def is_over(self) -> bool:
        """Whether another step would exceed the budget, by more than half of its duration."""
        return self.left_s < self.step_s / 2


def process_began() -> float:
    """When this process was created, by ``time.monotonic``; now, where the system does not say."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError, IndexError):
        age = _age_by_psutil()
    return time.monotonic() - max(age, 0.0)


def _age_by_psutil() -> float:
    try:
        import psutil
    except ImportError:
        return 0.0
    return time.time() - psutil.Process().create_time()
