"""Attention pooling on classes that differ only in a small detail at a random position.

    python examples/fine_grained.py [--out FOLDER] [--seed N] [--epochs N]

Writes an image folder of 96 x 96 images: textured, cluttered, with nine small tiles that carry one of four ink
patterns each. The pattern of the brightest tile is the class; the other eight are distractors, drawn from the same
distribution for all classes. The brightness differs from image to image, so a tile is recognised as the detail only
because it stands out among the others, as a defect or a badge does.

Then trains the same small network (conv4) twice from scratch with the same settings, once with average and once with
attention pooling, and compares them on the test split. A mean mixes the features of all positions; a softmax over
positions can select the one that stands out. It prints a table and writes ``overlay.png``: test images, and below each
its attention map. Takes about five minutes of processor time. Average pooling learns too, only more slowly: with
seed 0 it reached 0.757 in 8 epochs and 0.775 in 10, where attention reached 1.000.

Exit code 1 if attention gains less than 10 points, or its map peaks elsewhere in more than a tenth of the images.

Shapes: N images, S side of an image, h w rows and columns of an attention map.
"""

import argparse
import csv
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import foveal
from foveal.explain.overlay import overlay
from foveal.inference.predictor import Predictor

SIDE = 96
"""S, in pixels."""
TILE = 9
"""Side of the detail, in pixels."""
NUM_DISTRACTORS = 8
"""Distractors per image."""
MIN_GAIN = 0.10
MIN_HITS = 0.90
SPLITS = {"train": 300, "val": 40, "test": 100}
"""Images per class."""
PATTERNS = {
    "plus": ("..#..", "..#..", "#####", "..#..", "..#.."),
    "cross": ("#...#", ".#.#.", "..#..", ".#.#.", "#...#"),
    "bars": (".....", "#####", ".....", "#####", "....."),
    "posts": (".#.#.", ".#.#.", ".#.#.", ".#.#.", ".#.#."),
}
"""The ink of each class; each is its own mirror image, so that flips keep the class."""

