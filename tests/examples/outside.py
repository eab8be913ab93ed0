"""The examples that use an exported model without Foveal, beside `foveal predict` on the same files."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from sklearn.datasets import load_sample_images
from tests.scenes import exif

import foveal

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def photos() -> list[Path]:
    """The two photos that come with scikit-learn."""
    return [Path(path) for path in load_sample_images().filenames]


def write_variants(images: Sequence[Path], folder: Path) -> list[Path]:
    """Each image as it is, as a large JPEG, lying on its side with EXIF, cut to odd sides, and gray."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for i, path in enumerate(images):
        image = Image.open(path).convert("RGB")
        times = max(2, 900 // image.width)
        large = image.resize((image.width * times + 1, image.height * times), Image.Resampling.BICUBIC)
        variants = {
            "plain.png": image,
            "large.jpg": large,
            "turned.jpg": ImageOps.exif_transpose(large).transpose(Image.Transpose.ROTATE_90),
            "odd.png": large.crop((5, 3, large.width // 2 * 2 - 2, large.height // 3 * 2 + 1)),
            "gray.jpg": image.convert("L"),
        }
        for name, variant in variants.items():
            file = folder / f"{i}-{name}"
            variant.save(file, quality=95, **({"exif": exif(6)} if name == "turned.jpg" else {}))
            written.append(file)
    return written


def run_example(name: str, model: Path, images: Sequence[Path]) -> dict[Path, list[list[str]]]:
    """The rows that an example prints of each image, without its path."""
    command = [sys.executable, EXAMPLES / f"{name}.py", model, *images]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows: dict[Path, list[list[str]]] = {image: [] for image in images}
    for line in done.stdout.splitlines():
        path, *cells = line.split("\t")
        rows[Path(path)].append(cells)
    return rows


def predicted(model: Path, images: Sequence[Path]) -> list[dict[str, Any]]:
    """What ``foveal predict --json`` prints."""
    with foveal.load(model) as predictor:
        documents = [prediction.to_dict() for prediction in foveal.predict(predictor, list(images))]
    found: list[dict[str, Any]] = json.loads(json.dumps(documents))
    return found
