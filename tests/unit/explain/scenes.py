"""Models whose evidence is known: they find a red square by its colour."""

from pathlib import Path

import numpy as np
from PIL import Image

from foveal.artifact.card import Card
from foveal.inference.backends.contract import EVIDENCE
from foveal.inference.predictor import Predictor
from foveal.types.arrays import RGB, Array
from foveal.types.input_spec import InputSpec

RED, GRAY = (230, 20, 20), (110, 110, 110)
CELLS = 16


class Redness:
    """The class red by the share of red pixels, and cell scores where an export has them.

    Args:
        fit: How images are fitted to 64 x 64 pixels.
        evidence: Whether there are cell scores among the outputs.
    """

    def __init__(self, fit: str = "letterbox", *, evidence: bool = True) -> None:
        self.evidence, self.passes = evidence, 0
        self.card = Card.model_validate(
            {
                "task": "classify",
                "classes": {"names": ["red", "other"]},
                "input": InputSpec.model_validate({"size": 64, "train_size": 64, "fit": fit}),
                "model": {},
                "own": {},
                "decode": {},
            }
        )

    device_name = "cpu"

    def run(self, images: RGB) -> dict[str, Array]:
        self.passes += len(images)
        values = images.astype(np.float32)
        red = (values[..., 0] - values[..., 1:].mean(-1)) / 255  # (B, 64, 64)
        score = 1 / (1 + np.exp(-20 * (red.mean((1, 2)) - 0.02)))
        scores = np.stack([score, 1 - score], 1).astype(np.float32)
        side = 64 // CELLS
        cells = red.reshape(len(red), CELLS, side, CELLS, side).mean((2, 4))
        return {"scores": scores, **({EVIDENCE: np.stack([cells, -cells], 1)} if self.evidence else {})}


def redness(fit: str = "letterbox", *, evidence: bool = True) -> Predictor:
    return Predictor(Redness(fit, evidence=evidence))


def scene(width: int, height: int, box: tuple[int, int, int, int] | None) -> RGB:
    """A red square on gray."""
    image = np.full((height, width, 3), GRAY, np.uint8)
    if box is not None:
        x1, y1, x2, y2 = box
        image[y1:y2, x1:x2] = RED
    return image


def write_rotated(path: Path, image: RGB, orientation: int) -> Path:
    """A JPEG that is displayed as ``image`` only when its EXIF orientation is applied."""
    turned = {1: image, 3: image[::-1, ::-1], 6: np.rot90(image), 8: np.rot90(image, -1)}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(turned)).save(path, exif=exif, quality=95)
    return path
