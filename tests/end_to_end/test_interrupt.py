"""Ctrl-C: exit code 130, two lines, and a run that goes on from there."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Outcome, quick
from tests.scenes import write_squares


def interrupt(*arguments: str | Path, when: Callable[[], bool]) -> subprocess.CompletedProcess[str]:
    """Press Ctrl-C twice, as people do, and as a terminal does: the signal goes to the command and to its workers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "foveal", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_hear_ctrl_c,
    )
    while process.poll() is None and not when():
        time.sleep(0.005)
    for _ in range(2):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.05)
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _hear_ctrl_c() -> None:
    """A shell that puts tests into the background lets them ignore Ctrl-C, and their children with them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def saved_twice(state: Path) -> Callable[[], bool]:
    """Whether a step has been saved: the first state is that before the first step."""
    seen: set[int] = set()

    def check() -> bool:
        if state.exists():
            seen.add(state.stat().st_mtime_ns)
        return len(seen) > 1

    return check


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_in_the_middle_of_an_epoch(here: Callable[..., Outcome], tmp_path: Path, workers: int) -> None:
    """On a busy machine the signal may come after the epoch; then it is tried again, three times at most."""
    data = write_squares(tmp_path / "squares", per_class=150)
    flags = [*quick(epochs=1, batch_size=2)[:-1], f"--workers={workers}", "--train.checkpoint-steps=3"]
    for attempt in range(3):
        run = tmp_path / f"run{attempt}"
        stopped = interrupt("train", data, "--out", run, *flags, when=saved_twice(run / "resume" / "state.pt"))
        if not (run / "metrics.csv").exists():
            break
    assert not (run / "metrics.csv").exists(), "an epoch was over before Ctrl-C came"
    assert stopped.returncode == 130
    assert stopped.stderr == f"error: Interrupted.\n  hint: Go on with: foveal train --resume {run}\n"
    assert not (run / "model.safetensors").exists()

    resumed = here("train", "--resume", run)
    assert resumed.code == 0, resumed.err
    assert len((run / "metrics.csv").read_text().splitlines()) == 1 + 1
    assert (run / "model.safetensors").exists() and (run / "report.html").exists()


def test_ctrl_c_before_there_is_a_run(
    here: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raised, not sent: a real signal could fall into any library's import."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("foveal.runs.train.train", interrupted)
    done = here("train", tmp_path, "--out", tmp_path / "run")
    assert done.code == 130
    assert done.err == "error: Interrupted.\n  hint: Give the command again to start over.\n"


def test_ctrl_c_with_a_space_in_the_path(
    here: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "my run"
    run.mkdir()
    (run / "config.toml").write_text("")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("foveal.runs.train.train", interrupted)
    done = here("train", "--resume", run)
    assert done.err == f"error: Interrupted.\n  hint: Go on with: foveal train --resume '{run}'\n"


def test_ctrl_c_while_the_command_line_is_imported() -> None:
    code = """
import sys

class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == "cyclopts":
            raise KeyboardInterrupt

sys.meta_path.insert(0, CtrlC())
from foveal.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == "error: Interrupted.\n  hint: Give the command again to start over.\n"
