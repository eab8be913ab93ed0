"""Max pooling of 2 x 2 windows, and where the gradient goes."""

from typing import Any

import numpy as np

from foveal.lessons.contract import Lesson
from foveal.lessons.grid import as_text, draw
from foveal.scratch import MaxPool2d

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
    return Lesson("Max pooling, 2 x 2 with stride 2", text, _figure([image, out, grad, back]))


def _figure(matrices: list[Any]) -> Any:
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(10.5, 3.1), facecolor="white")
    grid = figure.add_gridspec(
        1, 5, width_ratios=[4, 2, 1.2, 2, 4], wspace=0.5, left=0.03, right=0.97, bottom=0.05, top=0.84
    )
    titles = ("image", "largest of each window", "gradient of the output", "gradient of the image")
    for place, matrix, title in zip((0, 1, 3, 4), matrices, titles, strict=True):
        axes = figure.add_subplot(grid[0, place])
        draw(axes, matrix, title=title)
        side = len(matrix) // 2
        for at, tint in enumerate(TINTS):
            row, column = (side * n for n in divmod(at, 2))
            axes.add_patch(Rectangle((column, row), side, side, facecolor=tint, alpha=0.16, edgecolor=tint))
    return figure
