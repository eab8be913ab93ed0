"""Explanation by hiding, and by showing alone, one part of the image after the other. NumPy on any engine.

What is hidden is replaced by the image's mean colour. In a blurred copy, as ``masks`` has it, large objects remain, and
the places found with it were no better to hide than random ones (docs/LOG.md).

Shapes: S T height and width of the input, J subjects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from foveal.explain.case import Case, Effort, Found
from foveal.explain.masks import BATCH_SIZE, mean_colour
from foveal.types.arrays import RGB
from foveal.types.predictions.subject import Subject

OCCLUSION_CELLS, FEWEST_CELLS = 14, 3
PASSES_PER_CELL = 1.4
"""Forward passes of occlusion per cell, at most: a little more than one window hidden and a quarter of one shown."""


@dataclass(frozen=True)
class Window:
    """A square that moves over the cells of a map.

    Attributes:
        side: In cells.
        step: Cells by which it moves; each cell is in (side / step)^2 windows.
    """

    side: int
    step: int

    def corners(self, side: int) -> list[tuple[int, int]]:
        """Its top left cells (row, column) on a map of this side; at the borders it reaches beyond."""
        starts = range(1 - self.side, side, self.step)
        return [(row, column) for row in starts for column in starts]

    def cells_at(self, corner: tuple[int, int]) -> tuple[slice, slice]:
        """The cells within it."""
        row, column = (slice(max(at, 0), at + self.side) for at in corner)
        return row, column

    def swapped(self, image: RGB, other: RGB, corner: tuple[int, int], side: int) -> RGB:
        """An image (S, T, 3) with the other's pixels within the window."""
        places = (np.linspace(0, length, side + 1).round().astype(int) for length in image.shape[:2])
        rows, columns = (
            slice(place[max(at, 0)], place[min(at + self.side, side)]) for place, at in zip(places, corner, strict=True)
        )
        out = image.copy()
        out[rows, columns] = other[rows, columns]
        return out


HIDDEN, SHOWN_ALONE = Window(2, 1), Window(4, 2)
"""A window that is hidden may be small, one that is shown alone must hold something that can be recognised."""


def occlusion(case: Case, subjects: Sequence[Subject], effort: Effort) -> list[tuple[Subject, Found]]:
    """Hide one window after the other, and show one after the other alone; within a budget with larger windows.

    Hiding (Zeiler and Fergus 2014, section 4.2) finds what nothing else replaces. What is there twice it misses, and
    showing a window alone finds it. A place's value is the mean of both.

    Raises:
        ConfigError: The budget is under one forward pass.
    """
    start = perf_counter()
    fill = mean_colour(case.pixels)
    shown, hidden = case.support(np.stack([case.pixels, fill]), subjects).T
    pass_s = (perf_counter() - start) / 2
    effort.check(pass_s)
    side = OCCLUSION_CELLS
    if effort.budget_s is not None:
        side = min(side, max(FEWEST_CELLS, int((effort.budget_s / (PASSES_PER_CELL * pass_s)) ** 0.5) - 1))
    passes, maps = 2, np.zeros((len(subjects), side, side))
    for window, image, other, before, sign in (
        (HIDDEN, case.pixels, fill, shown, -1.0),
        (SHOWN_ALONE, fill, case.pixels, hidden, 1.0),
    ):
        corners = window.corners(side)
        total, times = np.zeros_like(maps), np.zeros((side, side))
        for first in range(0, len(corners), BATCH_SIZE):
            batch = corners[first : first + BATCH_SIZE]
            changed = np.stack([window.swapped(image, other, corner, side) for corner in batch])
            change = sign * (case.support(changed, subjects) - before[:, None])
            for corner, values in zip(batch, change.T, strict=True):
                cells = window.cells_at(corner)
                total[:, *cells] += values[:, None, None]
                times[cells] += 1
        maps += total / times / 2
        passes += len(corners)
    return [(s, Found(m, passes=passes)) for s, m in zip(subjects, maps, strict=True)]
