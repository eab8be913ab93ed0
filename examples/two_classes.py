"""A recogniser of two classes, "logo or other", that is right when it says logo.

    python examples/two_classes.py PHOTOS [--out FOLDER] [--seed N] [--epochs N]

PHOTOS is a folder of photos without the logo, a few hundred or more; folders in it are searched, too. Each photo goes
to training, to validation or to testing, never to two of them. Half of the images get the logo, a ring with a bar
through it, at a random place, size, colour and angle. A quarter gets a ring alone, a cross or a bar in its place, so
that colour or an edge alone tells nothing. A quarter stays as it is.

The labels are one column of 0 and 1 (``_classes.csv``), so the network has one sigmoid output: an image may be of no
class. ``--classify.min-precision`` then takes, from the precision-recall curve of the validation images, the lowest
threshold with that precision; the model file keeps it.

Writes the images, the run with ``model.safetensors`` and its report, and ``sheet.png``: test images as they are
evaluated. Prints the threshold, and precision and recall on the test images; exit code 1 if precision is below 0.99 or
recall below 0.95. Takes about five minutes on two cores.

Shapes: S side of an image.
"""

import argparse
import csv
import hashlib
import itertools
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import foveal
from foveal.inference.predictor import Predictor
from foveal.metrics.contract import Interval

