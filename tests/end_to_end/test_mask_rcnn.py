"""Mask R-CNN from a COCO file through two steps to an exported model, as a user goes."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import run_foveal
from tests.scenes import write_coco

import foveal
from foveal.types.predictions.masks import Instances


@pytest.mark.slow
def test_two_steps_to_an_export(tmp_path: Path) -> None:
    coco = write_coco(tmp_path / "shapes", train=4, val=3)
    run = tmp_path / "run"
    done = run_foveal(
        "train", coco, "--out", run, "--task=instance", "--instance.architecture=mask_rcnn", "--backbone=conv5",
        "--model.weights=none", "--size=96", "--epochs=1", "--batch-size=2", "--workers=0", "--instance.channels=16",
        "--instance.mask-channels=16", "--instance.proposals=20", "--instance.proposal-samples=16",
        "--instance.anchors=fitted",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 'architecture = "mask_rcnn"' in (run / "config.toml").read_text()
    assert (run / "report.html").is_file()
    document = json.loads((run / "metrics.json").read_text())
    assert document["task"] == "instance" and 0 <= document["metrics"]["mask_mAP"]["value"] <= 1
    done = run_foveal("export", run, "--out", tmp_path / "model.onnx")
    assert done.returncode == 0, done.stderr
    parity = json.loads((tmp_path / "parity.json").read_text())
    assert parity["passed"] and parity["differences"]["mask"] <= 1e-3
    images = sorted((coco / "val").iterdir())
    ours, theirs = (list(foveal.load(model).predict(images)) for model in (run, tmp_path / "model.onnx"))
    for one, other in zip(ours, theirs, strict=True):
        assert isinstance(one, Instances) and len(one.masks) == len(one) > 0 and one.masks[0].size == (72, 96)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
