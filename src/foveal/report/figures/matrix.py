"""A Matrix panel drawn as cells with numbers for few classes, as a heat map for many.

A cell's opacity follows its share of the row; the diagonal has the accent colour, everything else the warning colour.
For a phone it is drawn again, in few pixels: columns have numbers that stand before the names of the rows.

Shapes: K rows, L columns.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.contract import Matrix
from foveal.metrics.counts import ratio
from foveal.report.figures.canvas import canvas, place, plain, short, width_px, write
from foveal.report.figures.palette import INK, LINE, MUTED, RIGHT, WRONG
from foveal.report.figures.svg import tip
from foveal.report.wording import count
from foveal.types.arrays import Array, FloatArray

MAX_NUMBERED = 30
"""Up to this many classes, cells show their numbers."""
MAX_LABELS = 44
"""Maximum number of labels along a side of a heat map."""
MAX_LABEL, MAX_NARROW_LABEL = 20, 13
"""Characters a label keeps."""
CELLS_PX, HEAT_PX, NARROW_PX = 560, 620, 334
"""Side of a matrix of cells, unless they would be too small or too large; of a heat map; width of a figure on a
phone: 420 px less the page's and the card's margins."""
MIN_CELL_PX, MAX_CELL_PX = 28, 76
LEAST_NUMBER_PX = 6.0
"""Numbers that would be smaller than this are left to the tooltips."""
NUMBERED, HEAT = 0.5, 0.9
"""Opacity of the strongest cell: under a number, which stays legible in light and dark; and of a heat map."""
SLANT = 42
"""Rotation of the column labels in degrees, where they do not fit horizontally."""
GAP_PX = 0.75


@dataclass(frozen=True)
class Layout:
    """What is written beside the rows and above the columns, and in which size.

    Attributes:
        rows: Labels of the rows, every ``step``-th.
        columns: Labels of the columns, every ``step``-th.
        step: Rows per label.
        cell: Side of a cell in pixels.
        size: Size of the labels.
        slant: Whether the columns' labels are rotated.
    """

    rows: list[str]
    columns: list[str]
    step: int
    cell: float
    size: float
    slant: bool

    @property
    def longest(self) -> float:
        """Width of the widest row label."""
        return max(width_px(label, self.size) for label in self.rows)

    @property
    def highest(self) -> float:
        """Width of the widest column label."""
        return max(width_px(label, self.size) for label in self.columns)


def draw_matrix(panel: Matrix, *, narrow: bool = False) -> Any:
    """The panel's figure; ``narrow`` for a phone."""
    values = np.asarray(panel.values)
    num_rows, num_columns = values.shape
    numbered = max(num_rows, num_columns) <= MAX_NUMBERED
    lay = _narrow(panel) if narrow else _wide(panel, numbered=numbered)
    wide, high = lay.cell * num_columns, lay.cell * num_rows
    left, top = 34 + lay.longest, 50.0
    right = 10.0
    if lay.slant:
        top = 34 + lay.highest * 0.7 + lay.size
        right = max(10.0, lay.highest * 0.75 + lay.size - lay.cell / 2)
    axes = canvas(left + wide + right, top + high + 8)
    place(axes, left=left, top=top, right=right, bottom=8)
    axes.set(xlim=(-0.5, num_columns - 0.5), ylim=(num_rows - 0.5, -0.5))
    axes.spines[:].set_color(LINE)
    _draw_labels(axes, panel, lay)
    small = {"fontsize": 10} if narrow else {}
    write(axes.figure, panel.column_title, left + wide / 2, 14, ha="center", color=MUTED, **small)
    write(axes.figure, panel.row_title, 14, top + high / 2, ha="center", rotation=90, color=MUTED, **small)
    if numbered:
        _draw_cells(axes, panel, lay.cell)
    else:
        axes.imshow(heat_pixels(panel), interpolation="none", aspect="auto", extent=axes.get_xlim() + axes.get_ylim())
    return axes.figure


def columns_of(panel: Matrix) -> list[str]:
    """Labels of the columns."""
    return list(panel.columns or panel.labels)


def right_cells(panel: Matrix) -> NDArray[np.bool_]:
    """(K, L) where a row's label is the column's: correct predictions."""
    rows, columns = (np.array(labels, object) for labels in (list(panel.labels), columns_of(panel)))
    same: NDArray[np.bool_] = np.asarray(rows[:, None] == columns[None], bool)
    return same


def shares(panel: Matrix) -> FloatArray:
    """(K, L) each value as a share of its row, in [0, 1]; 0 where a row is empty or a value not finite."""
    values = np.asarray(panel.values, np.float64)
    values = np.where(np.isfinite(values), np.maximum(values, 0.0), 0.0)
    return ratio(values, np.broadcast_to(values.sum(1, keepdims=True), values.shape))


def in_percent(panel: Matrix) -> Matrix:
    """The same with each count in percent of its row."""
    percent = 100 * shares(panel)
    whole = np.round(percent)
    values = np.where((whole == 0) & (percent > 0), percent, whole)
    return replace(panel, values=values, row_title=f"{panel.row_title}, % of its {panel.of}", of="")


