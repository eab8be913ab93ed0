"""Runs that do not reach their end, killed or stopped."""

import itertools
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from tests.forks import command, start


def kill(process: BaseProcess) -> bool:
    """SIGKILL to a process and its workers; whether it was still running."""
    running = process.is_alive()
    if running and process.pid is not None:
        os.killpg(process.pid, signal.SIGKILL)
    process.join()
    return running


def train_with_kills(
    *arguments: str | Path, folder: Path, seed: int, kills: int, threads: int = 1, path: str = ""
) -> int:
    """Train into ``folder``, kill the run at random moments after it has saved its state, and let it end.

    The number of threads is that of the first start; a resumed run takes it from its state. ``path``: a PYTHONPATH.

    Returns:
        How often it was killed before it was over.
    """
    chance, state = random.Random(seed), folder / "resume" / "state.pt"
    train = ["train", *map(str, arguments), "--out", str(folder)]
    done = 0
    for _ in range(kills):
        process, before = start(command, *train, threads=threads, path=path), written(state)
        while process.is_alive() and written(state) == before:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.25))
        done += kill(process)
        threads, train = 1, ["train", "--resume", str(folder), "--quiet"]
    last = start(command, *train, path=path)
    last.join()
    assert last.exitcode == 0 or (last.exitcode == 2 and done < kills), "it ends well, or had ended before a kill"
    return done


def written(file: Path) -> int:
    """When a file was last written; 0: not yet."""
    return file.stat().st_mtime_ns if file.exists() else 0


class Stopped(BaseException):
    """Not an Exception, so that nothing between here and the test handles it."""


@contextmanager
def stopped_before(step: int) -> Iterator[None]:
    """Let the optimiser raise before its ``step``-th step from here on, in the middle of an epoch.

    As after a kill, nothing is saved on the way out. Fits of a head to features (L-BFGS) do not count.
    """
    from torch.optim import LBFGS
    from torch.optim.optimizer import register_optimizer_step_pre_hook

    steps = itertools.count(1)

    def stop(optimizer: Any, *_: Any) -> None:
        if not isinstance(optimizer, LBFGS) and next(steps) == step:
            raise Stopped

    hook = register_optimizer_step_pre_hook(stop)
    try:
        with pytest.raises(Stopped):
            yield
    finally:
        hook.remove()


def train_with_stops(*arguments: str | Path, folder: Path, before: tuple[int, ...]) -> None:
    """Train into ``folder`` in this process, stopped before a step of each go, and let it end."""
    from foveal.cli.app import run

    command = ["train", *map(str, arguments), "--out", str(folder)]
    for step in before:
        with stopped_before(step):
            run(command)
        command = ["train", "--resume", str(folder), "--quiet"]
    assert run(command) == 0
