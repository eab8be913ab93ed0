"""Anchors: boxes of a few shapes at every location of every feature map, and boxes encoded relative to them.

Shapes: B batch, A anchors in all, a anchors per location, L levels, N boxes. Boxes are xyxy input pixels.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from foveal.types.arrays import FloatArray

LARGEST_LOG = float(np.log(1000 / 16))
"""Bound on the log of a size ratio, so that exp cannot overflow (as in Faster R-CNN's reference code)."""


def shapes_from_ratios(
    strides: Sequence[int], *, scale: float, octaves: Sequence[float], ratios: Sequence[float]
) -> list[list[tuple[float, float]]]:
    """(width, height) in input pixels of each anchor of each level.

    Args:
        strides: L input pixels per location.
        scale: Side of the square anchor, in strides.
        octaves: Factors on that side, such as 1, 1.26, 1.59.
        ratios: Height over width, at constant area.

    Returns:
        L lists of len(octaves) * len(ratios) pairs.
    """
    return [
        [(stride * scale * o / r**0.5, stride * scale * o * r**0.5) for o in octaves for r in ratios]
        for stride in strides
    ]


def map_sizes(height: int, width: int, strides: Sequence[int]) -> list[tuple[int, int]]:
    """(rows, columns) of the map of each stride for an input of ``height`` x ``width`` pixels."""
    return [(-(-height // stride), -(-width // stride)) for stride in strides]


def make_anchors(
    shapes: Sequence[Sequence[tuple[float, float]]],
    strides: Sequence[int],
    sizes: Sequence[tuple[int, int]],
    *,
    like: Tensor,
) -> Tensor:
    """(A, 4) anchors: level by level, row by row, column by column, shape by shape.

    Args:
        shapes: (width, height) of each anchor of each level.
        strides: L input pixels per location.
        sizes: (rows, columns) of each level's map.
        like: Tensor whose device and type to use.
    """
    levels = []
    for own, stride, (rows, columns) in zip(shapes, strides, sizes, strict=True):
        half = torch.tensor(own, dtype=like.dtype, device=like.device) / 2  # (a, 2)
        x = (torch.arange(columns, dtype=like.dtype, device=like.device) + 0.5) * stride
        y = (torch.arange(rows, dtype=like.dtype, device=like.device) + 0.5) * stride
        centres = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[:, :, None]  # (rows, columns, 1, 2)
        levels.append(torch.cat([centres - half, centres + half], -1).reshape(-1, 4))
    return torch.cat(levels)


def decode(offsets: Tensor, anchors: Tensor) -> Tensor:
    """Offsets (..., A, 4) to boxes: centre moved by (dx w, dy h), sides times exp(dw) and exp(dh).

    Girshick et al. 2014, "Rich feature hierarchies", appendix C.
    """
    sides = anchors[..., 2:] - anchors[..., :2]
    centres = (anchors[..., :2] + anchors[..., 2:]) / 2 + offsets[..., :2] * sides
    half = sides * offsets[..., 2:].clamp(max=LARGEST_LOG).exp() / 2
    return torch.cat([centres - half, centres + half], -1)


def encode(boxes: Tensor, anchors: Tensor) -> Tensor:
    """Boxes (N, 4) of positive area to the offsets (N, 4) that ``decode`` undoes."""
    sides, own = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
    centres = (boxes[:, :2] + boxes[:, 2:] - anchors[:, :2] - anchors[:, 2:]) / 2
    return torch.cat([centres / sides, (own / sides).log()], -1)


def fit_shapes(sides: FloatArray, count: int, *, seed: int = 0, rounds: int = 100) -> tuple[FloatArray, float]:
    """Anchor shapes for a data set: k-means with 1 - IoU as the distance (Redmon and Farhadi 2017, "YOLO9000").

    Args:
        sides: (N, 2) widths and heights of boxes, in input pixels.
        count: Number of shapes.
        seed: For the first guess.
        rounds: Maximum number of iterations.

    Returns:
        (count, 2) shapes by rising area, and the fraction of boxes that some shape matches with an IoU of 0.5 or more
        when centred on them.
    """
    sides = np.asarray(sides, np.float64)
    generator = np.random.default_rng(seed)
    order = np.argsort(sides.prod(1), kind="stable")
    at = order[((np.arange(count) + 0.5) / count * len(sides)).astype(int)]  # quantiles of the area
    shapes = sides[at] * generator.uniform(0.95, 1.05, (count, 1))
    owner = np.full(len(sides), -1)
    for _ in range(rounds):
        closest = side_iou(sides, shapes).argmax(1)
        if (closest == owner).all():
            break
        owner = closest
        for k in range(count):
            if (owner == k).any():
                shapes[k] = np.median(sides[owner == k], 0)
    shapes = shapes[np.argsort(shapes.prod(1), kind="stable")]
    return shapes, float((side_iou(sides, shapes).max(1) >= 0.5).mean())


def side_iou(sides: FloatArray, shapes: FloatArray) -> FloatArray:
    """(N, count) IoU of boxes that share a centre, from their (width, height)."""
    common = np.minimum(sides[:, None], shapes[None]).prod(2)
    overlap: FloatArray = common / (sides.prod(1)[:, None] + shapes.prod(1)[None] - common)
    return overlap
