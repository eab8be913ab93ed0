"""The mask loss of prototype-based instance segmentation.

Shapes: N masks, h w height and width of prototypes. Boxes are xyxy pixels of the prototypes.
"""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

SMOOTH = 1.0
"""Added to numerator and denominator of the Dice ratio, in pixels, to stabilise tiny masks."""


def mask_loss(logits: Tensor, masks: Tensor, boxes: Tensor) -> Tensor:
    """The loss of each mask: mean binary cross-entropy inside the object's box, plus the Dice loss.

    Masks are cropped to the box at inference, so nothing is learnt outside it; dividing by the box's area lets small
    objects count as much as large ones (Bolya et al. 2019, "YOLACT", sections 3.1 and 3.3). The Dice term (Milletari et
    al. 2016, "V-Net", section 3) upweights thin objects, whose boxes are mostly background.

    Args:
        logits: (N, h, w).
        masks: (N, h, w) of 0 and 1.
        boxes: (N, 4) of the objects; a pixel that a box touches is inside.

    Returns:
        (N,).
    """
    inside = _inside(boxes, *logits.shape[-2:]).to(logits)
    wanted = masks.to(logits)
    each = binary_cross_entropy_with_logits(logits, wanted, reduction="none") * inside
    p, wanted = logits.sigmoid() * inside, wanted * inside
    both, total = (p * wanted).sum((1, 2)), p.sum((1, 2)) + wanted.sum((1, 2))
    dice = (2 * both + SMOOTH) / (total + SMOOTH)
    return each.sum((1, 2)) / inside.sum((1, 2)).clamp(min=1) + 1 - dice


def _inside(boxes: Tensor, height: int, width: int) -> Tensor:
    """(N, h, w) whether a box touches a pixel."""
    x, y = torch.arange(width, device=boxes.device), torch.arange(height, device=boxes.device)
    left, top, right, bottom = boxes[:, :, None].unbind(1)  # (N, 1) each
    columns, rows = (x + 1 > left) & (x < right), (y + 1 > top) & (y < bottom)
    return rows[:, :, None] & columns[:, None]
