"""A classifier of a rectangular input as a user goes; detection and segmentation have theirs in their own files."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import Outcome, quick
from tests.examples.outside import predicted, run_example, write_variants

import foveal
from foveal.artifact.store import read_card
from foveal.explain.case import Effort
from foveal.explain.explain import explain_image
from foveal.explain.methods import METHODS

Command = Callable[..., Outcome]


@pytest.fixture
def run(here: Command, squares: Path, tmp_path: Path) -> Path:
    flags = [flag for flag in quick(epochs=3) if not flag.startswith("--size")]
    done = here("train", squares, "--out", tmp_path / "run", *flags, "--size", "48x32", "--lr=3e-3")
    assert done.code == 0, done.err
    assert "48 x 32 px" in done.out
    return tmp_path / "run"


def test_trained_exported_and_used_elsewhere(here: Command, run: Path, squares: Path, tmp_path: Path) -> None:
    assert "size = [\n    48,\n    32,\n]" in (run / "config.toml").read_text()
    card = json.loads(read_card(run / "model.safetensors").model_dump_json())
    assert card["input"]["size"] == card["input"]["train_size"] == [48, 32]
    assert here("export", run, "--out", tmp_path / "m.onnx", "--evidence").code == 0
    images = write_variants(sorted(squares.rglob("*.png"))[::12], tmp_path / "images")
    ours, theirs = predicted(run, images), predicted(tmp_path / "m.onnx", images)
    rows = run_example("onnx_classify", tmp_path / "m.onnx", images)
    for image, mine, other in zip(images, ours, theirs, strict=True):
        scores = {one["name"]: one["score"] for one in mine["classes"]}
        assert scores == pytest.approx({one["name"]: one["score"] for one in other["classes"]}, abs=1e-4)
        assert {name: float(score) for name, score in rows[image]} == pytest.approx(scores, abs=2e-3)
    done = here("evaluate", tmp_path / "m.onnx", squares, "--json")
    assert json.loads(done.out)["images"] == 36
    done = here("parity", run, *images[:4], "--onnx", tmp_path / "m.onnx")
    assert done.code == 0, done.err + done.out
    resumed = here("train", "--resume", run, "--epochs", "4")
    assert resumed.code == 0, resumed.err


def test_every_explanation_has_the_input_s_proportions(run: Path, squares: Path) -> None:
    image = next(iter(sorted(squares.rglob("*.png"))))
    with foveal.load(run) as model:
        for method in METHODS:
            if method == "attention":
                continue
            (one, *_) = explain_image(model, image, method=method, effort=Effort(budget_s=2.0)).evidence
            rows, columns = one.grid.shape
            assert np.isfinite(one.grid).all() and one.geometry.input_size == (48, 32)
            assert rows == columns or columns / rows == pytest.approx(1.5, abs=0.35), method
