"""Box regression losses.

Shapes: N pairs. Boxes are xyxy pixels.
"""

from typing import Literal

from torch import Tensor
from torch.nn.functional import smooth_l1_loss
from torchvision.ops import complete_box_iou_loss, generalized_box_iou_loss

BoxLoss = Literal["smooth_l1", "giou", "ciou"]

BETA = 1 / 9
"""Where smooth L1 turns from quadratic to linear (Ren et al. 2015; as in Detectron)."""
SCALES = (10.0, 10.0, 5.0, 5.0)
"""Offsets are multiplied by these before smooth L1, which brings them to about unit variance (ibid.)."""


def box_loss(kind: BoxLoss, boxes: Tensor, truths: Tensor, offsets: Tensor, wanted: Tensor) -> Tensor:
    """The loss of each pair.

    Args:
        kind: smooth_l1 on the offsets (Girshick 2015), giou (Rezatofighi et al. 2019) or ciou (Zheng et al. 2020) on
            the boxes.
        boxes: (N, 4) predicted.
        truths: (N, 4).
        offsets: (N, 4) predicted, relative to the anchors.
        wanted: (N, 4) offsets of the truths.

    Returns:
        (N,).
    """
    match kind:
        case "smooth_l1":
            scale = offsets.new_tensor(SCALES)
            return smooth_l1_loss(offsets * scale, wanted * scale, reduction="none", beta=BETA).sum(-1)
        case "giou":
            giou: Tensor = generalized_box_iou_loss(boxes, truths)
            return giou
        case "ciou":
            ciou: Tensor = complete_box_iou_loss(boxes, truths)
            return ciou
