"""A Lines panel drawn as curves: horizontal grid lines, tick labels, axis titles, bars of counts below."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from foveal.metrics.contract import Lines
from foveal.report.figures.canvas import FONT_PX, canvas, place, plain, short, size_px, width_px
from foveal.report.figures.palette import DASHES, LIGHT, MUTED, Look, looks
from foveal.report.figures.svg import DOT_RADIUS, tip
from foveal.report.wording import count
from foveal.types.arrays import FloatArray

SIZE, SMALL = (400, 270), (300, 220)
"""Width and height in pixels; curves over epochs are smaller, three in a row."""
BARS_PX, BARS_GAP_PX = 40, 8
"""Height of the bars below the curves, and the gap above them."""
RIGHT, TOP, BOTTOM = 16, 15, 44
MAX_MARKED = 20
"""Up to this many points per curve, each point of one curve or two is marked."""
MARK_PX = 10.5
"""Size of the names of marks."""
LONGEST_TITLE = 34
"""Characters that the title of an axis keeps."""

Points = tuple[FloatArray, FloatArray]


def draw_curves(panel: Lines, classes: Sequence[str] = ()) -> Any:
    """The panel's figure; curves of ``classes`` have the colours that these have everywhere."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    over_epochs = panel.x_title == "epoch"
    width, height = SMALL if over_epochs else SIZE
    axes = canvas(width, height + (BARS_PX + BARS_GAP_PX if panel.bars else 0))
    whole = over_epochs or panel.dots
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=whole, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=panel.dots))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.grid(axis="y")
    axes.spines[["top", "left", "right"]].set_visible(False)
    axes.spines["bottom"].set(color=MUTED, alpha=0.6)
    curves = [_finite(points) for points in panel.curves.values()]
    _scale(axes, panel, curves)
    if panel.diagonal:
        end = min(axes.get_xlim()[1], axes.get_ylim()[1])
        axes.plot([0, end], [0, end], color=MUTED, linewidth=1.2, linestyle=(0, (3, 3)), clip_on=False)
    marked = len(curves) <= 2 and all(len(x) <= MAX_MARKED for x, _ in curves)
    styles = looks(list(panel.curves), classes)
    for (name, look), points in zip(styles.items(), curves, strict=True):
        _draw_curve(axes, name, points, look, marked=marked, line=not panel.dots)
    _name_axes(axes, panel)
    _draw_marks(axes, panel)
    if panel.bars is not None:
        _draw_bars(axes, panel.bars, panel.bars_title)
    return axes.figure


def legend(panel: Lines, classes: Sequence[str] = ()) -> list[tuple[str, str, str]]:
    """Name, colour and kind of line of each curve; a single one needs no legend."""
    styles = looks(list(panel.curves), classes)
    return [(name, *look) for name, look in styles.items()] if len(panel.curves) > 1 else []


def _finite(points: Points) -> Points:
    x, y = (np.asarray(values, np.float64) for values in points)
    known = np.isfinite(x) & np.isfinite(y)
    return x[known], y[known]


def _draw_curve(axes: Any, name: str, points: Points, look: Look, *, marked: bool, line: bool) -> None:
    color, dashes = look
    paint = {"color": LIGHT[color], "clip_on": False}
    if line:
        width = 2.8 if color == "ink" else 2
        axes.plot(*points, linewidth=width, linestyle=DASHES[dashes], gid=tip(name), **paint)
    for x, y in zip(*points, strict=True) if marked or not line or len(points[0]) == 1 else ():
        dot = {"marker": "o", "markersize": 2 * DOT_RADIUS, "markeredgewidth": 0}
        axes.plot([x], [y], linestyle="", gid=tip(f"{name}: {x:.4g}, {y:.4g}"), **dot, **paint)


def _scale(axes: Any, panel: Lines, curves: Sequence[Points]) -> None:
    """Shares from 0 to 1; else x from the first point to the last, and y between round numbers."""
    x = np.concatenate([*(x for x, _ in curves), np.empty(0)])
    y = np.concatenate([*(y for _, y in curves), np.empty(0)])
    if panel.dots and len(x):
        top = max(1.0, float(x.max()), float(y.max()))
        axes.set(xlim=(0, top), ylim=axes.yaxis.get_major_locator().view_limits(0, top))
        return
    if panel.diagonal or not len(x):
        axes.set(xlim=(0, 1), ylim=(0, 1))
        return
    start, end = float(x.min()), float(x.max())
    if panel.bars is not None:
        start, end = float(panel.bars[0][0]), float(panel.bars[0][-1])
    start, end = (0.0, 1.0) if "x" in panel.shares else (start, end)
    axes.set_xlim((start, end) if start < end else (start - 0.5, end + 0.5))
    low, high = float(y.min()), float(y.max())
    if "y" in panel.shares or (low >= 0 and high <= 1 and (high - low > 0.5 or low == high in (0, 1))):
        low, high = 0.0, 1.0
    elif 0 < low < 0.35 * high:
        low = 0.0
    if low == high:
        pad = abs(low) * 0.1 or 0.5
        low, high = low - pad, high + pad
    axes.set_ylim(axes.yaxis.get_major_locator().view_limits(low, high))


