"""Predicting and judging with torch absent: a virtual environment with only the base install."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT, run_foveal


@pytest.mark.slow
def test_an_export_works_without_torch(quick_run: Path, squares: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    done = run_foveal("export", quick_run, "--out", model)
    assert done.returncode == 0, done.stderr
    place = tmp_path / "base"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    python = place / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", ROOT], check=True, capture_output=True)
    checked = subprocess.run(
        [python, ROOT / "tests" / "base_install.py", model, squares], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "36 pictures predicted and judged without torch" in checked.stdout
