"""Boxes while the picture under them is cut, moved and turned, with how much of each is still to be seen.

Shapes: M boxes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foveal.types.flags import NOT_JUDGED, Flag

MIN_SIDE_PX = 1.0
"""A box with a shorter side is no object to find."""
PIECE_SIDE_PX = 4.0
"""Sides from which a piece of an object may be recognised, so that finding it should not count as a mistake."""
ROUNDING = 1e-6
"""What arithmetic may take from a part that is whole."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Marks:
    """What stands on a picture.

    Attributes:
        boxes: (M, 4) xyxy pixels.
        labels: (M,) class ids.
        flags: (M,) ``types.flags.Flag``, added up.
        visible: (M,) part of the object's box that has not been cut away, in [0, 1].
    """

    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    flags: NDArray[np.integer[Any]]
    visible: NDArray[np.float64]

    @classmethod
    def of(cls, target: dict[str, Tensor]) -> "Marks":
        """From a target with ``boxes``, ``labels`` and ``flags``."""
        boxes = target["boxes"].as_subclass(Tensor).double().numpy().reshape(-1, 4)
        return cls(boxes, target["labels"].numpy(), target["flags"].numpy(), np.ones(len(boxes)))

    @classmethod
    def join(cls, parts: Sequence["Marks"]) -> "Marks":
        """The marks of several pictures that have become one."""
        columns = [(part.boxes, part.labels, part.flags, part.visible) for part in parts]
        return cls(*(np.concatenate(column) for column in zip(*columns, strict=True)))

    def __len__(self) -> int:
        """M, the number of boxes."""
        return len(self.labels)

    @property
    def judged(self) -> NDArray[np.bool_]:
        """(M,) which are objects to find."""
        judged: NDArray[np.bool_] = (self.flags & NOT_JUDGED) == 0
        return judged

    def move(self, scale: tuple[float, float], offset: tuple[float, float]) -> "Marks":
        """Every point p to p * scale + offset."""
        return replace(self, boxes=self.boxes * (scale * 2) + offset * 2)

    def mirror(self, axis: int, span: float) -> "Marks":
        """Along x (axis 0) or y (axis 1): every coordinate c to span - c."""
        boxes = self.boxes.copy()
        boxes[:, axis], boxes[:, axis + 2] = span - self.boxes[:, axis + 2], span - self.boxes[:, axis]
        return replace(self, boxes=boxes)

    def turn(self, degrees: float, center: float) -> "Marks":
        """Counterclockwise about (center, center); a turned box becomes the upright one around its corners."""
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        corners = self.boxes[:, [0, 1, 2, 1, 0, 3, 2, 3]].reshape(-1, 4, 2) - center
        turned = corners @ np.array([[cos, -sin], [sin, cos]]) + center  # y points down
        return replace(self, boxes=np.concatenate([turned.min(1), turned.max(1)], axis=1))

    def clip(self, within: Box) -> "Marks":
        """Cut at the sides of a rectangle; what falls outside is no longer visible."""
        boxes = np.clip(self.boxes, within[:2] * 2, within[2:] * 2)
        before, after = _areas(self.boxes), _areas(boxes)
        left = np.divide(after, before, out=np.zeros(len(self)), where=before > 0)
        return replace(self, boxes=boxes, visible=self.visible * left)

    def target(self, min_visible: float) -> dict[str, Tensor]:
        """Back to a target.

        Args:
            min_visible: Part that must be visible for an object to count. Of one that is cut further, a piece that may
                still be recognised becomes a region to ignore; smaller ones are dropped.

        Returns:
            ``boxes`` (m, 4) float32 xyxy pixels, ``labels`` (m,) int64, and ``flags`` (m,) in the type they came in.
        """
        sides = (self.boxes[:, 2:] - self.boxes[:, :2]).min(1)
        whole = (self.visible >= min_visible - ROUNDING) & (sides >= MIN_SIDE_PX)
        piece = ~whole & (sides >= PIECE_SIDE_PX)
        flags = np.where(piece, self.flags | int(Flag.IGNORE), self.flags).astype(self.flags.dtype)
        kept = whole | piece
        return {
            "boxes": torch.from_numpy(self.boxes[kept].astype(np.float32)),
            "labels": torch.from_numpy(self.labels[kept]),
            "flags": torch.from_numpy(flags[kept]),
        }


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(boxes[:, 2] - boxes[:, 0], 0) * np.maximum(boxes[:, 3] - boxes[:, 1], 0)
