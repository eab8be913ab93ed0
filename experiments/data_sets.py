"""The data sets of the experiments, written once as image folders (train/, val/, test/) or as texts.

The epoch is chosen on val/, and sides are compared on test/, which no training has seen.
"""

import gzip
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.errors import DataError

ROOT = Path(__file__).resolve().parents[1]
FASHION = Path(os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))
PHOTOS = Path(os.environ.get("FOVEAL_DATA", ROOT.parent / "shared" / "data"))
GARMENTS = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot")
MADE = "made"
"""A file that says that the data set is whole."""
QUICK = {"train": 6, "val": 2, "test": 6, "characters": 12_000, "test_characters": 4_000}
"""Sizes for a run that only shows that everything works."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class DataSet:
    """Where it is, what it is in words, and the text to compare on; None: the test split of the images."""

    path: Path
    about: str
    test_text: Path | None = None


def prepare(options: Mapping[str, Any], folder: Path, *, quick: bool = False) -> DataSet:
    """Write a data set, unless it is there.

    Args:
        options: ``kind``, and the sizes that the kind's function takes.
        folder: Where the data sets of all experiments are.
        quick: As small as can be.

    Raises:
        DataError: What it is made of is not on this machine.
    """
    chosen = dict(options)
    if quick:
        chosen |= {key: value for key, value in QUICK.items() if key in chosen}
    kind = chosen.pop("kind")
    make, place = KINDS[kind], folder / "-".join(map(str, (kind, *chosen.values())))
    if not (place / MADE).exists():
        shutil.rmtree(place, ignore_errors=True)
        (place / "data").mkdir(parents=True)
        about = make(place / "data", **chosen)
        (place / MADE).write_text(about)
    about = (place / MADE).read_text()
    if kind == "text":
        return DataSet(place / "data" / "shakespeare.txt", about, place / "data" / "test.txt")
    return DataSet(place / "data", about)


def fashion(folder: Path, *, train: int, val: int, test: int, canvas: int = 0) -> str:
    """Fashion-MNIST (Xiao et al. 2017); sizes are images per class.

    Images are padded from 28 to 32 pixels, or laid at a random place on a black ``canvas`` of so many.
    """
    generator = np.random.default_rng(0)

    def placed(image: Pixels) -> Pixels:
        if not canvas:
            return np.pad(image, 2)
        top, left = (int(v) for v in generator.integers(0, canvas - 28 + 1, 2))
        return np.pad(image, ((top, canvas - 28 - top), (left, canvas - 28 - left)))

    shown, kinds = _idx("train-images-idx3-ubyte"), _idx("train-labels-idx1-ubyte")
    unseen, truths = _idx("t10k-images-idx3-ubyte"), _idx("t10k-labels-idx1-ubyte")
    for label, name in enumerate(GARMENTS):
        ours, theirs = np.flatnonzero(kinds == label), np.flatnonzero(truths == label)
        _write(folder / "train" / name, [placed(shown[i]) for i in ours[:train]])
        _write(folder / "val" / name, [placed(shown[i]) for i in ours[train : train + val]])
        _write(folder / "test" / name, [placed(unseen[i]) for i in theirs[:test]])
    laid = f"each laid at a random place on {canvas} px of black" if canvas else "padded to 32 px"
    return (
        f"Fashion-MNIST, grey, {laid}: the first {train:,} training images of each of the ten classes, {val}"
        f" more to choose the epoch, and {10 * min(test, 1000):,} of the 10,000 test images to compare on"
    )


def flowers(folder: Path, *, train: int, val: int, side: int, test: int = 10_000) -> str:
    """Five kinds of flowers in photos, at ``side`` pixels; ``train``, ``val`` and ``test`` are images per class.

    A photo that is there twice, also under two kinds, counts once: none is trained on and compared on.
    """
    root = PHOTOS / "flowers"
    if not root.is_dir():
        raise DataError(f"No photos of flowers at {root}.", "Name the folder that holds them: FOVEAL_DATA=FOLDER.")
    total, seen = 0, set[bytes]()
    for place, source in enumerate(sorted(one for one in root.iterdir() if one.is_dir())):
        files = sorted(source.iterdir())
        mixed = [files[i] for i in np.random.default_rng(place).permutation(len(files))]
        order = []
        for small in (_small(file, side) for file in mixed):
            if (content := small.tobytes()) not in seen:
                seen.add(content)
                order.append(small)
        parts = {"train": order[:train], "val": order[train : train + val], "test": order[train + val :][:test]}
        total += len(parts["test"])
        for split, members in parts.items():
            _write(folder / split / source.name, members)
    return (
        f"photos of five kinds of flowers (the TensorFlow flowers, of about 32 px), at {side} px: {train} of each kind"
        f" to train on, {val} to choose the epoch, and the other {total:,} to compare on"
    )


def fine_grained(folder: Path, *, train: int, val: int, test: int) -> str:
    """The generated set of ``examples/fine_grained.py``; sizes are images per class."""
    file = ROOT / "examples" / "fine_grained.py"
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None, "a Python file"
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module  # its dataclasses look their module up
    spec.loader.exec_module(module)
    splits = {"train": train, "val": val, "test": test}
    module.write_data_set(folder, seed=0, splits=splits)
    return (
        f"images generated by examples/fine_grained.py, 96 px, four classes that differ in a tile of 9 px among eight"
        f" distractors: {train} per class to train on, {val} to choose the epoch, {test} to compare on"
    )


def text(folder: Path, *, characters: int, test_characters: int) -> str:
    """The beginning of Shakespeare's plays to train on, and their end to compare on."""
    file = PHOTOS / "shakespeare.txt"
    if not file.is_file():
        raise DataError(f"No text at {file}.", "Name the folder that holds shakespeare.txt: FOVEAL_DATA=FOLDER.")
    whole = file.read_text(encoding="utf-8")
    (folder / "shakespeare.txt").write_text(whole[:characters], encoding="utf-8")
    (folder / "test.txt").write_text(whole[-test_characters:], encoding="utf-8")
    return (
        f"Shakespeare's plays: the first {characters:,} characters, of which the last tenth chooses the epoch, and the"
        f" last {test_characters:,} of the whole text to compare on"
    )


KINDS: Mapping[str, Callable[..., str]] = {
    "fashion": fashion,
    "flowers": flowers,
    "fine_grained": fine_grained,
    "text": text,
}


def _idx(name: str) -> Pixels:
    """An IDX file: two zero bytes, the type (8: bytes), the number of axes, their lengths, the values."""
    file = FASHION / f"{name}.gz"
    try:
        raw = gzip.decompress(file.read_bytes())
    except OSError:
        hint = "Install Debian's package dataset-fashion-mnist, or name the folder: FASHION_MNIST=FOLDER."
        raise DataError(f"No Fashion-MNIST at {file}.", hint) from None
    axes = raw[3]
    shape = np.frombuffer(raw, ">u4", axes, 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(tuple(map(int, shape)))


def _small(file: Path, side: int) -> Pixels:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BOX))


def _write(folder: Path, images: list[Pixels]) -> None:
    folder.mkdir(parents=True)
    for number, pixels in enumerate(images):
        Image.fromarray(pixels).save(folder / f"{number:05d}.png", compress_level=1)
