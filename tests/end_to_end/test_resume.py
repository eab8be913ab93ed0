"""Promise 2: a killed run goes on as if nothing had happened."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Outcome, run_foveal
from tests.kills import stopped_before, train_with_kills
from tests.scenes import write_squares

import foveal
from foveal.config.files import read_config
from foveal.config.schema import parse_config
from foveal.engine.logs.log import Log
from foveal.runs.identity import anchored

Command = Callable[..., Outcome]


def flags(*, epochs: int = 30) -> list[str]:
    """A run that saves its state every three steps, with every kind of randomness switched on."""
    return [
        "--model.backbone=conv4",
        "--model.weights=none",
        "--size=64",
        "--schedule.first-size=0.5",
        "--optim.soup=0.3",
        f"--epochs={epochs}",
        "--batch-size=8",
        "--train.checkpoint-steps=3",
        "--augment.mixup=0.2",
        "--classify.dropout=0.3",
        "--quiet",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "threads"), [(0, 2), (2, 1)])
def test_twenty_kills_leave_the_same_bytes(tmp_path: Path, workers: int, threads: int) -> None:
    """Ten kills with no worker and ten with two, each at a random moment of what is left of the run."""
    data = write_squares(tmp_path / "squares", per_class=20)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    own = [*flags(), f"--workers={workers}"]
    done = run_foveal("train", data, "--out", whole, *own, threads=threads)
    assert done.returncode == 0, done.stderr
    kills = train_with_kills(data, *own, folder=killed, seed=workers, kills=10, threads=threads)
    assert kills >= 3, "the run was over before it could be killed"
    assert (killed / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


@pytest.fixture
def stopped(here: Command, tmp_path: Path) -> Path:
    """A run that ended before its third step, with the state before the first one saved."""
    data, run = write_squares(tmp_path / "squares"), tmp_path / "run"
    with stopped_before(step=3):
        here("train", data, "--out", run, *flags(epochs=2), "--lr=3e-3", "--workers=0")
    return run


def test_a_finished_run_says_so(here: Command, quick_run: Path) -> None:
    done = here("train", "--resume", quick_run)
    assert done.code == 2
    assert "this run is complete; there is nothing to resume." in done.err
    assert f"Train it longer: foveal train --resume {quick_run} --epochs 12. Or use its model: foveal ev" in done.err


def test_resume_refuses_another_configuration(here: Command, stopped: Path) -> None:
    done = here("train", "--resume", stopped, "--lr=0.5")
    assert done.code == 2
    assert f"{stopped}: optim.lr is 0.003 in this run and 0.5 on the command line." in done.err
    assert "Resume without it, or start a new run with --out." in done.err


def test_resume_refuses_an_edited_config(here: Command, stopped: Path) -> None:
    config = stopped / "config.toml"
    config.write_text(config.read_text().replace("lr = 0.003", "lr = 0.004"))
    done = here("train", "--resume", stopped)
    assert done.code == 2
    assert f"{config}: changed since the run was stopped." in done.err


def test_resume_refuses_another_data_set(here: Command, stopped: Path) -> None:
    data = stopped.parent / "squares"
    next(data.rglob("*.png")).unlink()
    done = here("train", "--resume", stopped)
    assert done.code == 2
    assert f"the data set is not the one that {stopped} was started on (36 images before, 35 now" in done.err


def test_resume_of_what_is_no_run(here: Command, tmp_path: Path) -> None:
    done = here("train", "--resume", tmp_path)
    assert done.code == 2
    assert f"{tmp_path}: not a run folder (no config.toml)." in done.err


class Stopping(Log):
    """Stops the run after its first epoch, as Ctrl-C would."""

    def epoch(self, row: Mapping[str, float], *, epochs: int, best: bool) -> None:
        raise KeyboardInterrupt


def test_a_run_goes_on_from_any_folder(here: Command, tmp_path: Path, monkeypatch: Any) -> None:
    """Data, classes and weights were named as seen from where it began; afterwards the data set moves."""
    data = write_squares(tmp_path / "my squares")
    (tmp_path / "start").mkdir()
    (tmp_path / "elsewhere").mkdir()
    settings = {
        "model": {"backbone": "conv4", "weights": "none"},
        "input": {"size": 32},
        "train": {"epochs": 3, "batch_size": 8, "checkpoint_steps": 1},
        "data": {"workers": 0},
    }
    monkeypatch.chdir(tmp_path / "start")
    with pytest.raises(KeyboardInterrupt):
        foveal.train("../my squares", settings=settings, out="../my run", log=Stopping())
    monkeypatch.chdir(tmp_path / "elsewhere")
    config = read_config(tmp_path / "my run" / "config.toml")
    assert config.data.path == str(data)
    data.rename(tmp_path / "moved")
    done = here("train", "--resume", "../my run", "--quiet")
    assert done.code == 2
    assert f"{data}: the data set of ../my run is not there." in done.err
    assert "Name its new path: foveal train DATA --resume '../my run'" in done.err
    (tmp_path / "moved").rename(data)
    done = here("train", "--resume", "../my run", "--quiet")
    assert done.code == 0, done.err
    done = here("train", "--resume", "../my run")
    assert "--epochs 6. Or use its model: foveal evaluate '../my run' DATA" in done.err


def test_weights_and_classes_keep_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("w.safetensors", "classes.txt", "auto"):
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    given = {"data": {"path": "x", "classes": "classes.txt"}, "model": {"weights": "w.safetensors"}}
    config = anchored(parse_config(given, where="test"))
    assert config.data.path == str(tmp_path / "x")
    assert config.data.classes == str(tmp_path / "classes.txt")
    assert config.model.weights == str(tmp_path / "w.safetensors")
    plain = parse_config({"data": {"classes": "road,tree"}}, where="test")
    assert anchored(plain) == plain and anchored(plain).model_fields_set == {"data"}
