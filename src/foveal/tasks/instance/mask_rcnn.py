"""Mask R-CNN: proposals, and for each a class, a better box and a mask of its own.

He et al. 2017, "Mask R-CNN". Which boxes the second stage learns from depends on the objects that are there, which
``forward`` does not see; so in training it gives no rows of the second stage, and ``losses`` runs that stage on the
maps that ``forward`` gives along.

Shapes: B batch, H W rows and columns of the input, A anchors, P proposals, M objects per image (padded with label -1),
K classes, k objects found, N boxes of the whole batch, m side of a mask, h w of the masks to learn from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from foveal.losses.boxes import box_loss
from foveal.losses.distributed import mean_over_processes
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.models.detection.anchors import decode, encode, make_anchors, map_sizes
from foveal.models.detection.assign import Assignment, assign_iou
from foveal.models.detection.mask_rcnn import MASK_SIDE, BoxHeads, ProposalHead
from foveal.models.detection.proposals import balanced, clip, propose
from foveal.models.detection.roi_pool import pool_masks
from foveal.models.pyramid import FeaturePyramid, InnerMaps, build_inner_maps
from foveal.models.weights import Weights
from foveal.tasks.detect.config import STRIDES
from foveal.tasks.detect.model import anchor_shapes, assign_anchors
from foveal.tasks.instance.config import InstanceConfig
from foveal.types.flags import NOT_EVALUATED

PROPOSAL_IOU = 0.7
"""Overlap above which the worse of two proposals is suppressed (Ren et al. 2015, "Faster R-CNN", section 3.3)."""
ANCHOR_SAMPLES, ANCHOR_SHARE = 256, 0.5
"""Anchors of an image that the first stage learns from, and the part of them with an object (ibid., section 3.1.3)."""
OBJECT_IOU, OBJECT_SHARE = 0.5, 0.25
"""Overlap from which a proposal has an object, and the part of those sampled that have one (He et al. 2017, section
3.1)."""


@dataclass(frozen=True)
class Samples:
    """The boxes that the second stage learns from.

    Attributes:
        image: (N,) place of each in the batch.
        boxes: (N, 4).
        owner: (N,) its object's place among the image's M; -1: background.
    """

    image: Tensor
    boxes: Tensor
    owner: Tensor


class MaskRcnn(Model):
    """Objects of every image, each with a mask within its box.

    Args:
        backbone: Gives maps at ``STRIDES``.
        own: The settings.
        num_classes: K.
        weights: Where its pretrained weights came from.

    Attributes:
        class_weights: (K,) factors on the losses of each class's objects in the second stage; None: all 1.
        weights: Where its pretrained weights came from and their statistics, the tensors themselves let go; None: it
            started at random.
    """

    class_weights: Tensor | None

    def __init__(
        self, backbone: InnerMaps, own: InstanceConfig, num_classes: int, weights: Weights | None = None
    ) -> None:
        super().__init__()
        self.own, self.num_classes, self.weights = own, num_classes, weights
        self.strides = (*STRIDES, *(STRIDES[-1] * 2 ** (i + 1) for i in range(own.extra_levels)))
        self.shapes = anchor_shapes(own, self.strides)
        self.backbone = backbone
        self.pyramid = FeaturePyramid(backbone.channels, own.channels, extra=own.extra_levels)
        self.first = ProposalHead(own.channels, len(self.shapes[0]), depth=own.head_depth)
        self.second = BoxHeads(
            own.channels,
            num_classes,
            strides=STRIDES,
            features=own.box_features,
            mask_channels=own.mask_channels,
            mask_depth=own.mask_depth,
        )
        self.register_buffer("class_weights", None, persistent=False)

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """Normalised (B, 3, H, W) -> the proposals, what the second stage finds in the best of them, and the maps.

        Returns:
            ``objectness`` (B, A), ``offsets`` and ``anchors`` (B, A, 4) and ``levels`` (B, A), each anchor's place
            among the strides; ``proposals`` (B, P, 4), best first; ``boxes`` (B, k, 4), their ``labels`` (B, k),
            ``logits`` (B, k, K + 1), the last for background, and ``masks`` (B, k, m, m), logits too; and ``map_8``,
            ``map_16`` and ``map_32`` (B, C, ., .). Boxes are xyxy input pixels; k is 0 in training.
        """
        height, width = inputs.shape[-2:]
        sizes = map_sizes(height, width, self.strides)
        maps = self.pyramid(self.backbone(inputs), sizes)
        out = self.first(maps)
        anchors = make_anchors(self.shapes, self.strides, sizes, like=out["offsets"].float())
        counts = [rows * columns * len(self.shapes[0]) for rows, columns in sizes]
        levels = torch.arange(len(sizes)).repeat_interleave(torch.tensor(counts)).to(anchors.device)
        proposals = propose(
            clip(decode(out["offsets"].detach().float(), anchors), height, width),
            out["objectness"].detach().float(),
            counts,
            count=max(self.own.proposals, 2 * self.own.proposal_samples),
            iou=PROPOSAL_IOU,
        )
        looked_at = proposals[:, : 0 if self.training else self.own.proposals]
        return {
            **out,
            "anchors": anchors.expand(inputs.shape[0], -1, -1),
            "levels": levels.expand(inputs.shape[0], -1),
            "proposals": proposals,
            **self.look(maps[: len(STRIDES)], looked_at, (height, width)),
            **{f"map_{stride}": features for stride, features in zip(STRIDES, maps, strict=False)},
        }

    def look(self, maps: Sequence[Tensor], proposals: Tensor, size: tuple[int, int]) -> dict[str, Tensor]:
        """The second stage: the best (proposal, class) pairs, as many as proposals (B, P, 4), with masks.

        Without proposals the heads still run, on nothing: so all parameters belong to what ``forward`` gives, and
        distributed training waits for their gradients.

        Args:
            maps: (B, C, h, w) at ``STRIDES``.
            proposals: (B, P, 4).
            size: (H, W).
        """
        batch, count = proposals.shape[:2]
        classes = self.num_classes
        image = torch.arange(batch, device=proposals.device)[:, None].expand(-1, count).reshape(-1)
        logits, offsets = self.second.boxes(maps, image, proposals.reshape(-1, 4))
        logits = logits.view(batch, count, classes + 1)
        scores = logits.float().softmax(-1)[..., :-1].reshape(batch, count * classes)
        pairs = scores.topk(min(count, self.own.candidates), dim=1).indices  # (B, k)
        row, labels = pairs // classes, pairs % classes
        moved = offsets.float().reshape(batch, count * classes, 4).gather(1, pairs[..., None].expand(-1, -1, 4))
        boxes = clip(decode(moved, proposals.gather(1, row[..., None].expand(-1, -1, 4))), *size)
        k = pairs.shape[1]
        masks = self.second.masks(
            maps, image.view(batch, count)[:, :k].reshape(-1), boxes.detach().reshape(-1, 4), labels.reshape(-1)
        )
        return {
            "boxes": boxes,
            "labels": labels,
            "logits": logits.gather(1, row[..., None].expand(-1, -1, classes + 1)),
            "masks": masks.view(batch, k, MASK_SIDE, MASK_SIDE),
        }

    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """``objectness`` and ``proposal`` of the first stage, ``class``, ``box`` and ``mask`` of the second.

        Args:
            outputs: Of ``forward``, in either mode.
            targets: ``boxes`` (B, M, 4), ``labels`` (B, M), -1 where there is no object, ``flags`` (B, M),
                ``types.flags.Flag``: what is not evaluated teaches nothing, and ``masks`` (B, M, h, w) of 0 and 1; an
                object whose mask is empty teaches its box alone.
        """
        first = self.first_losses(outputs, targets)
        samples = self.sample(outputs["proposals"], targets)
        return {**first, **self.second_losses(samples, outputs, targets)}

    def first_losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Of anchors, half of them with an object where there are enough."""
        anchors, truths = outputs["anchors"][0], targets["boxes"].float()
        counts = torch.bincount(outputs["levels"][0], minlength=len(self.strides)).tolist()
        each = len(self.shapes[0])
        assignment = assign_anchors(self.own, anchors, counts, truths, targets["labels"], targets["flags"], each=each)
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
        """Proposals (B, P, 4), and the objects' own boxes, that the second stage learns from."""
        truths, labels = targets["boxes"].float(), targets["labels"]
        regions = (labels >= 0) & ((targets["flags"] & NOT_EVALUATED) > 0)
        boxes = torch.cat([proposals, truths], 1)
        assignment = assign_boxes(boxes, truths, (labels >= 0) & ~regions, regions)
        there = (boxes[..., 2:] > boxes[..., :2]).all(-1)
        there[:, proposals.shape[1] :] &= labels >= 0
        has = assignment.owner >= 0
        background = ~has & ~assignment.ignored & there
        picked = balanced(has, background, count=self.own.proposal_samples, share=OBJECT_SHARE)
        image, place = picked.nonzero(as_tuple=True)
        return Samples(image, boxes[image, place], assignment.owner[image, place])

    def second_losses(
        self, samples: Samples, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Of sampled boxes: their classes, and the boxes and masks of those that have an object."""
        maps = [outputs[f"map_{stride}"].float() for stride in STRIDES]
        logits, offsets = self.second.boxes(maps, samples.image, samples.boxes)
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
            "mask": self.mask_loss(maps, image, boxes, labels, targets["masks"][image, owner]),
        }

    def box_losses(self, offsets: Tensor, boxes: Tensor, truths: Tensor) -> Tensor:
        """(N,) of offsets from boxes (N, 4) that should reach their objects (N, 4)."""
        wanted = encode(truths, boxes) if self.own.box_loss == "smooth_l1" else truths
        return self.own.box_weight * box_loss(self.own.box_loss, decode(offsets, boxes), truths, offsets, wanted)

    def mask_loss(self, maps: Sequence[Tensor], image: Tensor, boxes: Tensor, labels: Tensor, masks: Tensor) -> Tensor:
        """Mean cross-entropy over the places of boxes (N, 4) whose masks (N, h, w) are known (ibid., section 3)."""
        known = masks.flatten(1).any(1).bool()
        logits = self.second.masks(maps, image[known], boxes[known], labels[known])
        wanted = pool_masks(masks[known], boxes[known], side=MASK_SIDE, stride=self.own.mask_stride)
        each = binary_cross_entropy_with_logits(logits, wanted, reduction="none").mean((1, 2))
        return self.own.mask_weight * each.sum() / _mean_count(each)

    def stages(self) -> Sequence[nn.Module]:
        """The backbone's stages."""
        return self.backbone.stages()

    @property
    def pretrained(self) -> frozenset[str]:
        """Names of the parameters that came from pretrained weights."""
        return frozenset(f"backbone.{name}" for name in self.backbone.pretrained)


def assign_boxes(boxes: Tensor, truths: Tensor, valid: Tensor, regions: Tensor) -> Assignment:
    """Give boxes (B, N, 4), the objects' own among them, their objects (B, M, 4); the rest is as for ``assign_iou``.

    That each object has at least the box that overlaps it most adds nothing here: that is its own.
    """
    if truths.shape[1] == 0:
        none = torch.full(boxes.shape[:2], -1, device=boxes.device)
        return Assignment(none, none > 0)
    return assign_iou(boxes, truths, valid, regions, positive=OBJECT_IOU, negative=OBJECT_IOU)


def build_mask_rcnn(model: ModelConfig, own: InstanceConfig, num_classes: int, *, pretrained: bool) -> MaskRcnn:
    """A network without class weights.

    Raises:
        ConfigError: No such backbone, or anchor shapes that do not fit the levels.
        WeightsError: The weights are not at hand or do not fit.
    """
    backbone, weights = build_inner_maps(model, STRIDES, pretrained=pretrained)
    return MaskRcnn(backbone, own, num_classes, None if weights is None else replace(weights, tensors={}))


def _mean_count(each: Tensor) -> Tensor:
    """How many losses there are, averaged over the processes; at least 1."""
    return mean_over_processes(torch.tensor(len(each), device=each.device)).clamp(min=1)
