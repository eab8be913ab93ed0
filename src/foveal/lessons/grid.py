"""Matrices as text and as cells of a figure."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from foveal.scratch.layer import Array


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


def draw(
    axes: Any,
    matrix: Array,
    *,
    title: str = "",
    window: tuple[int, int, int] | None = None,
    border: int = 0,
    shown: int | None = None,
    tint: str = "#2456c9",
    ink: str = "#15181e",
) -> None:
    """One matrix as a grid of numbers.

    Args:
        axes: Where.
        matrix: Its numbers, (H, W).
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
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=face, edgecolor="#c3cad6", linewidth=0.7))
            if row * width + column < last:
                text = f"{matrix[row, column]:g}"
                color = "#98a1af" if added else ink
                axes.text(column + 0.5, row + 0.54, text, ha="center", va="center", color=color, fontsize=9)
    if window is not None:
        row, column, side = window
        axes.add_patch(Rectangle((column, row), side, side, facecolor=tint, alpha=0.16))
        axes.add_patch(Rectangle((column, row), side, side, fill=False, edgecolor=tint, linewidth=1.8))
    axes.set(xlim=(-0.05, width + 0.05), ylim=(height + 0.05, -0.05), aspect="equal")
    axes.axis("off")
    if title:
        axes.set_title(title, fontsize=9.5, color="#5f6978", pad=4)


def whole(values: Array) -> Array:
    """The same numbers without a negative zero, which would be drawn as one."""
    return np.asarray(values) + 0.0
