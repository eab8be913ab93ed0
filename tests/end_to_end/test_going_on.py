"""Going on from what one has: a run given as weights, and a run trained longer than planned."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.conftest import Outcome
from tests.kills import Stopped, stopped_before
from tests.scenes import write_squares

from foveal.artifact.atomic import write_atomic
from foveal.artifact.store import load, read_card
from foveal.config.files import read_config

Command = Callable[..., Outcome]


def events(done: Outcome, kind: str) -> list[dict[str, Any]]:
    assert done.code == 0, done.err
    return [event for line in done.out.splitlines() if (event := json.loads(line))["event"] == kind]


def rows(run: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))


def test_more_classes_than_before(here: Command, quick_run: Path, tmp_path: Path) -> None:
    """Old rows are kept, also by the warm start; then killed, its source removed, and resumed: the same bytes."""
    data, source = write_squares(tmp_path / "four", per_class=8), tmp_path / "source"
    source.mkdir()
    (data / "class3").mkdir()
    for image in sorted((data / "class0").iterdir()):
        Image.open(image).convert("L").point(lambda value: 3 * value).save(data / "class3" / image.name)
    shutil.copy(quick_run / "model.safetensors", source)
    flags = ["--model.weights", source, "--epochs=2", "--workers=0", "--train.checkpoint-steps=1", "--lr=1e-9"]
    done = here("train", data, "--out", tmp_path / "whole", *flags, "--json")
    (weights,) = events(done, "weights")
    assert weights["text"].endswith(
        "source: 20 of 22 tensors taken, 2 more in part; classes kept: class0, class1, class2; new: class3"
    )
    assert weights["partly"] == ["head.linear.bias", "head.linear.weight"] and weights["left"] == {}
    notes = [event["text"] for event in events(done, "note")]
    assert f"as in {source}: backbone conv4, input 32 px" in notes
    assert any(note.startswith(f"normalised as in {source}: mean 0.") for note in notes)
    (card, new), (before, old) = load(tmp_path / "whole" / "model.safetensors"), load(source / "model.safetensors")
    assert (card.input.mean, card.input.std) == (before.input.mean, before.input.std)
    for name in ("head.linear.weight", "head.linear.bias"):
        assert abs(new[name][:3] - old[name]).max() < 1e-6, "the rate is tiny, and the fit has left them alone"
    assert float(rows(tmp_path / "whole")[0]["accuracy"]) > 0.8, "and has learnt the new class, which is gray"
    config = read_config(tmp_path / "whole" / "config.toml")
    assert (config.optim.freeze_norm, config.train.patience) == (True, 2)

    with stopped_before(3):
        here("train", data, "--out", tmp_path / "killed", *flags)
    shutil.rmtree(source)
    assert here("train", "--resume", tmp_path / "killed", "--quiet").code == 0
    killed, whole = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("killed", "whole"))
    assert killed == whole


def test_a_head_of_the_same_classes_is_kept(here: Command, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    """Not fitted anew, and evaluated before the first step."""
    done = here("train", squares, "--out", tmp_path / "run", "--model.weights", quick_run, "--epochs=1", "--workers=0")
    assert done.code == 0, done.err
    line = next(line for line in done.out.splitlines() if "tensors taken" in line)
    assert line.endswith("quick: 22 of 22 tensors taken")
    assert "fitting the head" not in done.out
    old = max(float(row["accuracy"]) for row in rows(quick_run))
    assert float(rows(tmp_path / "run")[0]["accuracy"]) == old
    assert ("the given model without fine-tuning was best" in done.out) == (old == 1)
    assert "fitted head" not in done.out
    assert "weights of" in next(line for line in done.out.splitlines() if line.startswith("  model"))


def longer(run: Path, *more: str) -> list[str]:
    return ["train", "--resume", str(run), "--epochs", "8", "--quiet", *more]


def test_trained_longer(here: Command, quick_run: Path, tmp_path: Path) -> None:
    """The history goes on, every part is told, and a kill in the second part leaves the same bytes."""
    whole, killed = (Path(shutil.copytree(quick_run, tmp_path / name)) for name in ("whole", "killed"))
    done = here("train", "--resume", whole, "--epochs", "8", "--lr=1e-3")
    assert done.code == 0, done.err
    assert "trained for 6 epochs, going on to epoch 8: a new cosine schedule, lr 0.001; the best so far" in done.out
    assert [row["epoch"] for row in rows(whole)] == [*"12345678"]
    assert rows(whole)[:6] == rows(quick_run)
    text = (whole / "config.toml").read_text()
    assert text.startswith("# In 2 parts, to epoch 6: cosine, lr 0.003; to epoch 8: cosine, lr 0.001.\n")
    config = read_config(whole / "config.toml")
    assert (config.train.epochs, config.optim.lr) == (8, 1e-3)
    card = read_card(whole / "model.safetensors")
    assert [(p["from_epoch"], p["reached_epoch"], p["lr"]) for p in card.data["parts"]] == [(0, 6, 3e-3), (6, 8, 1e-3)]
    assert "to epoch 8: cosine, lr 0.001" in (whole / "report.html").read_text()

    with stopped_before(4):
        here(*longer(killed, "--lr=1e-3"))
    assert here(*longer(killed, "--lr=1e-3")).code == 0, "the same command again goes on"
    assert (killed / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_a_kill_between_checkpoint_and_configuration(
    here: Command, quick_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Path(shutil.copytree(quick_run, tmp_path / "run"))

    def killed(*_: object) -> None:
        raise Stopped

    monkeypatch.setattr("foveal.runs.start.write_atomic", killed)
    with pytest.raises(Stopped):
        here(*longer(run))
    monkeypatch.setattr("foveal.runs.start.write_atomic", write_atomic)
    assert read_config(run / "config.toml").train.epochs == 6
    assert here("train", "--resume", run, "--quiet").code == 0
    assert read_config(run / "config.toml").train.epochs == 8
    assert len(rows(run)) == 8
