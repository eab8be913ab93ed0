"""Proposals: boxes for the second stage, the same number for every image.

Shapes: B batch, A anchors in all, n boxes of a level, P proposals. Boxes are xyxy input pixels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from foveal.models.detection.assign import pairwise_iou

ROUNDS = 3
"""Rounds of NMS, see ``survivors``."""
LAST = 1e4
"""Subtracted from the logits of suppressed boxes, so that they rank after all others."""


def propose(boxes: Tensor, logits: Tensor, per_level: Sequence[int], *, count: int, iou: float) -> Tensor:
    """The best boxes of every image, best first, after NMS on each level.

    NMS runs on the best of each level, and the best of all remaining boxes are taken (Lin et al. 2017, "Feature pyramid
    networks", section 4.1). Shapes are fixed for export: where too few are left, the best suppressed ones follow.

    Args:
        boxes: (B, A, 4).
        logits: (B, A) objectness.
        per_level: Number of anchors of each level, A in all.
        count: Boxes per image, and per level before NMS.
        iou: IoU above which the lower-scored of two boxes is suppressed.

    Returns:
        (B, P, 4); P is ``count``, or the number of anchors if smaller.
    """
    kept_boxes, kept_logits = [], []
    for own, score in zip(*(t.split_with_sizes(list(per_level), 1) for t in (boxes, logits)), strict=True):
        best, places = score.topk(min(count, score.shape[1]), dim=1)
        own = own.gather(1, places[..., None].expand(-1, -1, 4))
        kept_boxes.append(own)
        kept_logits.append(torch.where(survivors(own, iou=iou), best, best - LAST))
    joined = torch.cat(kept_logits, 1)
    places = joined.topk(min(count, joined.shape[1]), dim=1).indices
    return torch.cat(kept_boxes, 1).gather(1, places[..., None].expand(-1, -1, 4))


def survivors(boxes: Tensor, *, iou: float) -> Tensor:
    """(B, n) which of the boxes (B, n, 4), best first, overlap no better surviving box by more than ``iou``.

    The first round drops boxes that any better box overlaps (Bolya et al. 2019, "YOLACT", section 3.4), dropped itself
    or not; each further pair of rounds restores boxes that only dropped ones overlapped. Greedy NMS is the fixed point.
    The result differs after ``ROUNDS`` rounds only in chains of more than ``ROUNDS`` boxes, each overlapped by the one
    before.
    """
    order = torch.arange(boxes.shape[1], device=boxes.device)
    better = order[:, None] < order[None]
    over = (pairwise_iou(boxes, boxes) > iou) & better  # (B, n, n): the first overlaps the second
    kept = torch.ones_like(boxes[..., 0], dtype=torch.bool)
    for _ in range(ROUNDS):
        kept = ~(over & kept[..., None]).any(1)
    return kept


def clip(boxes: Tensor, height: int, width: int) -> Tensor:
    """Boxes (..., 4) clipped to the input."""
    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack([x1.clamp(0, width), y1.clamp(0, height), x2.clamp(0, width), y2.clamp(0, height)], -1)


@torch.no_grad()
def balanced(positive: Tensor, negative: Tensor, *, count: int, share: float) -> Tensor:
    """Sample boxes of every image for the loss.

    Args:
        positive: (B, N) bool.
        negative: (B, N) bool, none of them positive.
        count: Maximum number per image.
        share: Maximum fraction of positives.

    Returns:
        (B, N) bool.
    """
    some = _some(positive, torch.full_like(positive[:, :1], int(count * share), dtype=torch.long))
    return some | _some(negative, count - some.sum(1, keepdim=True))


def _some(among: Tensor, most: Tensor) -> Tensor:
    """(B, N) at most ``most`` (B, 1) of those ``among`` (B, N)."""
    chance = torch.rand(among.shape, device=among.device).masked_fill(~among, 2.0)
    return among & (chance.argsort(1).argsort(1) < most)
