"""Assignment of objects to anchors.

Shapes: B batch, A anchors, L levels, M objects per image (padded). Boxes are xyxy input pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

REGION_OVERLAP = 0.5
"""Fraction of an anchor inside an ignored region from which the anchor is ignored too."""


@dataclass(frozen=True)
class Assignment:
    """The target of every anchor.

    Attributes:
        owner: (B, A) int64, index of the anchor's object among the image's M; -1: background.
        ignored: (B, A) bool, anchors without a loss; never one that has an object.
    """

    owner: Tensor
    ignored: Tensor


def assign_atss(
    anchors: Tensor, per_level: Sequence[int], boxes: Tensor, valid: Tensor, regions: Tensor, *, k: int = 9
) -> Assignment:
    """Adaptive training sample selection (Zhang et al. 2020, "Bridging the gap", algorithm 1).

    For each object the k anchors per level that are closest to its centre are candidates; those whose IoU reaches the
    candidates' mean plus standard deviation, and whose centre lies inside the object, are assigned to it. An anchor
    claimed by two objects goes to the one it overlaps more. Beyond the paper, an object that is left without an anchor,
    because it is smaller than a cell or covers part of a larger one, takes its best candidate from the current owner.

    Args:
        anchors: (A, 4).
        per_level: L numbers of anchors, A in all.
        boxes: (B, M, 4) objects; rows that are not ``valid`` are padding or regions.
        valid: (B, M) bool.
        regions: (B, M) bool, rows of ``boxes`` that are ignored.
        k: Candidates per level, for one anchor per location.
    """
    overlap = pairwise_iou(boxes, anchors)  # (B, M, A)
    centres = (anchors[:, :2] + anchors[:, 2:]) / 2
    distance = torch.cdist((boxes[..., :2] + boxes[..., 2:]) / 2, centres[None].expand(len(boxes), -1, -1))
    picked, start = [], 0
    for count in per_level:
        nearest = distance[..., start : start + count].topk(min(k, count), largest=False).indices
        picked.append(nearest + start)
        start += count
    candidates = torch.cat(picked, -1)  # (B, M, L k)
    values = overlap.gather(-1, candidates)
    threshold = values.mean(-1, keepdim=True) + values.std(-1, keepdim=True, unbiased=False)
    x, y = centres[candidates].unbind(-1)
    inside = (x > boxes[..., :1]) & (x < boxes[..., 2:3]) & (y > boxes[..., 1:2]) & (y < boxes[..., 3:])
    chosen = (values >= threshold) & inside
    none = torch.full_like(overlap, -1.0)
    wanted = none.scatter(-1, candidates, torch.where(chosen & valid[..., None], values, none[..., :1]))
    owner = _highest(wanted, otherwise=torch.full(wanted.shape[::2], -1, device=wanted.device))
    places = torch.arange(boxes.shape[1], device=boxes.device)
    left = valid & ~(owner[:, None] == places[:, None]).any(-1)  # (B, M) objects without an anchor
    value, first = values.max(-1, keepdim=True)
    claims = none.scatter(-1, candidates.gather(-1, first), torch.where(left[..., None], value, none[..., :1]))
    owner = _highest(claims, otherwise=owner)
    return Assignment(owner, _in_regions(anchors, boxes, regions) & (owner < 0))


def assign_iou(
    anchors: Tensor, boxes: Tensor, valid: Tensor, regions: Tensor, *, positive: float = 0.5, negative: float = 0.4
) -> Assignment:
    """By overlap alone (Ren et al. 2015, "Faster R-CNN"; Lin et al. 2017, "Focal loss").

    With an IoU of ``positive`` or more an anchor is assigned to the object it overlaps most, below ``negative`` it is
    background, between the two it is ignored; and each object gets the anchors that overlap it most.

    Args:
        anchors: (A, 4), or (B, A, 4) where images have different ones.
        boxes: (B, M, 4) objects; rows that are not ``valid`` are padding or regions.
        valid: (B, M) bool.
        regions: (B, M) bool, rows of ``boxes`` that are ignored.
        positive: Smallest IoU of an anchor with its object.
        negative: IoU below which an anchor is background.
    """
    overlap = pairwise_iou(boxes, anchors).masked_fill(~valid[..., None], -1.0)
    most, owner = overlap.max(1)
    ignored = (most >= negative) & (most < positive)
    owner = torch.where(most >= positive, owner, torch.full_like(owner, -1))
    peak = overlap.amax(-1, keepdim=True)
    mine = torch.where((overlap == peak) & (peak > 0), overlap, torch.full_like(overlap, -1.0))
    value, claimed = mine.max(1)
    owner = torch.where(value > 0, claimed, owner)
    return Assignment(owner, (ignored | _in_regions(anchors, boxes, regions)) & (owner < 0))


def _highest(claims: Tensor, *, otherwise: Tensor) -> Tensor:
    """(B, A) the object with the highest claim (B, M, A), or ``otherwise`` where all are negative."""
    most, owner = claims.max(1)
    return torch.where(most >= 0, owner, otherwise)


def pairwise_iou(boxes: Tensor, anchors: Tensor) -> Tensor:
    """(B, M, 4), (A, 4) or (B, A, 4) -> (B, M, A) intersection over union; boxes without area overlap nothing."""
    common = _intersection(boxes, anchors)
    union = _area(boxes)[..., None] + _area(anchors)[..., None, :] - common
    return common / union.clamp(min=1e-9)


def _in_regions(anchors: Tensor, boxes: Tensor, regions: Tensor) -> Tensor:
    """(B, A) whether at least half of an anchor, or its centre, lies in an ignored region."""
    if not bool(regions.any()):
        return anchors.new_zeros((len(boxes), anchors.shape[-2]), dtype=torch.bool)
    part = _intersection(boxes, anchors) / _area(anchors)[..., None, :].clamp(min=1e-9)
    x, y = ((anchors[..., None, :, :2] + anchors[..., None, :, 2:]) / 2).unbind(-1)
    centre = (x > boxes[..., :1]) & (x < boxes[..., 2:3]) & (y > boxes[..., 1:2]) & (y < boxes[..., 3:])
    return (((part >= REGION_OVERLAP) | centre) & regions[..., None]).any(1)


def _intersection(boxes: Tensor, anchors: Tensor) -> Tensor:
    low = torch.maximum(boxes[:, :, None, :2], anchors[..., None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], anchors[..., None, :, 2:])
    return (high - low).clamp(min=0).prod(-1)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)
