"""Matrices as text and as cells of a figure."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from foveal.scratch.layer import Array

INK, MUTED, LINE, BLUE = "#15181e", "#5f6978", "#c3cad6", "#2456c9"


def as_text(*matrices: Array, between: Sequence[str] = (), decimals: int = 0) -> str:
    """Matrices side by side, with a word in the middle row between two of them."""
    cells = [[[f"{value:.{decimals}f}" for value in row] for row in matrix] for matrix in matrices]
    blocks = [_block(matrix) for matrix in cells]
    height = max(map(len, blocks))
    lines = [""] * height
    for at, block in enumerate(blocks):
        first = (height - len(block)) // 2
        width = max(map(len, block))
        word = f" {between[at]} " if at < len(between) else ""
        for row in range(height):
            inside = block[row - first] if first <= row < first + len(block) else ""
            lines[row] += inside.ljust(width) + (word if row == height // 2 else " " * len(word))
    return "\n".join(line.rstrip() for line in lines)


def _block(cells: Sequence[Sequence[str]]) -> list[str]:
    width = max(len(cell) for row in cells for cell in row)
    return ["[" + " ".join(cell.rjust(width) for cell in row) + "]" for row in cells]


def sheet(width: float, height: float, *, cell: float = 0.28) -> Any:
    """Axes that fill a figure, in cells from its upper left corner.

    Args:
        width: In cells.
        height: In cells.
        cell: Side of a cell in inches.
    """
    from matplotlib.figure import Figure

    axes = Figure(figsize=(width * cell, height * cell), facecolor="white").add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return axes


def draw(
    axes: Any,
    matrix: Array,
    x: float,
    y: float,
    *,
    title: str = "",
    window: tuple[int, int, int] | None = None,
    border: int = 0,
    shown: int | None = None,
    tint: str = BLUE,
    ink: str = INK,
) -> None:
    """One matrix as a grid of numbers.

    Args:
        axes: A ``sheet``.
        matrix: Its numbers, (H, W).
        x: Left side, in cells.
        y: Upper side, in cells.
        title: Above it.
        window: Row, column and side of the cells to mark.
        border: Outer cells that were added, drawn pale.
        shown: Number of cells that have their number, row by row, and the last of them is marked; None: all, no mark.
        tint: Colour of the mark.
        ink: Colour of numbers.
    """
    from matplotlib.patches import Rectangle

    height, width = matrix.shape
    last = height * width if shown is None else shown
    for row in range(height):
        for column in range(width):
            added = border and not (border <= row < height - border and border <= column < width - border)
            new = shown is not None and row * width + column == last - 1
            face = "#eef1f5" if added else "#d9e4fb" if new else "white"
            axes.add_patch(Rectangle((x + column, y + row), 1, 1, facecolor=face, edgecolor=LINE, linewidth=0.7))
            if row * width + column < last:
                color = "#98a1af" if added else ink
                place = (x + column + 0.5, y + row + 0.54)
                axes.text(*place, f"{matrix[row, column]:g}", ha="center", va="center", color=color, fontsize=9)
    if window is not None:
        mark(axes, x + window[1], y + window[0], window[2], tint)
    write(axes, title, x + width / 2, y - 0.45, size=9.5)


def mark(axes: Any, x: float, y: float, side: float, tint: str) -> None:
    """A square with a tinted ground."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), side, side, facecolor=tint, alpha=0.16))
    axes.add_patch(Rectangle((x, y), side, side, fill=False, edgecolor=tint, linewidth=1.8))


def write(axes: Any, text: str, x: float, y: float, *, size: float, color: str = MUTED) -> None:
    """Text around a place."""
    axes.text(x, y, text, ha="center", va="center", fontsize=size, color=color)


def whole(values: Array) -> Array:
    """The same numbers without a negative zero, which would be drawn as one."""
    return np.asarray(values) + 0.0
