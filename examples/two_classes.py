"""A recogniser of two classes, "logo or other", that is right when it says logo.

    python examples/two_classes.py [--out FOLDER] [--seed N] [--backgrounds FOLDER] [--epochs N]

Draws a logo, a ring with a bar through it, at a random place, size, colour and angle on parts of real photos; as many
parts stay without it, and half of those get another shape, so that colour alone tells nothing. The photos are those
that ship with scikit-learn, or yours. Test images come from parts of the photos that neither training nor validation
has.

The labels are one column of 0 and 1 (``_classes.csv``), so the network has one sigmoid output: an image may be of no
class. ``--classify.min-precision`` then takes, from the precision-recall curve of the validation images, the lowest
threshold with that precision; the model file keeps it.

Prints precision and recall on the test images; exit code 1 if precision is below 0.99 or recall below 0.95.

Shapes: S side of an image.
"""

import argparse
import csv
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import foveal

RGB = NDArray[np.uint8]
SIDE = 96
"""S, in pixels."""
SPLITS = {"train": 1600, "valid": 800, "test": 800}
"""Images of each split, half of them with the logo."""
ENOUGH_PRECISION, ENOUGH_RECALL = 0.99, 0.95
VISIBLE = 80
"""Levels by which a channel of a shape differs at least from the mean of its ground."""
WANTED = 0.995
"""Precision on the validation images; a little more than is needed on others."""
SUPER = 4
"""The logo is drawn this many times as large and scaled down, so that its edges are smooth."""


def main() -> int:
    """Draw the images, train, and evaluate on the test split."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="folder for images and run; by default a temporary one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backgrounds", type=Path, help="folder of photos; by default two that ship with scikit-learn")
    parser.add_argument("--epochs", type=int, default=8)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = given.out or Path(temporary)
        draw_data(out / "images", photos(given.backgrounds), seed=given.seed)
        settings = {
            "seed": given.seed,
            "classify": {"min_precision": WANTED, "label_smoothing": 0.0},
            "input": {"size": SIDE, "eval_size": SIDE},
            "train": {"epochs": given.epochs},
        }
        run = foveal.train(out / "images", settings=settings, out=out / "run", quiet=True)
        results = foveal.evaluate(run.model, out / "images", split="test").results.metrics
    precision, recall = (results[name] for name in ("precision_macro", "recall_macro"))
    sys.stdout.write(f"precision {precision.value:.4f} ({precision.low:.4f} to {precision.high:.4f})\n")
    sys.stdout.write(f"recall    {recall.value:.4f} ({recall.low:.4f} to {recall.high:.4f})\n")
    return int(precision.value < ENOUGH_PRECISION or recall.value < ENOUGH_RECALL)


def photos(folder: Path | None) -> list[RGB]:
    """The backgrounds, (H, W, 3) each."""
    if folder is not None:
        files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in {".jpg", ".jpeg", ".png"})
        return [np.asarray(Image.open(file).convert("RGB")) for file in files]
    from sklearn.datasets import load_sample_images

    return list(load_sample_images().images)


def draw_data(folder: Path, backgrounds: Sequence[RGB], *, seed: int) -> None:
    """Images and a ``_classes.csv`` for each split."""
    rng = np.random.default_rng(seed)
    for place, (split, count) in enumerate(SPLITS.items()):
        home = folder / split
        home.mkdir(parents=True)
        parts = crops(backgrounds, place, rng)
        with (home / "_classes.csv").open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["filename", "logo"])
            for i in range(count):
                image, shown = Image.fromarray(next(parts)), i % 2 == 0
                if shown or i % 4 == 1:
                    stamp(image, rng, logo=shown)
                image.save(home / f"{i:04}.png")
                table.writerow([f"{i:04}.png", int(shown)])


def crops(backgrounds: Sequence[RGB], place: int, rng: np.random.Generator) -> Iterator[RGB]:
    """Endless parts of S x S pixels; each split has its own third of every photo, with a gap to the next."""
    while True:
        photo = backgrounds[rng.integers(len(backgrounds))]
        third = photo.shape[1] // 3
        strip = photo[:, place * third : (place + 1) * third - 4]
        side = int(rng.integers(SIDE // 2, min(strip.shape[:2])))
        top, left = (int(rng.integers(0, length - side + 1)) for length in strip.shape[:2])
        part = Image.fromarray(strip[top : top + side, left : left + side])
        yield np.asarray(part.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def stamp(image: Image.Image, rng: np.random.Generator, *, logo: bool) -> None:
    """Draw the logo, a ring with a bar through it; else a ring alone, or two bars that cross."""
    size = int(rng.integers(28, 57)) * SUPER
    mask = Image.new("L", (size, size))
    pen, line = ImageDraw.Draw(mask), max(SUPER, size // 8)
    ring = logo or rng.random() < 0.5
    if ring:
        pen.ellipse((line, line, size - line, size - line), outline=255, width=line)
    for turn in (0, 90) if not ring else (0,) if logo else ():
        angle = math.radians(turn)
        reach = 0.5 * size - line
        ends = [(size / 2 + s * reach * math.cos(angle), size / 2 + s * reach * math.sin(angle)) for s in (-1, 1)]
        pen.line(ends, fill=255, width=line)
    mask = mask.rotate(float(rng.uniform(0, 360)), Image.Resampling.BICUBIC).resize((size // SUPER, size // SUPER))
    left, top = (int(rng.integers(0, SIDE - size // SUPER + 1)) for _ in range(2))
    ground = np.asarray(image)[top : top + mask.height, left : left + mask.width].reshape(-1, 3).mean(0)
    color = rng.integers(0, 256, 3)
    while np.abs(color - ground).max() < VISIBLE:
        color = rng.integers(0, 256, 3)
    image.paste(Image.new("RGB", mask.size, tuple(color.tolist())), (left, top), mask)


if __name__ == "__main__":
    sys.exit(main())
