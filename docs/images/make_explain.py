"""The figures of the guide to explanations, from the two photos that come with scikit-learn.

    python docs/images/make_explain.py [--run RUN]

Trains a classifier on parts of the two photos for about a minute, or takes a finished run, and explains a mosaic of
such parts. Writes docs/images/explain_*.webp. The photos are by Flickr's users
danielbuechele (china.jpg) and vultilion (flower.jpg), CC BY 2.0.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

import foveal

OUT = Path(__file__).parent
SIDE = 160
"""Side of a part of the mosaic in pixels."""

SETTINGS = {"train": {"epochs": 3}, "input": {"size": 160, "crop_fraction": 1.0}}


def main() -> None:
    """Train if need be, explain, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, help="a finished run; by default one is trained")
    run = parser.parse_args().run
    photos = dict(zip(("temple", "dahlia"), load_sample_images().images, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        if run is None:
            run = Path(folder) / "run"
            write_parts(photos, Path(folder) / "parts")
            foveal.train(Path(folder) / "parts", out=run, settings=SETTINGS)
        image = mosaic(photos)
        with foveal.load(run) as model:
            for name in photos:
                save(model.explain(image, classes=[name]).draw(), f"explain_{name}")
            save(model.explain(image, classes=["dahlia"], against="temple").draw(), "explain_against")
            temple = Image.fromarray(photos["temple"][60:380, :320])
            save(model.explain(temple, classes=["dahlia"]).draw(), "explain_none")


def write_parts(photos: dict[str, np.ndarray], folder: Path) -> None:
    """Random parts of each photo, a folder per class."""
    rng = np.random.default_rng(0)
    for name, photo in photos.items():
        (folder / name).mkdir(parents=True)
        for number in range(60):
            side = int(rng.integers(90, 200))
            y, x = int(rng.integers(0, len(photo) - side)), int(rng.integers(0, photo.shape[1] - side))
            Image.fromarray(photo[y : y + side, x : x + side]).save(folder / name / f"{number}.png")


def mosaic(photos: dict[str, np.ndarray]) -> Image.Image:
    """Two by two parts: a dahlia beside three times the temple."""
    canvas = Image.new("RGB", (2 * SIDE, 2 * SIDE))
    for place, (name, x, y) in enumerate(
        (("temple", 20, 60), ("dahlia", 250, 100), ("temple", 90, 120), ("temple", 20, 200))
    ):
        part = Image.fromarray(photos[name][y : y + SIDE, x : x + SIDE])
        canvas.paste(part, (place % 2 * SIDE, place // 2 * SIDE))
    return canvas


def save(drawn: Image.Image, name: str) -> None:
    """Write a figure."""
    file = OUT / f"{name}.webp"
    drawn.save(file, "WEBP", quality=78, method=6)
    sys.stdout.write(f"{file.name}: {file.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
