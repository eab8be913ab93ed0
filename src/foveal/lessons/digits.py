"""Labelled images for ``foveal scratch train``: scikit-learn's digits, or a folder of IDX files.

Shapes: N images, H W height and width.
"""

from pathlib import Path

import numpy as np

from foveal.errors import DataError, MissingExtraError
from foveal.scratch.idx import read_idx
from foveal.scratch.learn import Examples

FASHION = "fashion-mnist"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its files."""
TEST_EVERY = 5


def digits() -> tuple[Examples, Examples]:
    """1,797 handwritten digits of 8 x 8 pixels; every fifth is for testing.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        raise MissingExtraError("learn the digits", "scikit-learn") from None
    known = load_digits()
    images = (known.images / 16).astype(np.float32)[:, None]
    test = np.arange(len(images)) % TEST_EVERY == 0
    return _normal(Examples(images[~test], known.target[~test]), Examples(images[test], known.target[test]))


def idx_folder(folder: Path) -> tuple[Examples, Examples]:
    """Training and test images of a folder that is laid out as MNIST's is: ``train-images-idx3-ubyte.gz`` and so on.

    Raises:
        DataError: A file is missing or cannot be read, the images are not square with sides that are multiples of 4,
            or labels and images differ in number.
    """
    if str(folder) == FASHION:
        folder = DEBIAN
        if not folder.is_dir():
            raise DataError(
                f"{FASHION}: not installed; {folder} is missing.",
                "On Debian: apt install dataset-fashion-mnist. Or name a folder of IDX files.",
            )
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder.", f"Name a folder of IDX files, or {FASHION}.")
    return _normal(*(_examples(folder, split) for split in ("train", "t10k")))


def _examples(folder: Path, split: str) -> Examples:
    images, labels = (_read(folder, f"{split}-{kind}") for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"))
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        shapes = f"{images.shape} images and {labels.shape} labels"
        raise DataError(f"{folder}: {split} has {shapes}.", "There is one label for each image.")
    if images.shape[1] != images.shape[2] or images.shape[1] % 4 or not len(images):
        what = f"images of {images.shape[1]} x {images.shape[2]} pixels"
        raise DataError(f"{folder}: {split} has {len(images):,} {what}.", "They are square, a multiple of 4 wide.")
    return Examples((images.astype(np.float32) / 255)[:, None], labels.astype(np.int64))


def _read(folder: Path, name: str) -> np.ndarray:
    files = [path for path in (folder / name, folder / f"{name}.gz") if path.is_file()]
    if not files:
        raise DataError(f"{folder}: has no {name} or {name}.gz.", "Name a folder laid out as MNIST's is.")
    try:
        return read_idx(files[0])
    except ValueError as error:
        raise DataError(str(error), "Get the file again.") from None


def _normal(train: Examples, test: Examples) -> tuple[Examples, Examples]:
    """Both with the training images' mean taken away, in units of their deviation."""
    mean, std = train.images.mean(), train.images.std() or 1.0
    return tuple(Examples((part.images - mean) / std, part.labels) for part in (train, test))  # type: ignore[return-value]
