"""The losses of the two stages of Mask R-CNN.

Shapes: B batch, A anchors, P proposals, M objects per image (padded with label -1), K classes, N boxes of the batch, h
w of the target masks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from foveal.losses.boxes import box_loss
from foveal.losses.distributed import mean_over_processes
from foveal.models.detection.anchors import decode, encode
from foveal.models.detection.assign import Assignment, assign_iou
from foveal.models.detection.mask_rcnn import MASK_SIDE, BoxHeads
from foveal.models.detection.proposals import balanced
from foveal.models.detection.roi_pool import pool_masks
from foveal.tasks.detect.config import STRIDES
from foveal.tasks.detect.loss import assign_anchors
from foveal.tasks.instance.config import InstanceConfig
from foveal.types.flags import IGNORED_FLAGS

ANCHOR_SAMPLES, ANCHOR_SHARE = 256, 0.5
"""Anchors per image sampled for the first stage, and the fraction of positives (ibid., section 3.1.3)."""
OBJECT_IOU, OBJECT_SHARE = 0.5, 0.25
"""IoU from which a proposal is positive, and the fraction of positives sampled (He et al. 2017, section 3.1)."""


@dataclass(frozen=True)
class Samples:
    """The boxes that the second stage is trained on.

    Attributes:
        image: (N,) index of each box's image in the batch.
        boxes: (N, 4).
        owner: (N,) index of its object among the image's M; -1: background.
    """

    image: Tensor
    boxes: Tensor
    owner: Tensor


class MaskRcnnLoss(nn.Module):
    """Losses of proposals, and of class, box and mask within them.

    Args:
        own: The settings.
        num_classes: K.
        anchors: Anchors per location.

    Attributes:
        class_weights: (K,) factors on the losses of each class's objects in the second stage; None: all 1.
    """

    class_weights: Tensor | None

    def __init__(self, own: InstanceConfig, num_classes: int, *, anchors: int) -> None:
        super().__init__()
        self.own, self.num_classes, self.anchors = own, num_classes, anchors
        self.register_buffer("class_weights", None, persistent=False)

    def forward(
        self, heads: BoxHeads, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """``objectness`` and ``proposal`` of the first stage, ``class``, ``box`` and ``mask`` of the second.

        Args:
            heads: The second stage.
            outputs: Of a ``MaskRcnn``, in either mode.
            targets: ``boxes`` (B, M, 4), ``labels`` (B, M), -1 where there is no object, ``flags`` (B, M),
                ``types.flags.Flag``: nothing is learnt from an ignored object, and ``masks`` (B, M, h, w) of 0 and 1;
                objects with an empty mask have no mask loss.
        """
        first = self.first_losses(outputs, targets)
        samples = self.sample(outputs["proposals"], targets)
        return {**first, **self.second_losses(heads, samples, outputs, targets)}

    def first_losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Losses of sampled anchors, half of them positive where there are enough."""
        anchors, truths = outputs["anchors"][0], targets["boxes"].float()
        per_level = torch.bincount(outputs["levels"][0]).tolist()
        assignment = assign_anchors(self.own, anchors, per_level, targets, each=self.anchors)
        has = assignment.owner >= 0
        picked = balanced(has, ~has & ~assignment.ignored, count=ANCHOR_SAMPLES, share=ANCHOR_SHARE)
        logits = outputs["objectness"].float()
        score = binary_cross_entropy_with_logits(logits, has.to(logits), reduction="none")
        image, anchor = (picked & has).nonzero(as_tuple=True)
        near = self.box_losses(
            outputs["offsets"][image, anchor].float(),
            anchors[anchor],
            truths[image, assignment.owner[image, anchor]],
        )
        return {
            "objectness": (score * picked).sum() / mean_over_processes(picked.sum()).clamp(min=1),
            "proposal": near.sum() / _mean_count(near),
        }

    @torch.no_grad()
    def sample(self, proposals: Tensor, targets: Mapping[str, Tensor]) -> Samples:
        """Proposals (B, P, 4), and the objects' own boxes, for the second stage."""
        truths, labels = targets["boxes"].float(), targets["labels"]
        regions = (labels >= 0) & ((targets["flags"] & IGNORED_FLAGS) > 0)
        boxes = torch.cat([proposals, truths], 1)
        assignment = assign_boxes(boxes, truths, (labels >= 0) & ~regions, regions)
        real = (boxes[..., 2:] > boxes[..., :2]).all(-1)
        real[:, proposals.shape[1] :] &= labels >= 0
        has = assignment.owner >= 0
        background = ~has & ~assignment.ignored & real
        picked = balanced(has, background, count=self.own.proposal_samples, share=OBJECT_SHARE)
        image, place = picked.nonzero(as_tuple=True)
        return Samples(image, boxes[image, place], assignment.owner[image, place])

    def second_losses(
        self, heads: BoxHeads, samples: Samples, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Losses of sampled boxes: classes, and boxes and masks of the positives."""
        maps = [outputs[f"map_{stride}"].float() for stride in STRIDES]
        logits, offsets = heads.boxes(maps, samples.image, samples.boxes)
        has = samples.owner >= 0
        image, boxes, owner = samples.image[has], samples.boxes[has], samples.owner[has]
        labels = targets["labels"][image, owner]
        wanted = torch.full_like(samples.owner, self.num_classes)
        wanted[has] = labels
        weights = torch.ones_like(logits[:, 0])
        if self.class_weights is not None:
            weights[has] = self.class_weights[labels].to(weights)
        each = cross_entropy(logits, wanted, reduction="none") * weights
        own = offsets[has].gather(1, labels[:, None, None].expand(-1, 1, 4))[:, 0]
        near = self.box_losses(own, boxes, targets["boxes"].float()[image, owner]) * weights[has]
        return {
            "class": each.sum() / _mean_count(each),
            "box": near.sum() / _mean_count(near),
            "mask": self.mask_loss(heads, maps, image, boxes, labels, targets["masks"][image, owner]),
        }

    def box_losses(self, offsets: Tensor, boxes: Tensor, truths: Tensor) -> Tensor:
        """(N,) losses of offsets from boxes (N, 4) to their objects (N, 4)."""
        wanted = encode(truths, boxes) if self.own.box_loss == "smooth_l1" else truths
        return self.own.box_weight * box_loss(self.own.box_loss, decode(offsets, boxes), truths, offsets, wanted)

    def mask_loss(
        self,
        heads: BoxHeads,
        maps: Sequence[Tensor],
        image: Tensor,
        boxes: Tensor,
        labels: Tensor,
        masks: Tensor,
    ) -> Tensor:
        """Mean cross-entropy over the mask pixels of boxes (N, 4) with known masks (N, h, w) (ibid., section 3)."""
        known = masks.flatten(1).any(1).bool()
        logits = heads.masks(maps, image[known], boxes[known], labels[known])
        wanted = pool_masks(masks[known], boxes[known], side=MASK_SIDE, stride=self.own.mask_stride)
        each = binary_cross_entropy_with_logits(logits, wanted, reduction="none").mean((1, 2))
        return self.own.mask_weight * each.sum() / _mean_count(each)


def assign_boxes(boxes: Tensor, truths: Tensor, valid: Tensor, regions: Tensor) -> Assignment:
    """Assign objects (B, M, 4) to boxes (B, N, 4), which include the objects' own; otherwise as ``assign_iou``.

    The rule that each object gets the box that overlaps it most adds nothing: that is its own box.
    """
    if truths.shape[1] == 0:
        none = torch.full(boxes.shape[:2], -1, device=boxes.device)
        return Assignment(none, none > 0)
    return assign_iou(boxes, truths, valid, regions, positive=OBJECT_IOU, negative=OBJECT_IOU)


def _mean_count(each: Tensor) -> Tensor:
    """The number of losses, averaged over the processes; at least 1."""
    return mean_over_processes(torch.tensor(len(each), device=each.device)).clamp(min=1)
