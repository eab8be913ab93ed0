"""Commands in processes that have torch already; and runs that do not reach their end, killed or stopped."""

import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
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


def run_forked(arguments: list[str], *, cwd: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """What a command does, in a process of its own that need not import torch first."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = FORKS.Process(target=_captured, args=(arguments, cwd, environment, out, err))
        process.start()
        process.join()
        assert process.exitcode is not None
        return subprocess.CompletedProcess(arguments, process.exitcode, out.read_text(), err.read_text())


def _captured(arguments: list[str], cwd: Path, environment: dict[str, str], out: Path, err: Path) -> None:
    for number, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    os.chdir(cwd)
    os.environ.update(environment)
    import torch

    from foveal.cli.app import run

    torch.set_num_threads(1)
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
