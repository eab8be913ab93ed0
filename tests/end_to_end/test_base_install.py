"""Predicting and evaluation with torch absent: a virtual environment with only the base install."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import run_foveal


@pytest.mark.slow
def test_an_export_works_without_torch(
    quick_run: Path, squares: Path, torch_free: Callable[..., str], tmp_path: Path
) -> None:
    model = tmp_path / "model.onnx"
    done = run_foveal("export", quick_run, "--out", model)
    assert done.returncode == 0, done.stderr
    assert "36 images predicted and evaluated without torch" in torch_free(model, squares)
