import json
from pathlib import Path

import pytest

from foveal.tune.study.lease import make
from foveal.tune.study.trial import Failure, Trial, ranked, read_trial, write_about, write_outcome
from foveal.types.goal import Goal

RUNGS = (1 / 9, 1 / 3, 1.0)
GOAL = Goal("accuracy", tie_break="val_loss")


def trial(folder: Path, number: int = 1, *, rows: list[tuple[float, float]] = [], epochs: int = 9) -> Trial:  # noqa: B006
    folder.mkdir(exist_ok=True, parents=True)
    write_about(folder, number, {"optim.lr": 0.1}, "sobol")
    if rows:
        (folder / "config.toml").write_text(f"[train]\nepochs = {epochs}\n[optim]\nlr = 0.1\n")
        lines = [f"{k},{accuracy},{loss},{2 * k + 3}" for k, (accuracy, loss) in enumerate(rows)]
        (folder / "metrics.csv").write_text("\n".join(["epoch,accuracy,val_loss,seconds", *lines]) + "\n")
    found = read_trial(folder, beat_s=1.0)
    assert found is not None
    return found


def test_states(tmp_path: Path) -> None:
    assert read_trial(tmp_path, beat_s=1.0) is None
    assert trial(tmp_path / "a").state(RUNGS) == "waiting"
    at_rung = trial(tmp_path / "b", rows=[(0.1, 2), (0.5, 1)])
    assert at_rung.state(RUNGS) == "paused" and at_rung.rung(RUNGS) == 1
    between = trial(tmp_path / "c", rows=[(0.1, 2), (0.5, 1), (0.6, 1)])
    assert between.state(RUNGS) == "stopped" and between.rung(RUNGS) == 1
    make(tmp_path / "b", 1)
    held = trial(tmp_path / "b", rows=[(0.1, 2), (0.5, 1)])
    assert held.state(RUNGS) == "running"
    write_outcome(
        tmp_path / "a", Failure("TrainingError", "Step 5: the loss is nan. The batch: a.png.", "Smaller rate.")
    )
    failed = trial(tmp_path / "a", rows=[(0.1, 2), (0.5, 1)])
    assert failed.state(RUNGS) == "failed" and failed.failure is not None
    assert failed.failure.is_like(Failure("TrainingError", "Step 71: the loss is inf. The batch: b.png."))
    assert not failed.failure.is_like(Failure("TrainingError", "Step 71: a weight is not finite."))
    assert failed.scores(GOAL, RUNGS[0]) is None and failed.latest(GOAL) is None, "never scored"
    write_outcome(tmp_path / "b")
    assert trial(tmp_path / "b").state(RUNGS) == "done"


def test_scores_are_the_best_so_far(tmp_path: Path) -> None:
    one = trial(tmp_path / "a", rows=[(0.1, 2), (0.7, 1), (0.6, 1), (0.7, 0.9), (0.9, 3)])
    assert one.scores(GOAL, RUNGS[0]) == {"epoch": 1, "accuracy": 0.7, "val_loss": 1, "seconds": 5}
    at_third = one.scores(GOAL, RUNGS[1])
    assert at_third is not None and at_third["val_loss"] == 0.9
    assert one.scores(GOAL, 1.0) is None, "not there yet"
    write_outcome(tmp_path / "a")
    early = trial(tmp_path / "a", rows=[(0.1, 2), (0.7, 1), (0.6, 1), (0.7, 0.9), (0.9, 3)])
    assert (early.scores(GOAL, 1.0) or {})["accuracy"] == 0.9, "ended early, without improvement in sight"


def test_equals_are_told_apart_by_the_loss_and_then_by_number(tmp_path: Path) -> None:
    rows = [[(0.5, 2.0)] * 2, [(0.5, 1.0)] * 2, [(0.6, 3.0)] * 2, [(0.5, 1.0)] * 2]
    trials = [trial(tmp_path / str(k), k, rows=one) for k, one in enumerate(rows)]
    assert [one.number for one in ranked(trials, GOAL, RUNGS[0])] == [2, 1, 3, 0]


def test_seconds_are_those_of_the_run(tmp_path: Path) -> None:
    one = trial(tmp_path / "a", rows=[(0.1, 2), (0.7, 1)])
    assert one.seconds == 5
    (tmp_path / "a" / "metrics.json").write_text(json.dumps({"training": {"seconds": 12.5}}))
    assert trial(tmp_path / "a", rows=[(0.1, 2), (0.7, 1)]).seconds == 12.5
    assert one.value("optim.lr") == 0.1 and one.value("train.epochs") == 9 and one.value("optim.name") is None


def test_a_kind_of_error_without_words() -> None:
    assert Failure.of(MemoryError()).text == "MemoryError"
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    assert Failure.of(caught.value) == Failure("ZeroDivisionError", "division by zero")
