"""Boxes while the image under them is cut, moved and turned, with how much of each is still to be seen.

Objects may have masks, which go with their boxes.

Shapes: M boxes, n cells a side of the grid that masks are painted on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foveal.data.augment.mask_targets import Grid, Stencils, unpack
from foveal.types.flags import NOT_EVALUATED, Flag

MIN_SIDE_PX = 1.0
"""A box with a shorter side is no object to find."""
PIECE_SIDE_PX = 4.0
"""Sides from which a piece of an object may be recognised, so that finding it should not count as a mistake."""
ROUNDING = 1e-6
"""What arithmetic may take from a part that is whole."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Marks:
    """What stands on an image.

    Attributes:
        boxes: (M, 4) xyxy pixels.
        labels: (M,) class ids.
        flags: (M,) ``types.flags.Flag``, added up.
        visible: (M,) part of the object's box that has not been cut away, in [0, 1].
        stencils: The objects' masks; None: masks are not asked for.
    """

    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    flags: NDArray[np.integer[Any]]
    visible: NDArray[np.float64]
    stencils: Stencils | None = None

    @classmethod
    def of(cls, target: dict[str, Tensor]) -> "Marks":
        """From a target with ``boxes``, ``labels``, ``flags`` and perhaps ``runs``, masks as ``pack`` packs them."""
        boxes = target["boxes"].as_subclass(Tensor).double().numpy().reshape(-1, 4)
        stencils = None
        if "runs" in target:
            boxes_of: Any = target["boxes"]
            stencils = Stencils.of(unpack(target["runs"], len(boxes)), size=boxes_of.canvas_size)
        return cls(boxes, target["labels"].numpy(), target["flags"].numpy(), np.ones(len(boxes)), stencils)

    @classmethod
    def join(cls, parts: Sequence["Marks"]) -> "Marks":
        """The marks of several images that have become one."""
        columns = [(part.boxes, part.labels, part.flags, part.visible) for part in parts]
        boxes, labels, flags, visible = (np.concatenate(column) for column in zip(*columns, strict=True))
        stencils = [part.stencils for part in parts if part.stencils is not None]
        return cls(boxes, labels, flags, visible, Stencils.join(stencils) if stencils else None)

    def __len__(self) -> int:
        """M, the number of boxes."""
        return len(self.labels)

    @property
    def evaluated(self) -> NDArray[np.bool_]:
        """(M,) which are objects to find."""
        evaluated: NDArray[np.bool_] = (self.flags & NOT_EVALUATED) == 0
        return evaluated

    def move(self, scale: tuple[float, float], offset: tuple[float, float]) -> "Marks":
        """Every point p to p * scale + offset."""
        by = np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]]])
        return self._changed(self.boxes * (scale * 2) + offset * 2, by)

    def mirror(self, axis: int, span: float) -> "Marks":
        """Along x (axis 0) or y (axis 1): every coordinate c to span - c."""
        boxes = self.boxes.copy()
        boxes[:, axis], boxes[:, axis + 2] = span - self.boxes[:, axis + 2], span - self.boxes[:, axis]
        by = np.eye(2, 3)
        by[axis, axis], by[axis, 2] = -1, span
        return self._changed(boxes, by)

    def turn(self, degrees: float, center: float) -> "Marks":
        """Counterclockwise about (center, center); a turned box becomes the upright one around its corners."""
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        corners = self.boxes[:, [0, 1, 2, 1, 0, 3, 2, 3]].reshape(-1, 4, 2) - center
        back = np.array([[cos, -sin], [sin, cos]])  # y points down
        turned = corners @ back + center
        by = np.column_stack([back.T, center - back.T @ (center, center)])
        return self._changed(np.concatenate([turned.min(1), turned.max(1)], axis=1), by)

    def clip(self, within: Box) -> "Marks":
        """Cut at the sides of a rectangle; what falls outside is no longer visible."""
        boxes = np.clip(self.boxes, within[:2] * 2, within[2:] * 2)
        before, after = _areas(self.boxes), _areas(boxes)
        left = np.divide(after, before, out=np.zeros(len(self)), where=before > 0)
        stencils = None if self.stencils is None else self.stencils.clip(within)
        return replace(self, boxes=boxes, visible=self.visible * left, stencils=stencils)

    def target(self, min_visible: float, grid: Grid | None = None) -> dict[str, Tensor]:
        """Back to a target.

        Args:
            min_visible: Part that must be visible for an object to count. Of one that is cut further, a piece that may
                still be recognised becomes a region to ignore; smaller ones are dropped.
            grid: What masks are painted on; None: they are left out.

        Returns:
            ``boxes`` (m, 4) float32 xyxy pixels, ``labels`` (m,) int64, ``flags`` (m,) in the type they came in; with a
            grid also ``masks`` (m, n, n) uint8, all 0 where there is none.
        """
        if grid is None:
            return self._target(min_visible)[0]
        fitted, masks = self.painted(grid)
        target, kept = fitted._target(min_visible)
        return {**target, "masks": torch.from_numpy(masks[kept])}

    def painted(self, grid: Grid) -> tuple["Marks", NDArray[np.uint8]]:
        """The masks (M, n, n), and marks whose boxes are fitted to what is left of their masks.

        A box that is still whole and upright stays as it was given; one with no pixel of the mask left shrinks to
        nothing.
        """
        assert self.stencils is not None, "a target with runs"
        boxes, masks = self.boxes.copy(), np.zeros((len(self), grid.cells, grid.cells), np.uint8)
        whole = (self.visible >= 1 - ROUNDING) & self.stencils.upright
        for i in np.flatnonzero(self.evaluated).tolist():
            if not self.stencils.masks[i].area:
                continue
            painted = self.stencils.paint(i, grid)
            if painted is not None:
                masks[i] = painted[0]
            if not whole[i]:
                left = boxes[i, [0, 1, 0, 1]] if painted is None else painted[1]
                boxes[i] = *np.maximum(boxes[i, :2], left[:2]), *np.minimum(boxes[i, 2:], left[2:])
        return replace(self, boxes=boxes), masks

    def _changed(self, boxes: NDArray[np.float64], by: NDArray[np.float64]) -> "Marks":
        """The same marks with other boxes, and their masks moved by a map (2, 3)."""
        return replace(self, boxes=boxes, stencils=None if self.stencils is None else self.stencils.move(by))

    def _target(self, min_visible: float) -> tuple[dict[str, Tensor], NDArray[np.bool_]]:
        """The target without masks, and which of the M are in it."""
        sides = (self.boxes[:, 2:] - self.boxes[:, :2]).min(1)
        whole = (self.visible >= min_visible - ROUNDING) & (sides >= MIN_SIDE_PX)
        piece = ~whole & (sides >= PIECE_SIDE_PX)
        flags = np.where(piece, self.flags | int(Flag.IGNORE), self.flags).astype(self.flags.dtype)
        kept = whole | piece
        target = {
            "boxes": torch.from_numpy(self.boxes[kept].astype(np.float32)),
            "labels": torch.from_numpy(self.labels[kept]),
            "flags": torch.from_numpy(flags[kept]),
        }
        return target, kept


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(boxes[:, 2] - boxes[:, 0], 0) * np.maximum(boxes[:, 3] - boxes[:, 1], 0)
