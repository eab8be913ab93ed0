"""Runs that do not reach their end: killed from outside, or stopped inside this process."""

import itertools
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

FORKS = multiprocessing.get_context("forkserver")
# torch is imported once, in the server; each run starts as a copy of it, within a tenth of a second.
FORKS.set_forkserver_preload(["foveal.runs.start"])


def start(*arguments: str | Path, threads: int = 1) -> BaseProcess:
    """The command line in a process and a process group of its own."""
    process = FORKS.Process(target=_command, args=([str(a) for a in arguments], threads))
    process.start()
    return process


def _command(arguments: list[str], threads: int) -> None:
    os.setsid()
    import torch

    from foveal.cli.app import run

    torch.set_num_threads(threads)
    sys.exit(run(arguments))


def kill(process: BaseProcess) -> bool:
    """SIGKILL to a process and its workers; whether it was still running."""
    running = process.is_alive()
    if running and process.pid is not None:
        os.killpg(process.pid, signal.SIGKILL)
    process.join()
    return running


def train_with_kills(*arguments: str | Path, folder: Path, seed: int, kills: int, threads: int = 1) -> int:
    """Train into ``folder``, kill the run at random moments after it has saved its state, and let it end.

    The number of threads is that of the first start; a resumed run takes it from its state.

    Returns:
        How often it was killed before it was over.
    """
    chance, state = random.Random(seed), folder / "resume" / "state.pt"
    command: list[str | Path] = ["train", *arguments, "--out", folder]
    done = 0
    for _ in range(kills):
        process, before = start(*command, threads=threads), written(state)
        while process.is_alive() and written(state) == before:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.25))
        done += kill(process)
        threads, command = 1, ["train", "--resume", folder, "--quiet"]
    last = start(*command)
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

    As after a kill, nothing is saved on the way out.
    """
    from torch.optim.optimizer import register_optimizer_step_pre_hook

    steps = itertools.count(1)

    def stop(*_: Any) -> None:
        if next(steps) == step:
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
