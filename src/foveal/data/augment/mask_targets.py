"""Masks of objects in an image that is cropped, moved and rotated.

A mask stays as the data set gives it, with an affine map to the canvas; it is rasterised once, after all changes,
directly at the resolution of training.

Shapes: M masks, h w rows and columns of the grid they are rasterised on. Points are xy in pixels.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.types.rle import Rle

SET = 255
"""A painted pixel."""
HALF = 128
"""Value from which a cell belongs to a mask, of SET."""
Painted = tuple[NDArray[np.uint8], NDArray[np.float64]]
"""A mask (h, w) of 0 and 1, and the bounding box (4,) of its visible part, xyxy pixels of the canvas."""


@dataclass(frozen=True)
class Grid:
    """Square cells from the canvas's upper left corner, the resolution of target masks.

    Attributes:
        shape: (h, w).
        stride: Side of a cell in pixels.
    """

    shape: tuple[int, int]
    stride: int


@dataclass(frozen=True)
class MaskTargets:
    """Masks and their positions.

    Attributes:
        rles: M masks in pixels of their own image; an empty one: the object has none.
        maps: (M, 2, 3) from a mask's pixels to the canvas: point = map[:, :2] @ pixel + map[:, 2].
        windows: (M, 4) xyxy, the part of each mask that has not been cut away, in its own pixels.
    """

    rles: tuple[Rle, ...]
    maps: NDArray[np.float64]
    windows: NDArray[np.float64]

    @classmethod
    def of(cls, rles: Sequence[Rle], *, size: tuple[int, int]) -> "MaskTargets":
        """Masks of one image at ``size`` (height, width), which may differ from the masks' own."""
        maps, windows = np.zeros((len(rles), 2, 3)), np.zeros((len(rles), 4))
        for i, mask in enumerate(rles):
            height, width = mask.size
            maps[i, 0, 0], maps[i, 1, 1] = size[1] / width, size[0] / height
            windows[i, 2:] = width, height
        return cls(tuple(rles), maps, windows)

    @classmethod
    def join(cls, parts: Sequence["MaskTargets"]) -> "MaskTargets":
        """The masks of several images combined into one."""
        rles = tuple(mask for part in parts for mask in part.rles)
        return cls(rles, np.concatenate([p.maps for p in parts]), np.concatenate([p.windows for p in parts]))

    def take(self, which: NDArray[np.int64]) -> "MaskTargets":
        """Some of the masks."""
        return MaskTargets(tuple(self.rles[i] for i in which.tolist()), self.maps[which], self.windows[which])

    def replaced(self, fresh: Mapping[int, NDArray[np.bool_]]) -> "MaskTargets":
        """Some masks given anew, each (H, W) on the canvas."""
        rles, maps, windows = list(self.rles), self.maps.copy(), self.windows.copy()
        for i, pixels in fresh.items():
            one = MaskTargets.of([Rle.of(pixels)], size=pixels.shape)
            rles[i], maps[i], windows[i] = one.rles[0], one.maps[0], one.windows[0]
        return MaskTargets(tuple(rles), maps, windows)

    def silhouette(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """(H, W) where any of the masks lies on the canvas."""
        pixels = np.zeros(shape, bool)
        for i in range(len(self.rles)):
            painted = self.paint(i, Grid(shape, 1))
            if painted is not None:
                pixels |= painted[0] > 0
        return pixels

    @property
    def upright(self) -> NDArray[np.bool_]:
        """(M,) which have not been rotated."""
        upright: NDArray[np.bool_] = (self.maps[:, 0, 1] == 0) & (self.maps[:, 1, 0] == 0)
        return upright

    def move(self, by: NDArray[np.float64]) -> "MaskTargets":
        """Move every point p of the canvas to by[:, :2] @ p + by[:, 2]; ``by`` is (2, 3)."""
        maps = by[:, :2] @ self.maps
        maps[:, :, 2] += by[:, 2]
        return replace(self, maps=maps)

    def clip(self, within: tuple[float, float, float, float]) -> "MaskTargets":
        """Clip to a rectangle of the canvas. Rotated masks are unchanged: the canvas's sides clip them."""
        upright = self.upright
        scale = np.where(upright[:, None], self.maps[:, [0, 1], [0, 1]], 1.0)
        ends = (np.array(within).reshape(2, 2) - self.maps[:, None, :, 2]) / scale[:, None]  # (M, 2, 2)
        low, high = np.maximum(ends.min(1), self.windows[:, :2]), np.minimum(ends.max(1), self.windows[:, 2:])
        cut = np.concatenate([low, np.maximum(low, high)], 1)
        return replace(self, windows=np.where(upright[:, None], cut, self.windows))

    def paint(self, index: int, grid: Grid) -> Painted | None:
        """Rasterise a mask on the canvas's grid, with its box; None where nothing of it is left.

        A cell belongs to the mask where at least half of it is covered. For a mask too thin for that, the cells that it
        covers most.
        """
        cut = cut_out(self.rles[index], self.windows[index])
        if cut is None:
            return None
        shape, corner = cut
        linear, shift = self.maps[index, :, :2], self.maps[index, :, 2]
        ends = np.array([(x, y) for x in (0, shape.width) for y in (0, shape.height)]) + corner
        spread = (ends @ linear.T + shift) / grid.stride  # in cells
        most = grid.shape[::-1]
        first = np.floor(spread.min(0) + 1e-6).clip(0, most).astype(int)
        last = np.ceil(spread.max(0) - 1e-6).clip(0, most).astype(int)
        if (last <= first).any():
            return None
        back = np.linalg.inv(linear)
        start = back @ (first * grid.stride - shift) - corner
        pixels = shape.transform(
            tuple(((last - first) * grid.stride).tolist()),
            Image.Transform.AFFINE,
            (*back[0], start[0], *back[1], start[1]),
            Image.Resampling.NEAREST,
        )
        bounds = pixels.getbbox()
        if bounds is None:
            return None
        covered = np.asarray(pixels.reduce(grid.stride))
        cells = np.zeros(grid.shape, np.uint8)
        cells[first[1] : last[1], first[0] : last[0]] = covered >= min(HALF, max(1, int(covered.max())))
        return cells, np.array(bounds, np.float64) + np.tile(first * grid.stride, 2)


def cut_out(mask: Rle, window: NDArray[np.float64]) -> tuple[Image.Image, NDArray[np.int64]] | None:
    """The smallest image that holds a mask's pixels inside a window, and its corner; None where there are none.

    Only the columns that the mask reaches are unpacked, so that a small object of a large image costs little.
    """
    if not mask.area:
        return None
    height = mask.size[0]
    left, top, right, bottom = (round(float(v)) for v in window)
    edges = np.concatenate([[0], np.cumsum(mask.runs, dtype=np.int64)])
    left = max(left, int(edges[1]) // height)
    right = min(right, math.ceil(int(edges[len(mask.runs) // 2 * 2]) / height))
    if right <= left or bottom <= top:
        return None
    inside = np.diff(edges.clip(left * height, right * height))
    values = np.where(np.arange(len(inside)) % 2, SET, 0).astype(np.uint8)
    columns = np.repeat(values, inside).reshape(right - left, height)
    image = Image.fromarray(np.ascontiguousarray(columns[:, top:bottom].T))
    bounds = image.getbbox()
    return None if bounds is None else (image.crop(bounds), np.array([left + bounds[0], top + bounds[1]]))
