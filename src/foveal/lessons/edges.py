"""Sobel's filters on a photo: a convolution whose weights were chosen, not learnt."""

from typing import Any

import numpy as np

from foveal.errors import ConfigError
from foveal.lessons.contract import Lesson
from foveal.lessons.grid import as_text
from foveal.scratch import Conv2d
from foveal.types.arrays import RGB

ACROSS = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
"""Large where the image grows lighter from left to right (Sobel and Feldman 1968)."""
GRAY = (0.299, 0.587, 0.114)
"""Brightness of red, green and blue (ITU-R BT.601)."""


def edges(photo: RGB, name: str) -> Lesson:
    """The photo, its edges across and down, and their strength.

    Args:
        photo: (H, W, 3) uint8, 2 x 2 pixels or more.
        name: For the title.

    Raises:
        ConfigError: It is smaller.
    """
    if min(photo.shape[:2]) < 2:
        what = f"{name}: {photo.shape[1]} x {photo.shape[0]} pixels; an edge needs 2 x 2 or more."
        raise ConfigError(what, "Name a larger image.")
    gray = (photo.astype(np.float32) @ np.array(GRAY, np.float32)) / 255
    layer = Conv2d(1, 2, 3, padding=1, padding_mode="reflect")
    layer.weight.value = np.stack([ACROSS, ACROSS.T])[:, None]
    layer.bias.value = np.zeros(2, np.float32)
    across, down = layer.forward(gray[None, None])[0]
    strength = np.hypot(across, down)
    text = "\n".join(
        [
            as_text(ACROSS, ACROSS.T, between=("  left to right, and top to bottom:",)),
            "",
            f"{name}: {photo.shape[1]} x {photo.shape[0]} pixels, reflect padding 1, so the output is as large",
            f"strength sqrt(x^2 + y^2): mean {strength.mean():.3f}, largest {strength.max():.3f}",
        ]
    )
    panels = [("photo", photo), ("left to right", across), ("top to bottom", down), ("strength", strength)]
    return Lesson(f"Sobel's edges of {name}", text, lambda: _figure(panels))


def _figure(panels: list[tuple[str, Any]]) -> Any:
    from matplotlib.figure import Figure

    height, width = panels[0][1].shape[:2]
    figure = Figure(figsize=(14, min(14, max(1.2, 14 / 4.1 * height / width)) + 0.4), facecolor="white")
    limit, strongest = (float(np.percentile(panel, 99)) or 1.0 for panel in (np.abs(panels[1][1]), panels[3][1]))
    for at, (title, panel) in enumerate(panels):
        axes = figure.add_axes((0.005 + at * 0.25, 0.02, 0.24, 1 - 0.4 / figure.get_figheight()))
        if at == 0:
            axes.imshow(panel)
        elif at < 3:
            axes.imshow(panel, cmap="gray", vmin=-limit, vmax=limit)
        else:
            axes.imshow(panel, cmap="gray_r", vmin=0, vmax=strongest)
        axes.set_title(title, fontsize=10, color="#5f6978")
        axes.axis("off")
    return figure
