"""Several processes under torchrun equal one with the same global batch, within floating-point noise."""

from pathlib import Path

import numpy as np
import pytest
from tests.conftest import run_foveal, run_python
from tests.scenes import write_coco

from foveal.artifact.store import load

EVERY = ["--model.weights=none", "--batch-size=8", "--optim.name=sgd", "--device=cpu", "--workers=0", "--quiet"]
FLAGS = [*EVERY, "--model.backbone=conv4", "--size=32", "--epochs=2", "--classify.dropout=0", "--lr=0.02"]


@pytest.mark.slow
def test_two_processes_equal_one(squares: Path, tmp_path: Path) -> None:
    alone, shared = (train(squares, tmp_path / str(n), *FLAGS, processes=n) for n in (1, 2))
    assert sorted(alone) == sorted(shared)
    for name, weights in alone.items():
        np.testing.assert_allclose(shared[name], weights, rtol=2e-3, atol=2e-4, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["detect", "segment"])
def test_losses_over_objects_and_pixels_are_of_the_global_batch(task: str, tmp_path: Path) -> None:
    """Three steps move the weights by 0.12 or more in all; one thread or two, by as much as is allowed here."""
    data = write_coco(tmp_path / "coco")
    flags = [*EVERY, f"--task={task}", "--model.backbone=conv5", "--size=96", "--epochs=1", "--lr=0.01"]
    flags += ["--optim.ema-decay=0", "--schedule.warmup=0", "--segment.dropout=0"]
    alone, shared = (train(data, tmp_path / str(n), *flags, processes=n) for n in (1, 2))
    learnt = [name for name in alone if "running" not in name and "num_batches" not in name]
    apart = sum(float(np.square(alone[name] - shared[name]).sum()) for name in learnt) ** 0.5
    assert apart < 0.009


def train(data: Path, out: Path, *flags: str, processes: int) -> dict[str, np.ndarray]:
    """The tensors that one process with one thread, or several under torchrun, end with."""
    command = ["train", str(data), "--out", str(out), *flags]
    if processes == 1:
        done = run_foveal(*command)
    else:
        launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        done = run_python(*launch, "-m", "foveal", *command, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    return load(out / "model.safetensors")[1]
