"""Commands in processes of their own that have torch already: importing it takes five seconds, a copy none."""

import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
# Imported once, in the server; each process starts as a copy of it, within a tenth of a second.
PRELOADED = [
    "sklearn.metrics", "onnxscript", "networkx", "jinja2", "torchvision.transforms.v2", "tomli_w",
    "matplotlib.figure", "matplotlib.style", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg",
    "foveal.runs.start", "foveal.cli.app", "foveal.explain.gradients", "foveal.deploy.export",
    "foveal.tasks.classify.task", "foveal.tasks.detect.task", "foveal.tasks.segment.task", "foveal.tasks.instance.task",
]  # fmt: skip
FORKS.set_forkserver_preload(PRELOADED)


def start(call: Callable[..., object], *arguments: object, threads: int = 1, path: str = "") -> BaseProcess:
    """Call a function of a test's module in a process, and a process group, of its own.

    Args:
        call: What to call.
        arguments: Its arguments.
        threads: Threads of torch.
        path: A PYTHONPATH from which Foveal is imported, instead of the tree under test.
    """
    process = FORKS.Process(target=_call, args=(call, arguments, threads, path))
    process.start()
    return process


def _call(call: Callable[..., object], arguments: Sequence[object], threads: int, path: str) -> None:
    os.setsid()
    if path:
        sys.path[:0] = path.split(os.pathsep)
        for name in [name for name in sys.modules if name.partition(".")[0] == "foveal"]:
            del sys.modules[name]
    import torch

    os.environ["OMP_NUM_THREADS"] = str(threads)
    torch.set_num_threads(threads)
    call(*arguments)


def command(*arguments: str) -> None:
    """The command line."""
    from foveal.cli.app import run

    sys.exit(run(list(arguments)))


def captured(
    environments: Sequence[Mapping[str, str]], arguments: Sequence[str], *, cwd: Path, threads: int = 1, path: str = ""
) -> "list[subprocess.CompletedProcess[str]]":
    """What a command does in several processes at once, one for each environment."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = [(Path(folder) / f"out{i}", Path(folder) / f"err{i}") for i in range(len(environments))]
        processes = [
            start(_into, dict(own), cwd, *files, *arguments, threads=threads, path=path)
            for own, files in zip(environments, outputs, strict=True)
        ]
        for process in processes:
            process.join()
        return [
            subprocess.CompletedProcess(arguments, process.exitcode or 0, out.read_text(), err.read_text())
            for process, (out, err) in zip(processes, outputs, strict=True)
        ]


def _into(environment: Mapping[str, str], cwd: Path, out: Path, err: Path, *arguments: str) -> None:
    for number, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    os.chdir(cwd)
    os.environ.update(environment)
    command(*arguments)


def ranks(processes: int) -> list[dict[str, str]]:
    """The environments that torchrun would give to processes of one machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    same = {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1"}
    return [{**same, "MASTER_PORT": port, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(processes)]
