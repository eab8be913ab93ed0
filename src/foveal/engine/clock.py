"""Time spent in a run, resumed parts included, and what is left of its budget."""

import time

RESERVE = 0.04
"""Fraction of a time budget reserved for the final evaluation and the report."""


class Clock:
    """Counts from a run's first step.

    Args:
        elapsed_s: Seconds spent before the run was resumed.
        budget_s: Time budget; None: without one.
        since_s: Seconds that the budget does not count, spent before it was given.
    """

    def __init__(self, elapsed_s: float = 0.0, *, budget_s: float | None = None, since_s: float = 0.0) -> None:
        self.started = time.monotonic() - elapsed_s
        self.since_s = since_s
        self.budget_s = None if budget_s is None else budget_s * (1 - RESERVE)

    @property
    def elapsed_s(self) -> float:
        """Seconds of training and evaluation so far."""
        return time.monotonic() - self.started

    @property
    def progress(self) -> float:
        """Fraction of the budget that is spent; 0 without one."""
        return 0.0 if self.budget_s is None else (self.elapsed_s - self.since_s) / self.budget_s