LEVELS = (120, 255)
"""Brightness of the detail's paper, different in each image."""
STEPS = (45, 75)
"""How much darker the distractors' paper is."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Detail:
    """Position of the detail that decides an image's class.

    Attributes:
        path: The image, relative to the data set.
        left: First column of the tile, in pixels.
        top: First row.
    """

    path: str
    left: int
    top: int


def draw_image(name: str, generator: np.random.Generator) -> tuple[Pixels, int, int]:
    """An image of a class.

    Returns:
        (S, S, 3) pixels, and left and top of the detail's tile.
    """
    image = draw_background(generator)
    (left, top), *others = free_places(NUM_DISTRACTORS + 1, generator)
    level = generator.uniform(*LEVELS)
    for x, y in others:
        distractor = str(generator.choice(list(PATTERNS)))
        paste(image, draw_tile(distractor, level - generator.uniform(*STEPS)), x, y)
    paste(image, draw_tile(name, level), left, top)
    noisy = image + generator.normal(0, 6, image.shape)
    return noisy.clip(0, 255).round().astype(np.uint8), left, top


def draw_background(generator: np.random.Generator) -> NDArray[np.float64]:
    """(S, S, 3): blotches of two sizes, crossed by stripes in random directions."""
    image = np.full((SIDE, SIDE, 3), 127.0)
    for cells, strength in ((4, 45), (16, 25)):
        coarse = generator.normal(0, strength, (cells, cells, 3)).astype(np.float32)
        for channel in range(3):
            blotch = Image.fromarray(coarse[..., channel]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            image[..., channel] += np.asarray(blotch)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    for _ in range(5):
        angle, place = generator.uniform(0, np.pi), generator.uniform(0, SIDE)
        distance = np.cos(angle) * (columns - place) + np.sin(angle) * (rows - place)
        image[np.abs(distance) < generator.uniform(0.5, 2)] = generator.uniform(40, 215, 3)
    return image


def draw_tile(name: str, level: float) -> NDArray[np.float64]:
    """(TILE, TILE, 3): a pattern in black ink on paper of a brightness."""
    tile = np.full((TILE, TILE, 3), level)
    mask = np.array([[c == "#" for c in row] for row in PATTERNS[name]])
    margin = (TILE - len(mask)) // 2
    tile[margin:-margin, margin:-margin][mask] = 0
    return tile


def free_places(count: int, generator: np.random.Generator) -> list[tuple[int, int]]:
    """(left, top) of tiles that lie inside the image and two pixels or more apart."""
    places: list[tuple[int, int]] = []
    while len(places) < count:
        left, top = (int(v) for v in generator.integers(1, SIDE - TILE, 2))
        if all(max(abs(left - x), abs(top - y)) >= TILE + 2 for x, y in places):
            places.append((left, top))
    return places


def paste(image: NDArray[np.float64], tile: NDArray[np.float64], left: int, top: int) -> None:
    """Lay a tile over an image."""
    image[top : top + TILE, left : left + TILE] = tile


def write_data_set(folder: Path, *, seed: int, splits: Mapping[str, int] = SPLITS) -> list[Detail]:
    """Write train/, val/ and test/, each with a folder per class, and details.csv (path, left, top, width, height).

    Args:
        folder: A new folder.
        seed: Random seed.
        splits: Images per class, by split.

    Returns:
        Where each image's detail is.
    """
    generator = np.random.default_rng(seed)
    details = []
    for split, count in splits.items():
        for name in PATTERNS:
            (folder / split / name).mkdir(parents=True)
            for i in range(count):
                pixels, left, top = draw_image(name, generator)
                details.append(Detail(f"{split}/{name}/{i:04d}.png", left, top))
                Image.fromarray(pixels).save(folder / details[-1].path, compress_level=1)
    with (folder / "details.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "left", "top", "width", "height"])
        writer.writerows([d.path, d.left, d.top, TILE, TILE] for d in details)
    return details


def train(data: Path, pooling: str, out: Path, *, seed: int, epochs: int) -> Predictor:
    """Train the network with a pooling; everything else is the same for both."""
    settings: dict[str, Any] = {
        "seed": seed,
        "classify": {"pooling": pooling, "dropout": 0.0},
        "input": {"size": SIDE, "crop_fraction": 1.0},
        "augment": {"crop_scale": 1.0, "horizontal_flip": 0.5, "vertical_flip": 0.5},
        "optim": {"lr": 1e-3},
        "train": {"epochs": epochs, "batch_size": 32},
    }
    trained = foveal.train(data, recipe="scratch", settings=settings, out=out)
    assert trained is not None, "one process"
    return trained.model


def peak_hits(maps: NDArray[np.float32], details: Sequence[Detail]) -> NDArray[np.bool_]:
    """Whether the centre of each map's strongest cell lies within the detail's tile, widened by one cell all round.

    Args:
        maps: (N, h, w).
        details: N.

    Returns:
        (N,).
    """
    count, rows, columns = maps.shape
    row, column = np.divmod(maps.reshape(count, -1).argmax(1), columns)
    x, y = (column + 0.5) * SIDE / columns, (row + 0.5) * SIDE / rows
    left, top = np.array([d.left for d in details]), np.array([d.top for d in details])
    wide, high = SIDE / columns, SIDE / rows
    across = (left - wide <= x) & (x <= left + TILE + wide)
    return across & (top - high <= y) & (y <= top + TILE + high)


def write_overlay(path: Path, data: Path, model: Predictor, details: Sequence[Detail], *, zoom: int = 3) -> None:
    """A sheet of images, and below each the attention map drawn over it."""
    files = [data / d.path for d in details]
    maps = model.arrays(files)["attention"]
    columns = []
    for file, weights in zip(files, maps, strict=True):
        with Image.open(file) as image:
            pixels = np.asarray(image)
        columns.append(np.vstack([pixels, overlay(pixels, weights)]))
    sheet = Image.fromarray(np.hstack(columns))
    sheet.resize((sheet.width * zoom, sheet.height * zoom), Image.Resampling.NEAREST).save(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate, train twice, compare."""
    parser = argparse.ArgumentParser(description="Attention against average pooling on a fine-grained set.")
    parser.add_argument("--out", type=Path, help="new folder for the data set, the runs and the overlay")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=8)
    options = parser.parse_args(arguments)
    out = options.out or Path(tempfile.mkdtemp(prefix="fine_grained_"))
    details = write_data_set(out / "data", seed=options.seed)
    test = [d for d in details if d.path.startswith("test/")]
    accuracy, hits = {}, 0.0
    for pooling in ("avg", "attention"):
        model = train(out / "data", pooling, out / pooling, seed=options.seed, epochs=options.epochs)
        arrays = model.arrays([out / "data" / d.path for d in test])
        names = [model.output.categories.names[i] for i in arrays["scores"].argmax(1)]
        accuracy[pooling] = float(np.mean([d.path.split("/")[1] == name for d, name in zip(test, names, strict=True)]))
        print(f"{pooling:<10} accuracy {accuracy[pooling]:.3f} on {len(test)} test images", flush=True)
        if "attention" in arrays:
            hits = float(peak_hits(arrays["attention"], test).mean())
            shown = [test[i] for i in np.linspace(0, len(test) - 1, 8).astype(int)]
            write_overlay(out / "overlay.png", out / "data", model, shown)
    gain = accuracy["attention"] - accuracy["avg"]
    print(f"gain {100 * gain:+.1f} points (limit {100 * MIN_GAIN:+.0f}); ", end="")
    print(f"peak on the detail in {hits:.1%} of the images (limit {MIN_HITS:.0%}); {out / 'overlay.png'}")
    print("load average", *(f"{v:.1f}" for v in os.getloadavg()))
    return int(gain < MIN_GAIN or hits < MIN_HITS)


if __name__ == "__main__":
    sys.exit(main())
