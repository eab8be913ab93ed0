import base64
import io

import numpy as np
from PIL import Image

from foveal.report.figures.density import Density, density_pixels
from foveal.report.figures.drawing import png, svg

COUNTS = np.array([[9.0, 0.0], [1.0, 0.0]])
"""Many points at small y, one at large y, all at small x."""


def drawn(read_svg, **options) -> np.ndarray:
    (image,) = read_svg(svg(Density("d", "x", "y", COUNTS, **options))).all("image")
    flipped = "scale(1 -1)" in image.attrib["transform"]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.attrib["href"].split(",")[1]))).convert("RGBA"))
    return (pixels[::-1] if flipped else pixels)[..., 3]


def test_more_points_are_darker_and_none_is_nothing():
    alpha = density_pixels(Density("d", "x", "y", COUNTS))[..., 3]
    assert alpha[0, 0] > alpha[1, 0] > 20 and (alpha[:, 1] == 0).all()


def test_y_runs_up_or_as_in_an_image(read_svg):
    up, down = drawn(read_svg), drawn(read_svg, down=True)
    assert up[-1, 0] > up[0, 0] > 0, "many points at the bottom"
    assert down[0, 0] > down[-1, 0] > 0, "many points at the top"


def test_the_axes_are_named_and_end_where_told(read_svg):
    assert read_svg(svg(Density("d", "w", "h", COUNTS, end=0.4))).texts() == [
        "0",
        "0.2",
        "0.4",
        "w",
        "0",
        "0.2",
        "0.4",
        "h",
    ]
    with Image.open(io.BytesIO(png(Density("d", "w", "h", COUNTS)))) as image:
        assert min(image.size) > 400
