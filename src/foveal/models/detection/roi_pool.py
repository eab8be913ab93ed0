"""RoI pooling of pyramid features.

Shapes: B batch, C channels, h w of a level, N boxes of the batch, s bins per side. Boxes are xyxy input pixels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.ops import roi_align

PLACES = 14
"""Side of the smallest box that is pooled from a level, in its cells; the finest level takes all smaller boxes
(Lin et al. 2017, "Feature pyramid networks", equation 1: 224 pixels at stride 16)."""
SAMPLES = 2
"""Sampling points per side of a bin (He et al. 2017, "Mask R-CNN", section 3)."""


def pool_boxes(maps: Sequence[Tensor], strides: Sequence[int], image: Tensor, boxes: Tensor, *, side: int) -> Tensor:
    """RoIAlign (He et al. 2017, section 3) of each box on the level that fits its size.

    Args:
        maps: (B, C, h, w) of each level, finest first.
        strides: Input pixels per cell of each level.
        image: (N,) index in the batch of each box's image.
        boxes: (N, 4).
        side: s.

    Returns:
        (N, C, s, s).
    """
    level = levels_of(boxes, strides)
    rois = torch.cat([image[:, None].to(boxes), boxes], 1)
    out = maps[0].new_zeros(boxes.shape[0], maps[0].shape[1], side, side)
    for place, (features, stride) in enumerate(zip(maps, strides, strict=True)):
        here = (level == place).nonzero()[:, 0]
        out = out.index_copy(0, here, roi_align(features, rois[here], side, 1 / stride, SAMPLES, aligned=True))
    return out


def pool_masks(masks: Tensor, boxes: Tensor, *, side: int, stride: int) -> Tensor:
    """(N, s, s): the fraction of each bin of a box that its own mask (N, h, w), of one pixel per ``stride``, covers."""
    rois = torch.cat([torch.arange(len(boxes), device=boxes.device)[:, None].to(boxes), boxes], 1)
    covered: Tensor = roi_align(masks[:, None].to(boxes), rois, side, 1 / stride, SAMPLES, aligned=True)
    return covered[:, 0]


def levels_of(boxes: Tensor, strides: Sequence[int]) -> Tensor:
    """(N,) index of the level that fits each box."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    least = torch.tensor([float((PLACES * stride) ** 2) for stride in strides[1:]], device=boxes.device)
    return (area[:, None] >= least).sum(1)