SIDE = 96
"""S, in pixels."""
SPLITS = {"train": 4800, "valid": 1200, "test": 800}
"""Images of each split, half of them with the logo."""
PHOTOS = {"train": 0.5, "valid": 0.3, "test": 0.2}
"""Share of the photos."""
LEAST = 10
"""Photos."""
ENOUGH_PRECISION, ENOUGH_RECALL = 0.99, 0.95
WANTED = 0.995
"""Precision on the validation images; a little more than is needed on others."""
SIZES = (32, 57)
"""Sides of a shape, in pixels: from, and up to but not."""
VISIBLE = 80
"""Levels by which a shape's colour differs at least from the mean of its ground, in one channel."""
SUPER = 4
"""Shapes are drawn this many times as large and scaled down, so that their edges are smooth."""
OTHERS = ("ring", "cross", "bar")
"""Shapes that are not the logo."""
SHOWN, BORDER = 32, 4
"""Images on the sheet, and the pixels around each."""
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True)
class Outcome:
    """What the example is about.

    Attributes:
        threshold: Score from which an image counts as logo; the model file has it.
        precision: On the test images.
        recall: On the test images.
    """

    threshold: float
    precision: Interval
    recall: Interval


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the images, train, and evaluate on the test split."""
    parser = argparse.ArgumentParser(description="Logo or other, with a threshold for a wanted precision.")
    parser.add_argument("photos", type=Path, help="folder of photos without the logo")
    parser.add_argument("--out", type=Path, help="new folder for the images and the run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=2)
    given = parser.parse_args(arguments)
    out = given.out or Path(tempfile.mkdtemp(prefix="two_classes_"))
    try:
        grounds = split_photos(given.photos, given.seed)
    except ValueError as error:
        parser.error(str(error))
    write_data_set(out / "images", grounds, seed=given.seed)
    got = train_and_test(out, seed=given.seed, epochs=given.epochs)
    print(f"threshold {got.threshold:.4f}")
    for name, value in (("precision", got.precision), ("recall", got.recall)):
        print(f"{name:<9} {value.value:.4f} ({value.low:.4f} to {value.high:.4f})")
    print(out)
    return int(got.precision.value < ENOUGH_PRECISION or got.recall.value < ENOUGH_RECALL)


def split_photos(folder: Path, seed: int) -> dict[str, list[Path]]:
    """The photos of each split; copies of one photo count once.

    Raises:
        ValueError: Fewer than ten.
    """
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    photos = list({hashlib.sha256(file.read_bytes()).digest(): file for file in reversed(files)}.values())
    if len(photos) < LEAST:
        raise ValueError(f"{folder} has {len(photos)} photos; {LEAST} or more are needed, and hundreds are better")
    order = np.random.default_rng(seed).permutation(len(photos))
    ends = np.round(np.cumsum(list(PHOTOS.values())) * len(photos)).astype(int)
    parts = np.split(order, ends[:-1])
    return {split: [photos[i] for i in part] for split, part in zip(PHOTOS, parts, strict=True)}


def write_data_set(
    folder: Path, grounds: Mapping[str, Sequence[Path]], *, seed: int, counts: Mapping[str, int] | None = None
) -> None:
    """For each split a folder of images and their ``_classes.csv``.

    Args:
        folder: A new folder.
        grounds: Photos of each split.
        seed: Of places, sizes, colours and angles.
        counts: Images of each split; None: ``SPLITS``.
    """
    rng = np.random.default_rng(seed)
    for split, count in (counts or SPLITS).items():
        (folder / split).mkdir(parents=True)
        squares = cut_squares(grounds[split], rng)
        with (folder / split / "_classes.csv").open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["filename", "logo"])
            for i in range(count):
                image = next(squares)
                if i % 4 != 3:
                    stamp(image, "logo" if i % 2 == 0 else str(rng.choice(OTHERS)), rng)
                image.save(folder / split / f"{i:04}.png", compress_level=1)
                table.writerow([f"{i:04}.png", int(i % 2 == 0)])


def cut_squares(photos: Sequence[Path], rng: np.random.Generator) -> Iterator[Image.Image]:
    """Endless parts of the photos: each photo once, then each again, from another place."""
    for photo in itertools.cycle(photos):
        with Image.open(photo) as opened:
            yield cut_square(opened.convert("RGB"), rng)


def cut_square(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A part of a photo, S x S: half of its shorter side or more."""
    shorter = min(photo.size)
    side = int(rng.integers(max(1, shorter // 2), shorter + 1))
    left, top = (int(rng.integers(0, length - side + 1)) for length in photo.size)
    return photo.resize((SIDE, SIDE), Image.Resampling.BICUBIC, (left, top, left + side, top + side))


def stamp(image: Image.Image, shape: str, rng: np.random.Generator) -> None:
    """Draw a shape at a random place, size and angle, in a colour that is seen there."""
    side = int(rng.integers(*SIZES))
    mask = draw_shape(shape, side * SUPER).rotate(float(rng.uniform(0, 360)), Image.Resampling.BICUBIC)
    mask = mask.resize((side, side), Image.Resampling.BOX)
    left, top = (int(rng.integers(0, SIDE - side + 1)) for _ in range(2))
    ground = np.asarray(image.crop((left, top, left + side, top + side))).mean((0, 1))
    color = rng.integers(0, 256, 3)
    while np.abs(color - ground).max() < VISIBLE:
        color = rng.integers(0, 256, 3)
    image.paste(tuple(color.tolist()), (left, top), mask)


def draw_shape(shape: str, side: int) -> Image.Image:
    """A shape in white on black, ``side`` x ``side``: the logo is a ring with a bar through it."""
    mask, line = Image.new("L", (side, side)), side // 8
    pen, middle = ImageDraw.Draw(mask), side // 2
    if shape in ("logo", "ring"):
        pen.ellipse((0, 0, side - 1, side - 1), outline=255, width=line)
    if shape in ("logo", "bar", "cross"):
        pen.rectangle((0, middle - line // 2, side, middle + line // 2), fill=255)
    if shape == "cross":
        pen.rectangle((middle - line // 2, 0, middle + line // 2, side), fill=255)
    return mask


def train_and_test(out: Path, *, seed: int, epochs: int) -> Outcome:
    """Train on ``out``/images, choose the threshold on its validation split, and evaluate on its test split."""
    settings = {
        "seed": seed,
        "classify": {"min_precision": WANTED, "label_smoothing": 0.0},
        "input": {"size": SIDE, "eval_size": SIDE, "crop_fraction": 1.0},  # a crop would cut logos off
        "augment": {"crop_scale": 1.0, "crop_ratio": 1.0, "horizontal_flip": 0.5, "vertical_flip": 0.5},
        "optim": {"lr": 5e-4},
        "train": {"epochs": epochs},
    }
    trained = foveal.train(out / "images", settings=settings, out=out / "run", quiet=True)
    assert trained is not None, "one process"
    model = trained.model
    metrics = foveal.evaluate(model, out / "images", split="test").results.metrics
    write_sheet(out / "sheet.png", sorted((out / "images" / "test").glob("*.png"))[:SHOWN], model)
    return Outcome(model.output.options.threshold, metrics["precision_macro"], metrics["recall_macro"])


def write_sheet(path: Path, files: Sequence[Path], model: Predictor) -> None:
    """A sheet of images in rows of eight; those that are predicted as logo have a green border."""
    columns, cell = 8, SIDE + 2 * BORDER
    sheet = Image.new("RGB", (columns * cell, -(-len(files) // columns) * cell), "white")
    for i, (file, prediction) in enumerate(zip(files, model.predict(files), strict=True)):
        top, left = (cell * n for n in divmod(i, columns))
        if prediction.present():
            sheet.paste((0, 200, 0), (left, top, left + cell, top + cell))
        with Image.open(file) as image:
            sheet.paste(image, (left + BORDER, top + BORDER))
    sheet.save(path)


if __name__ == "__main__":
    sys.exit(main())
