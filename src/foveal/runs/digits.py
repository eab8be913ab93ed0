"""The demo data set: scikit-learn's 1,797 handwritten digits (8 x 8, from UCI), as an image folder."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.errors import MissingExtraError, RunError

TEST_EVERY = 5


def write_digits(folder: Path) -> None:
    """Write ``folder/train/DIGIT/N.png`` and, for every fifth image, ``folder/test/DIGIT/N.png``.

    Raises:
        RunError: The folder exists, or cannot be written.
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        raise MissingExtraError("run the demo", "scikit-learn") from None
    if folder.exists():
        raise RunError(f"{folder} already exists.", "Remove it, or choose another folder with --out.")
    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)
    for split in ("train", "test"):
        for digit in range(10):
            make_folder(folder / split / str(digit))
    for i, (image, digit) in enumerate(zip(images, digits.target, strict=True)):
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        split = "test" if i % TEST_EVERY == 0 else "train"
        write_atomic(folder / split / str(digit) / f"{i:04d}.png", buffer.getvalue())
