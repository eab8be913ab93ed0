"""Several processes equal one with the same global batch, within floating-point noise."""

from pathlib import Path

import numpy as np
import pytest
from tests.conftest import run_python
from tests.forks import captured, ranks
from tests.scenes import write_coco

from foveal.artifact.store import load

EVERY = ["--model.weights=none", "--batch-size=8", "--optim.name=sgd", "--device=cpu", "--workers=0", "--quiet"]
FLAGS = [*EVERY, "--model.backbone=conv4", "--size=32", "--epochs=2", "--classify.dropout=0", "--lr=0.02"]


@pytest.mark.slow
def test_two_processes_equal_one(squares: Path, tmp_path: Path) -> None:
    alone = train(squares, tmp_path / "1", *FLAGS, processes=1)
    shared = train(squares, tmp_path / "2", *FLAGS, processes=2, launcher=True)
    assert sorted(alone) == sorted(shared)
    for name, weights in alone.items():
        np.testing.assert_allclose(shared[name], weights, rtol=2e-3, atol=2e-4, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["detect", "segment"])
def test_losses_over_objects_and_pixels_are_of_the_global_batch(task: str, tmp_path: Path) -> None:
    """Three steps move the weights by 0.12 or more in all; one thread or two, by as much as is allowed here."""
    data = write_coco(tmp_path / "coco")
    flags = [*EVERY, f"--task={task}", "--model.backbone=conv5", "--size=96", "--epochs=1", "--lr=0.01"]
    flags += ["--optim.ema-decay=0", "--schedule.warmup=0", *(["--segment.dropout=0"] if task == "segment" else [])]
    alone, shared = (train(data, tmp_path / str(n), *flags, processes=n) for n in (1, 2))
    learnt = [name for name in alone if "running" not in name and "num_batches" not in name]
    apart = sum(float(np.square(alone[name] - shared[name]).sum()) for name in learnt) ** 0.5
    assert apart < 0.009


def train(data: Path, out: Path, *flags: str, processes: int, launcher: bool = False) -> dict[str, np.ndarray]:
    """The tensors that one process with one thread, or several, end with; ``launcher``: started by torchrun itself."""
    command = ["train", str(data), "--out", str(out), *flags]
    if launcher:
        launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        ended = [run_python(*launch, "-m", "foveal", *command, OMP_NUM_THREADS="1")]
    else:
        ended = captured(ranks(processes) if processes > 1 else [{}], command, cwd=out.parent)
    assert not any(done.returncode for done in ended), "".join(done.stderr for done in ended)
    return load(out / "model.safetensors")[1]
