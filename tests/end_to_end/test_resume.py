"""Promise 2: a killed run goes on as if nothing had happened."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import run_foveal, write_squares


def flags(*, epochs: int = 12) -> list[str]:
    """A run that saves its state every three steps, with every kind of randomness switched on."""
    return [
        "--model.backbone=conv4",
        "--model.weights=none",
        "--size=32",
        f"--epochs={epochs}",
        "--batch-size=8",
        "--train.checkpoint-steps=3",
        "--augment.mixup=0.2",
        "--classify.dropout=0.3",
        "--quiet",
    ]


KILLS = 10


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "foveal", *map(str, arguments)]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_twenty_kills_leave_the_same_bytes(tmp_path: Path, workers: int) -> None:
    """Ten kills with no worker and ten with two, each at a random moment of what is left of the run."""
    data = write_squares(tmp_path / "squares", per_class=20)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = run_foveal("train", data, "--out", whole, *flags(), f"--workers={workers}")
    assert done.returncode == 0, done.stderr
    chance = random.Random(workers)
    kills, moments = 0, []
    arguments: list[str | Path] = ["train", data, "--out", killed, *flags(), f"--workers={workers}"]
    while True:
        process = subprocess.Popen(command(*arguments), stderr=subprocess.PIPE, start_new_session=True)
        while kills < KILLS and process.poll() is None and not (killed / "resume" / "state.pt").exists():
            time.sleep(0.01)
        if kills < KILLS:
            before = (killed / "resume" / "state.pt").stat().st_mtime_ns
            while process.poll() is None and kills and (killed / "resume" / "state.pt").stat().st_mtime_ns == before:
                time.sleep(0.002)  # imports are over once the run saves again
            time.sleep(chance.uniform(0, 0.25))
        if kills < KILLS and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process.stderr.close()
            kills += 1
            moments.append(
                len((killed / "metrics.csv").read_text().splitlines()) if (killed / "metrics.csv").exists() else 0
            )
            arguments = ["train", "--resume", killed, "--quiet"]
            continue
        _, errors = process.communicate()
        break
    assert process.returncode == 0, errors
    assert kills >= 3, "the run was over before it could be killed"
    assert (killed / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes(), moments


def test_a_finished_run_says_so(quick_run: Path) -> None:
    done = run_foveal("train", "--resume", quick_run)
    assert done.returncode == 2
    assert "this run is finished; there is nothing to resume." in done.stderr


def test_resume_refuses_another_configuration(tmp_path: Path, stopped: Path) -> None:
    done = run_foveal("train", "--resume", stopped, "--lr=0.5")
    assert done.returncode == 2
    assert f"{stopped}: optim.lr is 0.003 in this run and 0.5 on the command line." in done.stderr
    assert "Resume without it, or start a new run with --out." in done.stderr


def test_resume_refuses_an_edited_config(stopped: Path) -> None:
    config = stopped / "config.toml"
    config.write_text(config.read_text().replace("lr = 0.003", "lr = 0.004"))
    done = run_foveal("train", "--resume", stopped)
    assert done.returncode == 2
    assert f"{config}: changed since the run was stopped." in done.stderr


def test_resume_refuses_another_data_set(stopped: Path) -> None:
    data = stopped.parent / "squares"
    next(data.rglob("*.png")).unlink()
    done = run_foveal("train", "--resume", stopped)
    assert done.returncode == 2
    assert f"the data set is not the one that {stopped} was started on (36 pictures then, 35 now" in done.stderr


def test_resume_of_what_is_no_run(tmp_path: Path) -> None:
    done = run_foveal("train", "--resume", tmp_path)
    assert done.returncode == 2
    assert f"{tmp_path}: not a run (it has no config.toml)." in done.stderr


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A run killed as soon as it has saved its first state."""
    data, run = write_squares(tmp_path / "squares"), tmp_path / "run"
    lasting = [*flags(epochs=500), "--lr=3e-3", "--workers=0"]
    process = subprocess.Popen(command("train", data, "--out", run, *lasting))
    while process.poll() is None and not (run / "resume" / "state.pt").exists():
        time.sleep(0.02)
    process.kill()
    process.wait()
    return run