def _name_axes(axes: Any, panel: Lines) -> None:
    """Axis titles, and margins for the tick labels; with bars their axis takes the numbers below."""
    width, height = size_px(axes.figure)
    numbers = [axes.yaxis.get_major_formatter()(y) for y in axes.get_yticks()]
    if panel.bars is not None:
        numbers.append(count(float(panel.bars[1].max(initial=0))))
    left = 12 + max(width_px(number, FONT_PX) for number in numbers) + (20 if panel.y_title else 0)
    bottom = BOTTOM + (BARS_PX + BARS_GAP_PX if panel.bars is not None else 0)
    place(axes, left=left, right=RIGHT, top=TOP, bottom=bottom)
    x_title, y_title = (plain(short(title, longest=LONGEST_TITLE)) for title in (panel.x_title, panel.y_title))
    axes.set_xlabel(x_title, va="baseline")
    axes.set_ylabel(y_title, va="baseline")
    axes.xaxis.set_label_coords(0.5, -(bottom - 6) / (height - TOP - bottom))
    axes.yaxis.set_label_coords(-(left - 14) / (width - left - RIGHT), 0.5)


def _draw_marks(axes: Any, panel: Lines) -> None:
    """A vertical line for each, its name above the plot, where no curve crosses it."""
    (start, end), (low, high) = axes.get_xlim(), axes.get_ylim()
    for name, x in panel.marks.items():
        if not start <= x <= end:
            continue
        axes.plot([x, x], [low, high], color=MUTED, linewidth=1.2, linestyle=(0, (2, 2)), gid=tip(f"{name}: {x:g}"))
        share = (x - start) / (end - start)
        side = "left" if share < 0.25 else "right" if share > 0.75 else "center"
        look = {"fontsize": MARK_PX, "color": MUTED, "ha": side, "va": "bottom"}
        axes.annotate(plain(name), (x, high), xytext=(0, 2), textcoords="offset points", **look)


def _draw_bars(axes: Any, bars: Points, title: str) -> None:
    """Counts below the curves, over the same range; the numbers of the horizontal axis move below them."""
    from matplotlib.patches import Rectangle

    edges, counts = bars
    _, height = size_px(axes.figure)
    box = axes.get_position()
    below = axes.figure.add_axes((box.x0, BOTTOM / height, box.width, BARS_PX / height))
    most = max(1.0, float(counts.max(initial=0)))
    below.set(xlim=axes.get_xlim(), ylim=(0, most))
    below.tick_params(length=0)
    below.spines[["top", "left", "right"]].set_visible(False)
    below.spines["bottom"].set(color=MUTED, alpha=0.6)
    below.set_yticks([most], [count(most)], va="top")
    third = max(1, len(counts) // 3)
    right = counts[:third].max(initial=0) > counts[-third:].max(initial=0)  # where the bars are lower
    look = {"fontsize": MARK_PX, "color": MUTED, "ha": "right" if right else "left", "va": "top"}
    place_px = {"xytext": (-3 if right else 3, 0), "textcoords": "offset points"}
    below.annotate(plain(title), (float(right), 1), xycoords="axes fraction", **place_px, **look)
    below.xaxis.set_major_locator(axes.xaxis.get_major_locator())
    below.set_xticks(axes.get_xticks(), [axes.xaxis.get_major_formatter()(x) for x in axes.get_xticks()])
    below.set_xlim(axes.get_xlim())
    below.set_xlabel(axes.get_xlabel(), va="baseline")
    below.xaxis.set_label_coords(0.5, -(BOTTOM - 6) / BARS_PX)
    axes.set_xlabel("")
    axes.set_xticklabels([])
    for start, end, number in zip(edges[:-1], edges[1:], counts, strict=True):
        if number:
            gap = 0.08 * (end - start)
            words = f"{start:.3g} to {end:.3g}: {count(float(number))} {title}"
            paint: dict[str, Any] = {"color": LIGHT["bar"], "linewidth": 0, "gid": tip(words)}
            below.add_artist(Rectangle((start + gap, 0), end - start - 2 * gap, number, **paint))