def strength(share: FloatArray, right: NDArray[np.bool_], *, most: float) -> FloatArray:
    """(K, L) opacity of each cell, up to ``most``: a single error is visible beside a strong diagonal."""
    opacity: FloatArray = np.where(right, 0.1 + (most - 0.1) * share, 0.12 + (most - 0.12) * np.sqrt(share))
    return np.where(share > 0, opacity, 0.0)


def heat_pixels(panel: Matrix) -> Array:
    """(K, L, 4) uint8 RGBA, one pixel per cell; colours that show on white and on black."""
    share, right = shares(panel), right_cells(panel)
    pixels = np.zeros((*share.shape, 4), np.uint8)
    pixels[..., :3] = (217, 98, 43)
    pixels[right, :3] = (59, 111, 224)
    pixels[..., 3] = (strength(share, right, most=HEAT) * 255).round()
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def _wide(panel: Matrix, *, numbered: bool) -> Layout:
    """Names beside the rows and above the columns, horizontal where they fit."""
    most = max(len(panel.labels), len(columns_of(panel)))
    side = min(max(CELLS_PX, most * MIN_CELL_PX), most * MAX_CELL_PX) if numbered else HEAT_PX
    step = 1 if numbered else -(-most // MAX_LABELS)
    rows, columns = ([short(t, longest=MAX_LABEL) for t in labels] for labels in (panel.labels, columns_of(panel)))
    lay = Layout(rows[::step], columns[::step], step, side / most, 11 if most > 12 else 13, slant=False)
    return lay if lay.highest < lay.cell else Layout(**{**vars(lay), "slant": True})


def _narrow(panel: Matrix) -> Layout:
    """As wide as a phone: names above the columns where they fit, else numbers that stand before the rows' names."""
    rows, columns = ([short(t, longest=MAX_NARROW_LABEL) for t in ts] for ts in (panel.labels, columns_of(panel)))
    named = Layout(rows, columns, 1, 0.0, 10, slant=False)
    cell = (NARROW_PX - 44 - named.longest) / len(columns)
    if named.highest + 2 < cell:
        return Layout(rows, columns, 1, min(cell, MAX_CELL_PX), 10, slant=False)
    places = {name: str(k + 1) for k, name in enumerate(columns_of(panel))}
    numbers = list(places.values())
    rows = [f"{name} {places.get(label, '')}".strip() for name, label in zip(rows, panel.labels, strict=True)]
    size = 10.0 if len(columns) <= 12 else 8.5
    lay = Layout(rows, numbers, 1, 0.0, size, slant=False)
    return Layout(**{**vars(lay), "cell": min((NARROW_PX - 44 - lay.longest) / len(columns), MAX_CELL_PX)})


def _draw_labels(axes: Any, panel: Matrix, lay: Layout) -> None:
    """Every step-th label beside its row and above its column."""
    level = {"rotation": SLANT, "rotation_mode": "anchor", "ha": "left"} if lay.slant else {"ha": "center"}
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=6, top=False)
    for axis, shown, full in ((axes.xaxis, lay.columns, columns_of(panel)), (axes.yaxis, lay.rows, panel.labels)):
        places = range(0, len(full), lay.step)
        room = (lay.cell - 2) / (lay.highest / lay.size)
        size = lay.size if lay.slant or axis is axes.yaxis else min(lay.size, room)
        options = {"color": INK, "fontsize": size, **({"va": "baseline", **level} if axis is axes.xaxis else {})}
        axis.set_ticks(places, [plain(label) for label in shown], **options)
        for text, i in zip(axis.get_ticklabels(), places, strict=True):
            text.set_gid(tip(full[i]))


def _draw_cells(axes: Any, panel: Matrix, cell: float) -> None:
    """A square for each cell that is not empty, and its number where there is room for it."""
    from matplotlib.patches import Rectangle

    right, columns = right_cells(panel), columns_of(panel)
    opacity, gap = strength(shares(panel), right, most=NUMBERED), GAP_PX / cell
    shown = [(i, j, float(panel.values[i, j])) for i, j in np.argwhere(opacity > 0).tolist()]
    for i, j, value in shown:
        size = min(15.0, cell * 0.42, cell * 0.92 / width_px(count(value), 1.0))
        words = f"{panel.row_title} {panel.labels[i]}, {panel.column_title} {columns[j]}: {count(value)}"
        inside: dict[str, Any] = {"gid": tip(words), "zorder": 3, "in_layout": False}
        look: dict[str, Any] = {"color": RIGHT if right[i, j] else WRONG, "alpha": opacity[i, j], "linewidth": 0}
        axes.add_artist(Rectangle((j - 0.5 + gap, i - 0.5 + gap), 1 - 2 * gap, 1 - 2 * gap, **look, **inside))
        if size >= LEAST_NUMBER_PX:
            axes.text(j, i, count(value), ha="center", va="center_baseline", fontsize=size, **inside)
