"""A Matrix panel drawn as cells with numbers for few classes, as a heat map for many.

A cell's opacity follows its share of the row; the diagonal has the accent colour, everything else the warning colour.

Shapes: K classes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from foveal.metrics.contract import Matrix
from foveal.metrics.counts import ratio
from foveal.report.canvas import canvas, place, plain, short, width_px, write
from foveal.report.palette import INK, LINE, MUTED, RIGHT, WRONG
from foveal.report.svg import tip
from foveal.report.wording import count
from foveal.types.arrays import Array, FloatArray

MAX_NUMBERED = 30
"""Up to this many classes, cells show their numbers."""
MAX_LABELS = 44
"""Maximum number of labels along a side of a heat map."""
MAX_LABEL = 20
"""Characters a label keeps."""
CELLS_PX, HEAT_PX = 560, 620
"""Side of a matrix of cells, unless they would be too small or too large, and of a heat map."""
MIN_CELL_PX, MAX_CELL_PX = 28, 76
NUMBERED, HEAT = 0.5, 0.9
"""Opacity of the strongest cell: under a number, which stays legible in light and dark; and of a heat map."""
SLANT = 42
"""Rotation of the column labels in degrees, where they do not fit horizontally."""
GAP_PX = 0.75


def draw_matrix(panel: Matrix) -> Any:
    """The panel's figure."""
    num_classes = len(panel.labels)
    numbered = num_classes <= MAX_NUMBERED
    side = min(max(CELLS_PX, num_classes * MIN_CELL_PX), num_classes * MAX_CELL_PX) if numbered else HEAT_PX
    cell, step = side / num_classes, 1 if numbered else -(-num_classes // MAX_LABELS)
    size = 11 if num_classes > 12 else 13
    longest = max(width_px(short(label, longest=MAX_LABEL), size) for label in panel.labels[::step])
    flat = longest < cell
    left, top = 34 + longest, 50 if flat else 34 + longest * 0.7 + size
    right = 10 if flat else max(10, longest * 0.75 + size - cell / 2)
    axes = canvas(left + side + right, top + side + 8)
    place(axes, left=left, top=top, right=right, bottom=8)
    axes.set(xlim=(-0.5, num_classes - 0.5), ylim=(num_classes - 0.5, -0.5))
    axes.spines[:].set_color(LINE)
    _draw_labels(axes, panel.labels, step=step, size=size, flat=flat)
    write(axes.figure, panel.column_title, left + side / 2, 14, ha="center", color=MUTED)
    write(axes.figure, panel.row_title, 14, top + side / 2, ha="center", rotation=90, color=MUTED)
    if numbered:
        _draw_cells(axes, panel, cell)
    else:
        axes.imshow(heat_pixels(panel), interpolation="none", aspect="auto", extent=axes.get_xlim() + axes.get_ylim())
    return axes.figure


def shares(panel: Matrix) -> FloatArray:
    """(K, K) each value as a share of its row, in [0, 1]; 0 where a row is empty or a value not finite."""
    values = np.asarray(panel.values, np.float64)
    values = np.where(np.isfinite(values), np.maximum(values, 0.0), 0.0)
    return ratio(values, np.broadcast_to(values.sum(1, keepdims=True), values.shape))


def strength(share: FloatArray, *, most: float) -> FloatArray:
    """(K, K) opacity of each cell, up to ``most``: a single error is visible beside a strong diagonal."""
    diagonal = np.eye(len(share), dtype=bool)
    opacity: FloatArray = np.where(diagonal, 0.1 + (most - 0.1) * share, 0.12 + (most - 0.12) * np.sqrt(share))
    return np.where(share > 0, opacity, 0.0)


def heat_pixels(panel: Matrix) -> Array:
    """(K, K, 4) uint8 RGBA, one pixel per cell; colours that show on white and on black."""
    share = shares(panel)
    pixels = np.zeros((*share.shape, 4), np.uint8)
    pixels[..., :3] = (217, 98, 43)
    pixels[np.eye(len(share), dtype=bool), :3] = (59, 111, 224)
    pixels[..., 3] = (strength(share, most=HEAT) * 255).round()
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def _draw_labels(axes: Any, labels: Sequence[str], *, step: int, size: int, flat: bool) -> None:
    """Every step-th label beside its row and above its column, horizontal where ``flat``, else rotated."""
    places = range(0, len(labels), step)
    names = [plain(short(labels[i], longest=MAX_LABEL)) for i in places]
    level = {"ha": "center"} if flat else {"rotation": SLANT, "rotation_mode": "anchor", "ha": "left"}
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=6, top=False)
    axes.set_xticks(places, names, va="baseline", color=INK, fontsize=size, **level)
    axes.set_yticks(places, names, color=INK, fontsize=size)
    for axis in (axes.xaxis, axes.yaxis):
        for text, i in zip(axis.get_ticklabels(), places, strict=True):
            text.set_gid(tip(labels[i]))


def _draw_cells(axes: Any, panel: Matrix, cell: float) -> None:
    """A square and its number for each cell that is not empty."""
    from matplotlib.patches import Rectangle

    opacity, gap = strength(shares(panel), most=NUMBERED), GAP_PX / cell
    shown = [(i, j, float(panel.values[i, j])) for i, j in np.argwhere(opacity > 0).tolist()]
    for i, j, value in shown:
        size = min(15.0, cell * 0.42, cell * 0.92 / width_px(count(value), 1.0))
        words = f"{panel.row_title} {panel.labels[i]}, {panel.column_title} {panel.labels[j]}: {count(value)}"
        inside: dict[str, Any] = {"gid": tip(words), "zorder": 3, "in_layout": False}
        look: dict[str, Any] = {"color": RIGHT if i == j else WRONG, "alpha": opacity[i, j], "linewidth": 0}
        axes.add_artist(Rectangle((j - 0.5 + gap, i - 0.5 + gap), 1 - 2 * gap, 1 - 2 * gap, **look, **inside))
        axes.text(j, i, count(value), ha="center", va="center_baseline", fontsize=size, **inside)
