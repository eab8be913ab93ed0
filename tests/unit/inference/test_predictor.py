"""From a file to an answer in that file's own pixels, however small it was decoded."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foveal.artifact.card import Card
from foveal.inference.predictor import Predictor
from foveal.types.arrays import RGB, Array
from foveal.types.input_spec import InputSpec


class OneBox:
    """A backend that finds the bright square by looking at the pixels it gets."""

    def __init__(self) -> None:
        self.card = Card.model_validate(
            {
                "task": "detect",
                "classes": {"names": ["square"]},
                "input": InputSpec(size=64, train_size=64, fit="letterbox", interpolation="bilinear"),
                "model": {},
                "own": {},
                "decode": {},
            }
        )

    def run(self, images: RGB) -> dict[str, Array]:
        boxes = []
        for image in images:
            rows, columns = np.nonzero((image[..., 0] > 200) & (image[..., 1] < 90))
            boxes.append([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]])
        count = len(images)
        return {
            "boxes": np.array(boxes, np.float32),
            "scores": np.full((count, 1), 0.9, np.float32),
            "labels": np.zeros((count, 1), np.int64),
        }


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("size", [(80, 60), (320, 240), (640, 640), (1000, 400)])
def test_boxes_are_in_the_pixels_of_the_file(tmp_path: Path, size: tuple[int, int], orientation: int) -> None:
    """Large JPEG files are decoded at a half, a quarter or an eighth; boxes and size are of the file all the same."""
    image = np.full((size[1], size[0], 3), 20, np.uint8)
    w, h = size[0] // 4, size[1] // 4
    image[h : 3 * h, w : 2 * w] = (250, 10, 10)
    path, exif = tmp_path / "p.jpg", Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(image).save(path, quality=95, exif=exif)
    expected = [w, h, 2 * w, 3 * h]
    seen = size
    if orientation == 6:  # turned clockwise to be seen: x becomes the rows counted from the bottom
        seen = size[::-1]
        expected = [size[1] - 3 * h, w, size[1] - h, 2 * w]
    for source in (path, str(path), path.read_bytes()):
        found = Predictor(OneBox()).predict(source)
        assert found.size == seen
        tolerance = 1.5 * max(seen) / 64
        np.testing.assert_allclose(found.boxes[0], expected, atol=tolerance)
