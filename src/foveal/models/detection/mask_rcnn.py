"""The heads of Mask R-CNN, built from torchvision's parts: one proposes boxes, one classifies and refines each.

He et al. 2017, "Mask R-CNN"; the first stage is Ren et al. 2015, "Faster R-CNN", section 3.1.

Shapes: B batch, C channels, h w of a level, A anchors in all, a anchors per location, K classes, N boxes of the batch,
m side of a mask.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.rpn import RPNHead

from foveal.models.detection.roi_pool import pool_boxes

BOX_SIDE = 7
"""Bins per side of the features that classify a box (He et al. 2017, figure 4)."""
MASK_POOL = 14
"""Bins per side of the features of a mask (ibid.)."""
MASK_SIDE = 2 * MASK_POOL
"""m."""


class ProposalHead(nn.Module):
    """Objectness and box offsets of each anchor.

    Args:
        channels: C.
        anchors: a.
        depth: Convolutions shared by both.
    """

    def __init__(self, channels: int, anchors: int, *, depth: int) -> None:
        super().__init__()
        self.rpn = RPNHead(channels, anchors, depth)

    def forward(self, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """Maps (B, C, h, w) -> ``objectness`` (B, A), logits, and ``offsets`` (B, A, 4)."""
        scores, offsets = self.rpn(list(maps))
        batch = maps[0].shape[0]
        return {
            "objectness": torch.cat([each.permute(0, 2, 3, 1).reshape(batch, -1) for each in scores], 1),
            "offsets": torch.cat([each.permute(0, 2, 3, 1).reshape(batch, -1, 4) for each in offsets], 1),
        }


class BoxHeads(nn.Module):
    """For each box its class, and per class a refined box and a mask.

    Args:
        channels: C.
        num_classes: K.
        strides: Of the levels that boxes are pooled from.
        features: Width of the two layers before class and box.
        mask_channels: Channels of the convolutions before the mask.
        mask_depth: How many of them.
    """

    def __init__(
        self,
        channels: int,
        num_classes: int,
        *,
        strides: Sequence[int],
        features: int,
        mask_channels: int,
        mask_depth: int,
    ) -> None:
        super().__init__()
        self.num_classes, self.strides = num_classes, tuple(strides)
        self.box = TwoMLPHead(channels * BOX_SIDE**2, features)
        self.box_predictor = FastRCNNPredictor(features, num_classes + 1)
        # Girshick 2015, "Fast R-CNN", section 2.3: at first all classes are equally likely and proposals are unchanged.
        nn.init.normal_(self.box_predictor.cls_score.weight, std=0.01)
        nn.init.normal_(self.box_predictor.bbox_pred.weight, std=0.001)
        nn.init.zeros_(self.box_predictor.cls_score.bias)
        nn.init.zeros_(self.box_predictor.bbox_pred.bias)
        self.mask = MaskRCNNHeads(channels, [mask_channels] * mask_depth, 1)
        self.mask_predictor = MaskRCNNPredictor(mask_channels if mask_depth else channels, mask_channels, num_classes)

    def boxes(self, maps: Sequence[Tensor], image: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Classify and refine boxes (N, 4) of images ``image`` (N,) on maps (B, C, h, w).

        Returns:
            (N, K + 1) logits, the last for background, and (N, K, 4) offsets of the object's box, for each class.
        """
        pooled = pool_boxes(maps, self.strides, image, boxes, side=BOX_SIDE)
        logits, offsets = self.box_predictor(self.box(pooled))
        return logits, offsets.view(-1, self.num_classes + 1, 4)[:, :-1]

    def masks(self, maps: Sequence[Tensor], image: Tensor, boxes: Tensor, labels: Tensor) -> Tensor:
        """(N, m, m) logits of the masks within boxes (N, 4), those of the classes ``labels`` (N,)."""
        pooled = pool_boxes(maps, self.strides, image, boxes, side=MASK_POOL)
        every: Tensor = self.mask_predictor(self.mask(pooled))
        return every.gather(1, labels[:, None, None, None].expand(-1, 1, MASK_SIDE, MASK_SIDE))[:, 0]
