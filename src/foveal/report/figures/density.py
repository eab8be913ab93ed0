"""Where many points lie: a square of cells, each as dark as it has points.

Shapes: B cells along a side.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from foveal.report.figures.canvas import canvas, place, plain
from foveal.report.figures.palette import LINE, MUTED
from foveal.types.arrays import Array, FloatArray

SIDE_PX = 216
"""Side of the square."""
LEFT, TOP, RIGHT, BOTTOM = 46, 12, 16, 44
FAINT, STRONG = 0.12, 0.95
"""Opacity of a cell with one point, and of the fullest."""
COLOR = (59, 111, 224)
"""Shows on white and on black."""


@dataclass(frozen=True)
class Density:
    """A figure of points with two numbers, each a share.

    Attributes:
        title: What is shown.
        x_title: Name of the horizontal axis.
        y_title: Name of the vertical axis.
        counts: (B, B) points in each cell: rows over the vertical axis, columns over the horizontal one.
        end: What both axes run to, from 0.
        down: Whether the vertical axis runs down from 0, as in an image.
        note: A sentence below the figure.
    """

    title: str
    x_title: str
    y_title: str
    counts: FloatArray
    end: float = 1.0
    down: bool = False
    note: str = ""


def draw_density(panel: Density) -> Any:
    """The figure."""
    axes = canvas(LEFT + SIDE_PX + RIGHT, TOP + SIDE_PX + BOTTOM)
    place(axes, left=LEFT, top=TOP, right=RIGHT, bottom=BOTTOM)
    axes.set(xlim=(0, panel.end), ylim=(panel.end, 0) if panel.down else (0, panel.end))
    axes.spines[:].set_color(LINE)
    pixels = density_pixels(panel) if panel.down else density_pixels(panel)[::-1]  # the first row is drawn on top
    axes.imshow(pixels, interpolation="none", aspect="auto", extent=(0, panel.end, *axes.get_ylim()))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks := [0.0, panel.end / 2, panel.end], [f"{tick:g}" for tick in ticks])
    axes.set_xlabel(plain(panel.x_title), va="baseline", color=MUTED)
    axes.set_ylabel(plain(panel.y_title), va="baseline", color=MUTED)
    axes.xaxis.set_label_coords(0.5, -(BOTTOM - 6) / SIDE_PX)
    axes.yaxis.set_label_coords(-(LEFT - 14) / SIDE_PX, 0.5)
    return axes.figure


def density_pixels(panel: Density) -> Array:
    """(B, B, 4) uint8 RGBA: opacity by the root of the count, so that single points are seen."""
    counts = np.asarray(panel.counts, np.float64)
    share = np.sqrt(counts / max(1.0, float(counts.max(initial=0))))
    pixels = np.zeros((*counts.shape, 4), np.uint8)
    pixels[..., :3] = COLOR
    pixels[..., 3] = np.where(counts > 0, 255 * (FAINT + (STRONG - FAINT) * share), 0).round()
    pixels[counts == 0] = 0
    return pixels
