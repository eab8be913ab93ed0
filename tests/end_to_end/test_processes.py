"""Several processes under torchrun equal one with the same global batch, within floating-point noise."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import run_foveal

from foveal.artifact.store import load

FLAGS = [
    "--model.backbone=conv4",
    "--model.weights=none",
    "--size=32",
    "--epochs=2",
    "--batch-size=8",
    "--classify.dropout=0",
    "--optim.name=sgd",
    "--lr=0.02",
    "--device=cpu",
    "--workers=0",
    "--quiet",
]


@pytest.mark.slow
def test_two_processes_equal_one(squares: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    done = run_foveal("train", squares, "--out", one, *FLAGS, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    launch = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node=2",
        "--master-port=29631",
        "-m",
        "foveal",
    ]
    together = subprocess.run(
        [*launch, "train", str(squares), "--out", str(two), *FLAGS],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert together.returncode == 0, together.stderr
    (_, alone), (_, shared) = load(one / "model.safetensors"), load(two / "model.safetensors")
    assert sorted(alone) == sorted(shared)
    for name, weights in alone.items():
        np.testing.assert_allclose(shared[name], weights, rtol=2e-3, atol=2e-4, err_msg=name)
