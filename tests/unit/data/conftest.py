"""Small pictures and trees of them, made on the spot."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def make_picture():
    """Write a picture of random colours; the seed decides its content."""

    def make(path: Path, seed: int = 0, size: tuple[int, int] = (12, 10)) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        return path

    return make


@pytest.fixture
def make_tree(tmp_path, make_picture):
    """Write pictures named by a mapping of folder to count, each with content of its own."""

    def make(counts: dict[str, int], root: Path | None = None) -> Path:
        root = root or tmp_path / "set"
        root.mkdir(parents=True, exist_ok=True)
        seed = 0
        for folder, count in counts.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            for i in range(count):
                make_picture(root / folder / f"{i:03d}.png", seed)
                seed += 1
        return root

    return make
