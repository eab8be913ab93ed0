"""Boxes of an image that is cropped, moved and rotated, with the visible fraction of each.

Objects may have masks, which are transformed with their boxes.

Shapes: M boxes, h w rows and columns of the grid that masks are rasterised on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foveal.data.augment.mask_targets import Grid, MaskTargets
from foveal.types.flags import IGNORED_FLAGS, Flag

MIN_SIDE_PX = 1.0
"""A box with a shorter side is dropped."""
PIECE_SIDE_PX = 4.0
"""Shortest sides of a piece of an object that may be recognisable, so that detecting it is no false positive."""
ROUNDING = 1e-6
"""Rounding error of the visible fraction of an uncut object."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class BoxTargets:
    """The objects of an image.

    Attributes:
        boxes: (M, 4) xyxy pixels.
        labels: (M,) class ids.
        flags: (M,) ``types.flags.Flag``, added up.
        visible: (M,) fraction of the object's box that has not been cut away, in [0, 1].
        masks: The objects' masks; None: without masks.
    """

    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    flags: NDArray[np.uint8]
    visible: NDArray[np.float64]
    masks: MaskTargets | None = None

    @classmethod
    def of(
        cls,
        boxes: NDArray[np.float64],
        labels: NDArray[np.int64],
        flags: NDArray[np.uint8],
        masks: MaskTargets | None = None,
    ) -> "BoxTargets":
        """Fully visible objects."""
        return cls(boxes, labels, flags, np.ones(len(boxes)), masks)

    @classmethod
    def join(cls, parts: Sequence["BoxTargets"]) -> "BoxTargets":
        """The objects of several images combined into one."""
        columns = [(part.boxes, part.labels, part.flags, part.visible) for part in parts]
        boxes, labels, flags, visible = (np.concatenate(column) for column in zip(*columns, strict=True))
        masks = [part.masks for part in parts if part.masks is not None]
        return cls(boxes, labels, flags, visible, MaskTargets.join(masks) if masks else None)

    def __len__(self) -> int:
        """M, the number of boxes."""
        return len(self.labels)

    @property
    def counted(self) -> NDArray[np.bool_]:
        """(M,) which objects are not ignored."""
        counted: NDArray[np.bool_] = (self.flags & IGNORED_FLAGS) == 0
        return counted

    @property
    def maskable(self) -> NDArray[np.bool_]:
        """(M,) which objects count and have a mask."""
        assert self.masks is not None, "targets with masks"
        maskable: NDArray[np.bool_] = self.counted & np.array([mask.area > 0 for mask in self.masks.rles], bool)
        return maskable

    def take(self, which: NDArray[np.int64]) -> "BoxTargets":
        """Some of the objects."""
        masks = None if self.masks is None else self.masks.take(which)
        return BoxTargets(self.boxes[which], self.labels[which], self.flags[which], self.visible[which], masks)

    def covered(self, pixels: NDArray[np.bool_]) -> "BoxTargets":
        """What is left of the objects where something else lies on the canvas.

        An object without a mask is as visible as its box. One that is not touched stays as it is, and the box of one of
        which nothing is left becomes empty.

        Args:
            pixels: (H, W) where the canvas is covered.
        """
        assert self.masks is not None, "targets with masks"
        boxes, visible, maskable = self.boxes.copy(), self.visible.copy(), self.maskable
        left = dict[int, NDArray[np.bool_]]()
        corners = np.concatenate([np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])], 1).astype(int).clip(0)
        for i, (x1, y1, x2, y2) in enumerate(corners.tolist()):
            under = pixels[y1:y2, x1:x2]
            if not under.any():
                continue
            hidden = float(under.mean())
            painted = self.masks.paint(i, Grid(pixels.shape, 1)) if maskable[i] else None
            if painted is not None:
                before = painted[0] > 0
                hidden = float(pixels[before].mean())
                if 0 < hidden < 1:
                    left[i] = before & ~pixels
            visible[i] *= 1 - hidden
            if hidden == 1:
                boxes[i, 2:] = boxes[i, :2]
        return replace(self, boxes=boxes, visible=visible, masks=self.masks.replaced(left))

    def move(self, scale: tuple[float, float], offset: tuple[float, float]) -> "BoxTargets":
        """Move every point p to p * scale + offset."""
        by = np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]]])
        return self._changed(self.boxes * (scale * 2) + offset * 2, by)

    def mirror(self, axis: int, span: float) -> "BoxTargets":
        """Mirror along x (axis 0) or y (axis 1): every coordinate c becomes span - c."""
        boxes = self.boxes.copy()
        boxes[:, axis], boxes[:, axis + 2] = span - self.boxes[:, axis + 2], span - self.boxes[:, axis]
        by = np.eye(2, 3)
        by[axis, axis], by[axis, 2] = -1, span
        return self._changed(boxes, by)

    def rotate(self, degrees: float, center: tuple[float, float]) -> "BoxTargets":
        """Rotate counterclockwise about (x, y); a box becomes the bounding box of its rotated corners."""
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        corners = self.boxes[:, [0, 1, 2, 1, 0, 3, 2, 3]].reshape(-1, 4, 2) - center
        back = np.array([[cos, -sin], [sin, cos]])  # y points down
        rotated = corners @ back + center
        by = np.column_stack([back.T, center - back.T @ center])
        return self._changed(np.concatenate([rotated.min(1), rotated.max(1)], axis=1), by)

    def clip(self, within: Box) -> "BoxTargets":
        """Clip to a rectangle; what lies outside is no longer visible."""
        boxes = np.clip(self.boxes, within[:2] * 2, within[2:] * 2)
        before, after = _areas(self.boxes), _areas(boxes)
        left = np.divide(after, before, out=np.zeros(len(self)), where=before > 0)
        masks = None if self.masks is None else self.masks.clip(within)
        return replace(self, boxes=boxes, visible=self.visible * left, masks=masks)

    def tensors(self) -> dict[str, Tensor]:
        """``boxes`` (M, 4) float32 xyxy pixels, ``labels`` (M,) int64 and ``flags`` (M,) uint8."""
        return {
            "boxes": torch.from_numpy(self.boxes.astype(np.float32)),
            "labels": torch.from_numpy(self.labels),
            "flags": torch.from_numpy(self.flags),
        }

    def trained(self, min_visible: float, grid: Grid | None = None) -> dict[str, Tensor]:
        """The targets that a network is trained on.

        Args:
            min_visible: Fraction that must be visible for an object to count. Where less is visible, a recognisable
                piece becomes an ignored region; smaller ones are dropped.
            grid: The grid that masks are rasterised on; None: without masks.

        Returns:
            ``tensors`` of the m objects kept; with a grid also ``masks`` (m, h, w) uint8, all 0 for objects without a
            mask.
        """
        if grid is None:
            return self._kept(min_visible)[0].tensors()
        fitted, masks = self.painted(grid)
        kept, which = fitted._kept(min_visible)
        return {**kept.tensors(), "masks": torch.from_numpy(masks[which])}

    def painted(self, grid: Grid) -> tuple["BoxTargets", NDArray[np.uint8]]:
        """The same with boxes fitted to the visible parts of their masks, and the masks (M, h, w).

        An uncut, unrotated box is unchanged; a box without a mask pixel left becomes empty.
        """
        assert self.masks is not None, "targets with masks"
        boxes, cells = self.boxes.copy(), np.zeros((len(self), *grid.shape), np.uint8)
        whole = (self.visible >= 1 - ROUNDING) & self.masks.upright
        for i in np.flatnonzero(self.counted).tolist():
            if not self.masks.rles[i].area:
                continue
            painted = self.masks.paint(i, grid)
            if painted is not None:
                cells[i] = painted[0]
            if not whole[i]:
                left = boxes[i, [0, 1, 0, 1]] if painted is None else painted[1]
                boxes[i] = *np.maximum(boxes[i, :2], left[:2]), *np.minimum(boxes[i, 2:], left[2:])
        return replace(self, boxes=boxes), cells

    def _changed(self, boxes: NDArray[np.float64], by: NDArray[np.float64]) -> "BoxTargets":
        """The same objects with other boxes, and their masks moved by an affine map (2, 3)."""
        return replace(self, boxes=boxes, masks=None if self.masks is None else self.masks.move(by))

    def _kept(self, min_visible: float) -> tuple["BoxTargets", NDArray[np.bool_]]:
        """The objects for training, without masks, and which of the M they are."""
        sides = (self.boxes[:, 2:] - self.boxes[:, :2]).min(1)
        whole = (self.visible >= min_visible - ROUNDING) & (sides >= MIN_SIDE_PX)
        piece = ~whole & (sides >= PIECE_SIDE_PX)
        flags = np.where(piece, self.flags | int(Flag.IGNORE), self.flags).astype(self.flags.dtype)
        kept = whole | piece
        return BoxTargets(self.boxes[kept], self.labels[kept], flags[kept], self.visible[kept]), kept


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(boxes[:, 2] - boxes[:, 0], 0) * np.maximum(boxes[:, 3] - boxes[:, 1], 0)
