"""A video of the generated squares that the small exported model knows."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.clips import write_clip


@pytest.fixture(scope="session")
def squares_clip(squares: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 frames, lossless: the images of ``squares`` in order; tests only read it."""
    images = [np.asarray(Image.open(path)) for path in sorted(squares.rglob("*.png"))]
    return write_clip(tmp_path_factory.mktemp("clip") / "squares.mkv", images)
