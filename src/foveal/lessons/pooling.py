"""Max pooling of 2 x 2 windows, and where the gradient goes."""

from typing import Any

import numpy as np

from foveal.lessons.contract import Lesson
from foveal.lessons.grid import as_text, draw, mark, sheet, write
from foveal.scratch import MaxPool2d
from foveal.scratch.layer import Array

TINTS = ("#d0320e", "#008d64", "#2456c9", "#9c59ff")


def pooling() -> Lesson:
    """An image of 4 x 4, the largest of each window, and a gradient sent back."""
    image = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], np.float64)
    layer = MaxPool2d(2)
    out = layer.forward(image[None, None])[0, 0]
    grad = np.array([[0.1, 0.2], [0.3, 0.4]])
    back = layer.backward(grad[None, None])[0, 0]
    text = "\n".join(
        [
            "Forward: the largest of each window of 2 x 2, (4 - 2) / 2 + 1 = 2 windows down and across",
            as_text(image, out, between=("->",)),
            "",
            "Backward: each gradient goes to the pixel that was the largest, the others get 0",
            as_text(grad, back, between=("->",), decimals=1),
        ]
    )
    return Lesson("Max pooling, 2 x 2 with stride 2", text, lambda: _figure([image, out, grad, back]))


def _figure(matrices: list[Array]) -> Any:
    axes = sheet(24, 6.2, cell=0.42)
    titles = ("image", "largest of each window", "gradient of the output", "gradient of the image")
    for x, matrix, title in zip((0.8, 7.2, 13.8, 19.2), matrices, titles, strict=True):
        y = 1.6 if len(matrix) == 4 else 2.6
        draw(axes, matrix, x, y, title=title)
        side = len(matrix) // 2
        for at, tint in enumerate(TINTS):
            row, column = (side * n for n in divmod(at, 2))
            mark(axes, x + column, y + row, side, tint)
    for x in (6, 17.5):
        write(axes, "\N{RIGHTWARDS ARROW}", x, 3.6, size=14)
    return axes.figure
