"""Proposals: boxes for the second stage, the same number for every image.

Shapes: B batch, A anchors in all, n boxes of a level, P proposals. Boxes are xyxy input pixels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from foveal.models.detection.assign import pairwise_iou

ROUNDS = 3
"""Times that NMS is repeated, see ``survivors``."""
LAST = 1e4
"""Taken off the logits of suppressed boxes, so that they come after all others."""


def propose(boxes: Tensor, logits: Tensor, per_level: Sequence[int], *, count: int, iou: float) -> Tensor:
    """The best boxes of every image, the best first; of overlapping ones of a level the better.

    NMS runs on the best of each level, and of what all levels keep the best are taken (Lin et al. 2017,
    "Feature pyramid networks", section 4.1). The shapes are fixed, so that it exports: where too few are left the best
    suppressed ones follow.

    Args:
        boxes: (B, A, 4).
        logits: (B, A), of the score that each is an object.
        per_level: How many of the A each level has.
        count: Boxes wanted of each image, and of each level before NMS.
        iou: Overlap above which the worse of two is suppressed.

    Returns:
        (B, P, 4); P is ``count``, or all there are.
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
    """(B, n) which of the boxes (B, n, 4), best first, no better survivor overlaps by more than ``iou``.

    The first round drops what any better box overlaps (Bolya et al. 2019, "YOLACT", section 3.4), be it dropped itself
    or not; each two rounds more bring back what only dropped ones overlapped. Greedy NMS is where this comes to
    rest. It differs after ``ROUNDS`` only in chains of more than ``ROUNDS`` boxes, each overlapped by the one before.
    """
    order = torch.arange(boxes.shape[1], device=boxes.device)
    better = order[:, None] < order[None]
    over = (pairwise_iou(boxes, boxes) > iou) & better  # (B, n, n): the first overlaps the second
    kept = torch.ones_like(boxes[..., 0], dtype=torch.bool)
    for _ in range(ROUNDS):
        kept = ~(over & kept[..., None]).any(1)
    return kept


def clip(boxes: Tensor, height: int, width: int) -> Tensor:
    """Boxes (..., 4) cut off at the sides of the input."""
    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack([x1.clamp(0, width), y1.clamp(0, height), x2.clamp(0, width), y2.clamp(0, height)], -1)


@torch.no_grad()
def balanced(positive: Tensor, negative: Tensor, *, count: int, share: float) -> Tensor:
    """Some boxes of every image to learn from, at random where there are more.

    Args:
        positive: (B, N) bool.
        negative: (B, N) bool, none of them positive.
        count: Most of an image.
        share: Part of them that may be positive.

    Returns:
        (B, N) bool.
    """
    some = _some(positive, torch.full_like(positive[:, :1], int(count * share), dtype=torch.long))
    return some | _some(negative, count - some.sum(1, keepdim=True))


def _some(among: Tensor, most: Tensor) -> Tensor:
    """(B, N) at most ``most`` (B, 1) of those ``among`` (B, N)."""
    chance = torch.rand(among.shape, device=among.device).masked_fill(~among, 2.0)
    return among & (chance.argsort(1).argsort(1) < most)
