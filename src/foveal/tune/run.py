"""One run of a study, up to its next rung or its end: an ordinary run that pauses, and goes on as any stopped one."""

import gc
import json
import time
from collections.abc import Callable
from pathlib import Path

from foveal.config.schema import RunConfig
from foveal.engine.clock import Began
from foveal.engine.ending import Paused
from foveal.engine.logs.log import Log
from foveal.errors import FovealError
from foveal.tune.data import begin_run
from foveal.tune.study.lease import Lease
from foveal.tune.study.trial import OUTCOME, Failure, write_outcome

EPSILON = 1e-9
Stop = Callable[[int, int], bool]
"""Whether a run pauses after an epoch of so many."""
Slow = Callable[[float], bool]
"""Whether a run pauses after a part of its steps, in [0, 1]."""


class StudyEnds(Exception):  # noqa: N818
    """Carries an error that ends the study, not the trial."""

    def __init__(self, error: FovealError) -> None:
        super().__init__(str(error))
        self.error = error


class PausingLog(Log):
    """Silent; pauses a run where it is told to, and at once where another process has taken over.

    Args:
        lease: Of the run.
        stop: Asked after every epoch that is evaluated.
        slow: Asked after every step.
    """

    def __init__(self, lease: Lease, stop: Stop, slow: Slow) -> None:
        self._lease, self._stop, self._slow = lease, stop, slow

    def step(self, *, epoch: int, epochs: int, step: int, steps: int, samples: int, unit: str, loss: float) -> None:  # noqa: ARG002
        """Leave a run that another process goes on with, or that is too slow."""
        if self._lease.lost.is_set() or self._slow((epoch + step / max(1, steps)) / epochs):
            raise Paused

    def saved(self, epoch: int, *, epochs: int) -> None:
        """Pause at a rung."""
        if self._lease.lost.is_set() or self._stop(epoch, epochs):
            raise Paused


def at(fraction: float) -> Stop:
    """Pause at the first evaluated epoch at or beyond a fraction of a run's length, unless that is its end."""
    return lambda epoch, epochs: fraction < 1 and epoch >= fraction * epochs - EPSILON


def advance(
    folder: Path, config: RunConfig, lease: Lease, stop: Stop, *, slow: Slow = lambda _: False
) -> Failure | None:
    """Train a run from where it is to where it pauses or ends; its outcome is written.

    Args:
        folder: The run's.
        config: Its settings, as given; a run that has begun has its own.
        lease: Held by this process.
        stop: Where it pauses.
        slow: Whether it pauses within an epoch.

    Returns:
        Why it failed; None: it did not.

    Raises:
        StudyEnds: What ``stop`` or ``slow`` refused.
        KeyboardInterrupt: The run goes on later.
    """
    from foveal.engine.checkpoint import load_checkpoint
    from foveal.engine.run import Run
    from foveal.runs import start

    log, began = PausingLog(lease, stop, slow), Began(time.monotonic())
    try:
        if (folder / "config.toml").exists():
            saved = load_checkpoint(Run(folder).checkpoint)
            if saved is None or not saved.finished:
                start.resume(folder, changes=None, log=log, began=began)
        else:
            begin_run(config, folder, log=log, began=began)
    except Paused:
        return None
    except StudyEnds:
        raise
    except Exception as error:
        if lease.lost.is_set():
            return None
        failure = Failure.of(error)
        write_outcome(folder, failure)
        return failure
    finally:
        gc.collect()  # a network that is over makes room for the next one
    if not (folder / OUTCOME).exists() and not lease.lost.is_set():
        write_outcome(folder, seconds=_whole_s(folder))
    return None


def _whole_s(folder: Path) -> float | None:
    """Seconds that a complete run took, its report included, which metrics.json does not know yet."""
    file = folder / "metrics.json"
    try:
        known = float(json.loads(file.read_text(encoding="utf-8"))["training"]["seconds"])
        return known + max(0.0, time.time() - file.stat().st_mtime)
    except (OSError, ValueError, KeyError, TypeError):
        return None
