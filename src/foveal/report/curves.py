"""A Lines panel drawn as curves: horizontal grid lines, tick labels, axis titles."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from foveal.metrics.contract import Lines
from foveal.report.canvas import FONT_PX, canvas, place, plain, size_px, width_px
from foveal.report.palette import DASHES, LIGHT, MUTED, curve_style
from foveal.report.svg import DOT_RADIUS, tip
from foveal.types.arrays import FloatArray

SIZE, SMALL = (400, 270), (300, 220)
"""Width and height in pixels; curves over epochs are smaller, three in a row."""
RIGHT, TOP, BOTTOM = 14, 10, 44
MAX_MARKED = 20
"""Up to this many points per curve, each point is marked."""

Points = tuple[FloatArray, FloatArray]


def draw_curves(panel: Lines) -> Any:
    """The panel's figure."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    over_epochs = panel.x_title == "epoch"
    axes = canvas(*(SMALL if over_epochs else SIZE))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=over_epochs, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.grid(axis="y")
    axes.spines[["top", "left", "right"]].set_visible(False)
    axes.spines["bottom"].set(color=MUTED, alpha=0.6)
    curves = [_finite(points) for points in panel.curves.values()]
    _scale(axes, curves, diagonal=panel.diagonal)
    if panel.diagonal:
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.2, linestyle=(0, (3, 3)), clip_on=False)
    marked = all(len(x) <= MAX_MARKED for x, _ in curves)
    for index, (name, points) in enumerate(zip(panel.curves, curves, strict=True)):
        _draw_curve(axes, name, points, index, marked=marked)
    _name_axes(axes, panel)
    return axes.figure


def legend(panel: Lines) -> list[tuple[str, str, str]]:
    """Name, colour and kind of line of each curve; a single one needs no legend."""
    return [(name, *curve_style(i)) for i, name in enumerate(panel.curves)] if len(panel.curves) > 1 else []


def _finite(points: Points) -> Points:
    x, y = (np.asarray(values, np.float64) for values in points)
    known = np.isfinite(x) & np.isfinite(y)
    return x[known], y[known]


def _draw_curve(axes: Any, name: str, points: Points, index: int, *, marked: bool) -> None:
    color, dashes = curve_style(index)
    paint = {"color": LIGHT[color], "clip_on": False}
    axes.plot(*points, linewidth=2, linestyle=DASHES[dashes], gid=tip(name), **paint)
    for x, y in zip(*points, strict=True) if marked or len(points[0]) == 1 else ():
        dot = {"marker": "o", "markersize": 2 * DOT_RADIUS, "markeredgewidth": 0}
        axes.plot([x], [y], linestyle="", gid=tip(f"{name}: {x:.4g}, {y:.4g}"), **dot, **paint)


def _scale(axes: Any, curves: Sequence[Points], *, diagonal: bool) -> None:
    """X from the first point to the last; y between round numbers; both [0, 1] with the ideal y = x."""
    x = np.concatenate([*(x for x, _ in curves), np.empty(0)])
    y = np.concatenate([*(y for _, y in curves), np.empty(0)])
    if diagonal or not len(x):
        axes.set(xlim=(0, 1), ylim=(0, 1))
        return
    start, end = float(x.min()), float(x.max())
    axes.set_xlim((start, end) if start < end else (start - 0.5, end + 0.5))
    low, high = float(y.min()), float(y.max())
    if low >= 0 and high <= 1 and (high - low > 0.5 or low == high in (0, 1)):
        low, high = 0.0, 1.0
    elif 0 < low < 0.35 * high:
        low = 0.0
    if low == high:
        pad = abs(low) * 0.1 or 0.5
        low, high = low - pad, high + pad
    axes.set_ylim(axes.yaxis.get_major_locator().view_limits(low, high))


def _name_axes(axes: Any, panel: Lines) -> None:
    """Axis titles, and margins for the tick labels."""
    width, height = size_px(axes.figure)
    numbers = [axes.yaxis.get_major_formatter()(y) for y in axes.get_yticks()]
    left = 12 + max(width_px(number, FONT_PX) for number in numbers) + (20 if panel.y_title else 0)
    place(axes, left=left, right=RIGHT, top=TOP, bottom=BOTTOM)
    axes.set_xlabel(plain(panel.x_title), va="baseline")
    axes.set_ylabel(plain(panel.y_title), va="baseline")
    axes.xaxis.set_label_coords(0.5, -(BOTTOM - 6) / (height - TOP - BOTTOM))
    axes.yaxis.set_label_coords(-(left - 14) / (width - left - RIGHT), 0.5)
