"""The loop, the run folder, resume and the model file serve what is no image: a table of numbers, by its own plan."""

import csv
import json
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.forks import start
from tests.kills import kill, written
from tests.toys.table.__main__ import main, train
from tests.toys.table.network import build, predict
from tests.toys.table.plan import make_plan
from tests.toys.table.table import read_table, write_table

from foveal.artifact.store import load, read_card
from foveal.engine.checkpoint import load_checkpoint
from foveal.engine.logs.log import Log
from foveal.engine.run import Run
from foveal.errors import ArtifactError, TrainingError
from foveal.inference.load import load as load_predictor
from foveal.types.streams.series_spec import SeriesSpec

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {"artifact", "brief", "engine", "errors", "models", "ops", "types", "version"}
EPOCHS, KILLS = 60, 2


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rooms and their areas."""
    return write_table(tmp_path_factory.mktemp("table") / "rooms.csv")


@pytest.mark.slow
def test_kills_leave_the_same_bytes_and_no_room_of_images_is_entered(table: Path, tmp_path: Path) -> None:
    """SIGKILL at random moments after the first steps; the file is that of a run that nobody disturbed."""
    command = [sys.executable, "-m", "tests.toys.table", str(table), str(tmp_path / "whole"), str(EPOCHS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == ROOMS

    chance, killed = random.Random(0), Run(tmp_path / "killed")
    for _ in range(KILLS):
        process, seen = start(main, str(table), str(killed.folder), str(EPOCHS)), {written(killed.checkpoint)}
        while process.is_alive() and len(seen) < 4:  # steps are being saved
            seen.add(written(killed.checkpoint))
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.1))
        assert kill(process), "the run was over before it could be killed"
    saved = load_checkpoint(killed.checkpoint)
    assert saved is not None and saved.state.step > 0 and not saved.finished
    process = start(main, str(table), str(killed.folder), str(EPOCHS))
    process.join()
    assert process.exitcode == 0
    assert killed.model.read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()


def test_it_learns_and_its_file_predicts_the_same(table: Path, tmp_path: Path) -> None:
    rows, run = read_table(table), Run(tmp_path)
    plan = make_plan(rows, epochs=60)
    before = plan.validate(plan.network)
    state = train(plan, run).state
    assert state.best is not None and state.best["mae"] < before["mae"] / 4

    card, tensors = load(run.model)
    assert (card.task, card.classes, card.input) == ("table", None, plan.train_set.spec())
    assert [column.name for column in card.input_as(SeriesSpec).columns] == ["length_m", "width_m", "noise"]
    assert plan.validate(build(card, tensors)) == state.best, "the best epoch is what is kept"
    errors = np.abs(predict(run.model, plan.val_set.inputs) - plan.val_set.targets)
    assert errors.mean() == pytest.approx(state.best["mae"], abs=1e-6)


def test_its_own_words_are_in_the_table_of_epochs(table: Path, tmp_path: Path) -> None:
    log, run = Steps(), Run(tmp_path)
    state = train(make_plan(read_table(table), epochs=4), run, log=log).state
    rows = list(csv.DictReader((tmp_path / "metrics.csv").read_text().splitlines()))
    assert list(rows[0]) == ["epoch", "step", "train_loss", "mae", "mse", "lr", "rows_per_s", "seconds"]
    assert [row["step"] for row in rows] == ["5", "10", "15", "20"]
    assert state.best_epoch == min(range(4), key=lambda i: float(rows[i]["mae"])) + 1, "the smallest error"
    assert set(log.seen) == {(16, "rows")}


class Steps(Log):
    """Keeps what each step says."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str]] = []

    def step(self, *, epoch: int, epochs: int, step: int, steps: int, samples: int, unit: str, loss: float) -> None:
        self.seen.append((samples, unit))


def test_a_loss_that_is_not_finite_names_the_rows(table: Path, tmp_path: Path) -> None:
    plan = make_plan(read_table(table), epochs=2)
    plan.train_set.targets[7] = np.nan
    with pytest.raises(TrainingError) as error:
        train(plan, Run(tmp_path))
    assert f"line {plan.train_set.lines[7]}" in error.value.what.split("The batch: ")[1] or "more" in error.value.what
    assert error.value.hint == (
        f"The last good state is kept in {tmp_path}. Check the rows, or start again with a smaller --lr than 0.02."
    )


class Stopping(Log):
    """Stops the run in its second epoch, as Ctrl-C would."""

    def epoch(self, row: Mapping[str, float], *, epochs: int, best: bool) -> None:
        if row["epoch"] == 2:
            raise KeyboardInterrupt


def test_a_stopped_run_goes_on(table: Path, tmp_path: Path) -> None:
    rows, whole, stopped = read_table(table), Run(tmp_path / "whole"), Run(tmp_path / "stopped")
    train(make_plan(rows, epochs=5), whole)
    with pytest.raises(KeyboardInterrupt):
        train(make_plan(rows, epochs=5), stopped, log=Stopping())
    train(make_plan(rows, epochs=5), stopped)
    assert whole.model.read_bytes() == stopped.model.read_bytes()
    finished = load_checkpoint(stopped.checkpoint)
    assert finished is not None and finished.finished


def test_it_is_no_model_for_images(table: Path, tmp_path: Path) -> None:
    run = Run(tmp_path)
    train(make_plan(read_table(table), epochs=1), run)
    assert read_card(run.model).task == "table"
    with pytest.raises(ArtifactError, match=r"the model card is wrong\. Unknown task 'table'\."):
        load_predictor(run.model)
