"""A container's 64 MB of /dev/shm are enough to train with workers. In a private mount: nothing outside sees it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.scenes import write_squares


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="only root can mount a small /dev/shm, with unshare",
)
def test_training_with_workers_in_16_megabytes(tmp_path: Path) -> None:
    data, run = write_squares(tmp_path / "squares"), tmp_path / "run"
    train = f"{sys.executable} -m foveal train {data} --out {run} --backbone conv4 --size 224 --input.normalize dataset"
    script = (
        "mount -t tmpfs -o size=16m tmpfs /dev/shm || exit 99\n"
        f"{train} --epochs 1 --batch-size 16 --workers 3 --device cpu --train.eval-every 1"
    )
    done = subprocess.run(["unshare", "-m", "bash", "-c", script], capture_output=True, text=True, check=False)
    if done.returncode in (1, 99) and "foveal" not in done.stderr + done.stdout:
        pytest.skip(f"no private mount here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "There is little shared memory (/dev/shm): 3 instead" not in done.stdout
    assert done.stderr == "" and (run / "report.html").exists()
