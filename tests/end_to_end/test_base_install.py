"""Predicting and evaluation with torch absent: a virtual environment with only the base install."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.slow
def test_an_export_works_without_torch(quick_export: Path, squares: Path, torch_free: Callable[..., str]) -> None:
    assert "36 images predicted and evaluated without torch" in torch_free(quick_export, squares)
