"""What the loop does with a plan of images: names of files in errors, the validation loss, prepared images."""

from pathlib import Path

import numpy as np
import pytest
import torch

import foveal
from foveal.artifact.store import load
from foveal.config.schema import parse_config
from foveal.engine.runtime import Runtime
from foveal.errors import ConfigError, TrainingError
from foveal.losses.cross_entropy import CrossEntropy
from foveal.models.normalize import Normalize
from foveal.runs import evaluation
from foveal.runs.data import open_data
from foveal.runs.plan import input_spec, make_plan
from foveal.runs.resolve import resolve

SETTINGS = {
    "model": {"backbone": "conv4", "weights": "none"},
    "input": {"size": 32, "normalize": "dataset"},
    "train": {"epochs": 3, "batch_size": 8},
    "data": {"workers": 0},
}


@pytest.mark.parametrize(("batch_size", "at_once"), [(1, 2), (8, 16), (16, 32), (30, 32)])
def test_an_evaluation_takes_two_batches_and_32_images_at_most(
    squares: Path, tmp_path: Path, batch_size: int, at_once: int
) -> None:
    train = {"epochs": 1, "batch_size": batch_size}
    config = parse_config({**SETTINGS, "train": train, "data": {"path": str(squares), "workers": 0}}, where="here")
    catalog, _ = open_data(config)
    chosen = resolve(config, catalog.split("train")).config
    assert make_plan(chosen, catalog, runtime=Runtime(chosen.runtime, log_dir=tmp_path)).evaluation_batch == at_once


def test_a_loss_that_is_not_finite_names_the_images(
    squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, calls = CrossEntropy.forward, []

    def broken(self: CrossEntropy, logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        loss = honest(self, logits, label)
        return loss * float("nan") if len(calls) == 6 else loss

    monkeypatch.setattr(CrossEntropy, "forward", broken)
    out = tmp_path / "run"
    with pytest.raises(TrainingError) as error:
        foveal.train(squares, out=out, settings=SETTINGS)
    assert error.value.what.startswith("Step 6: the loss is nan or its gradient is not finite. The batch: class")
    assert error.value.what.count(".png") == 8
    assert error.value.hint.startswith(f"The last good state is kept in {out}.")
    _, tensors = load(out / "model.safetensors")
    assert all(np.isfinite(value).all() for value in tensors.values())
    monkeypatch.undo()
    done = foveal.train(resume=out)
    assert done is not None
    assert [row["epoch"] for row in _rows(out)] == ["1", "2", "3"]


def test_evaluation_without_keeping_the_images(squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foveal.train(squares, out=tmp_path / "kept", settings=SETTINGS)
    monkeypatch.setattr(evaluation, "KEPT_BYTES", 0)
    foveal.train(squares, out=tmp_path / "anew", settings=SETTINGS)
    kept, anew = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("kept", "anew"))
    assert kept == anew
    scores = [[(row["accuracy"], row["val_loss"]) for row in _rows(tmp_path / name)] for name in ("kept", "anew")]
    assert scores[0] == scores[1]


def test_one_value_per_channel_is_no_batch(squares: Path, tmp_path: Path) -> None:
    settings = {
        **SETTINGS,
        "model": {"backbone": "resnet18", "weights": "none"},
        "train": {"epochs": 1, "batch_size": 1},
    }
    with pytest.raises(ConfigError) as error:
        foveal.train(squares, out=tmp_path / "run", settings=settings)
    assert error.value.what == (
        "Batch norm needs more than one value per channel, and a batch of 1 at 32 px gives only one."
    )
    assert error.value.hint == "Train with --batch-size 2 or more, or with a larger --size."


def _rows(folder: Path) -> list[dict[str, str]]:
    import csv

    return list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))


def test_the_mean_alone_is_removed_or_nothing_is_done(squares: Path) -> None:
    specs = {}
    for kind in ("dataset", "mean", "none"):
        values = {"data": {"path": str(squares)}, "input": {"size": 16, "eval_size": 16, "normalize": kind}}
        config = parse_config(values, where="a test")
        catalog, _ = open_data(config)
        specs[kind] = input_spec(config, catalog, None)
    assert specs["mean"].mean == specs["dataset"].mean
    assert specs["mean"].std == specs["none"].std == (1.0, 1.0, 1.0)
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(1, 3, 1, 1)
    plain = Normalize(specs["none"])(pixels).flatten()
    torch.testing.assert_close(plain, torch.tensor([0.0, 0.2, 1.0]))
    centred = Normalize(specs["mean"])(pixels).flatten()
    torch.testing.assert_close(centred, plain - torch.tensor(specs["dataset"].mean))
