"""The image of docs/guide/two-classes.md: python docs/images/make_two_classes.py."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
from two_classes import BORDER, OTHERS, SIDE, cut_square, stamp

ROWS = (("logo", "logo", "logo", "logo", "logo", "logo"), (*OTHERS, *OTHERS[:1], "", ""))
"""Shapes; empty: none."""


def main() -> None:
    """Two rows on parts of the photos that ship with scikit-learn: with the logo, and others."""
    rng = np.random.default_rng(3)
    photos = [Image.fromarray(photo) for photo in load_sample_images().images]
    cell = SIDE + 2 * BORDER
    sheet = Image.new("RGB", (cell * len(ROWS[0]), cell * len(ROWS)), "white")
    for y, row in enumerate(ROWS):
        for x, shape in enumerate(row):
            image = cut_square(photos[(x + y) % len(photos)], rng)
            if shape:
                stamp(image, shape, rng)
            sheet.paste(image, (x * cell + BORDER, y * cell + BORDER))
    file = Path(__file__).with_name("two-classes.webp")
    sheet.save(file, "WEBP", quality=85, method=6)
    sys.stdout.write(f"{file.name}: {file.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
