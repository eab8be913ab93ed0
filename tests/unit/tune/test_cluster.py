"""A study whose workers run on a Ray cluster of this machine."""

import json
from pathlib import Path

import pytest
from tests.forks import command, start

from foveal.tune.study.folder import open_study

FLAGS = [
    "--model.backbone=conv4", "--model.weights=none", "--input.normalize=dataset", "--input.size=32",
    "--train.epochs=2", "--train.batch-size=8", "--data.workers=0", "--optim.lr=3e-3",
]  # fmt: skip


@pytest.mark.slow
def test_two_workers_on_a_cluster(squares: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed; pip install 'foveal[ray]'")
    out = tmp_path / "study"
    words = ["--tune", "optim.weight_decay", "--trials", "3", "--seeds", "2", "--ray", "--workers", "2", "--quiet"]
    process = start(command, "tune", str(squares), "--out", str(out), *FLAGS, *words)
    process.join()
    assert process.exitcode == 0
    known = open_study(out)
    assert [one.state(known.plan.rungs) for one in known.trials()] == ["done"] * 3
    assert json.loads((out / "decision.json").read_text())["decision"] in ("adopt", "keep the default")
    assert (out / "model" / "model.safetensors").is_file() and not list(out.rglob("lease.*"))
