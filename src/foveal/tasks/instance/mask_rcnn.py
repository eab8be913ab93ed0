"""Mask R-CNN: proposals, and for each a class, a refined box and a mask.

He et al. 2017, "Mask R-CNN". The boxes that the second stage is trained on depend on the ground truth, which
``forward`` does not have; so in training it returns no rows of the second stage, and ``losses`` runs that stage on the
maps that ``forward`` returns.

Shapes: B batch, C channels, H W height and width of the input, h w of a map, A anchors, P proposals, K classes, k
objects detected, m side of a mask.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from foveal.models.config import ModelConfig
from foveal.models.contract import Maps, Model
from foveal.models.detection.anchors import decode, make_anchors, map_sizes
from foveal.models.detection.mask_rcnn import MASK_SIDE, BoxHeads, ProposalHead
from foveal.models.detection.proposals import clip, propose
from foveal.models.pyramid import FeaturePyramid, InnerMaps, build_inner_maps
from foveal.models.taking import ClassRows
from foveal.models.weights import Weights
from foveal.tasks.detect.config import STRIDES
from foveal.tasks.detect.model import anchor_shapes
from foveal.tasks.instance.config import InstanceConfig
from foveal.tasks.instance.mask_rcnn_loss import MaskRcnnLoss

PROPOSAL_IOU = 0.7
"""IoU above which the lower-scored of two proposals is suppressed (Ren et al. 2015, "Faster R-CNN", section 3.3)."""


class MaskRcnn(Model):
    """Objects of every image, each with a mask within its box.

    Args:
        backbone: Gives maps at ``STRIDES``.
        own: The settings.
        num_classes: K.
        weights: Its pretrained weights.

    Attributes:
        criterion: The loss.
        weights: Source and statistics of its pretrained weights, without the tensors; None: random weights.
    """

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
        self.criterion = MaskRcnnLoss(own, num_classes, anchors=len(self.shapes[0]))

    def look(self, inputs: Tensor) -> Maps:
        """Normalised (B, 3, H, W) -> the pyramid's maps (B, C, h, w), finest first."""
        height, width = inputs.shape[-2:]
        maps = self.pyramid(self.backbone(inputs), map_sizes(height, width, self.strides))
        return Maps(tuple(maps), (height, width))

    def answer(self, maps: Maps) -> dict[str, Tensor]:
        """The proposals, the second stage's detections from the best of them, and the maps.

        Returns:
            ``objectness`` (B, A), ``offsets`` and ``anchors`` (B, A, 4) and ``levels`` (B, A), the index of each
            anchor's stride; ``proposals`` (B, P, 4), best first; ``boxes`` (B, k, 4), their ``labels`` (B, k),
            ``logits`` (B, k, K + 1), the last for background, and ``masks`` (B, k, m, m), logits too; and ``map_8``,
            ``map_16`` and ``map_32`` (B, C, h, w). Boxes are xyxy input pixels; k is 0 in training.
        """
        out = self.first(maps.tensors)
        sizes = [(features.shape[-2], features.shape[-1]) for features in maps.tensors]
        anchors = make_anchors(self.shapes, self.strides, sizes, like=out["offsets"].float())
        counts = [rows * columns * len(self.shapes[0]) for rows, columns in sizes]
        levels = torch.arange(len(sizes)).repeat_interleave(torch.tensor(counts)).to(anchors.device)
        proposals = propose(
            clip(decode(out["offsets"].detach().float(), anchors), *maps.size),
            out["objectness"].detach().float(),
            counts,
            count=max(self.own.num_proposals, 2 * self.own.proposal_samples),
            iou=PROPOSAL_IOU,
        )
        pooled = maps.tensors[: len(STRIDES)]
        detected = self.detect(pooled, proposals[:, : 0 if self.training else self.own.num_proposals], maps.size)
        batch = proposals.shape[0]
        return {
            **out,
            "anchors": anchors.expand(batch, -1, -1),
            "levels": levels.expand(batch, -1),
            "proposals": proposals,
            **detected,
            **{f"map_{stride}": features for stride, features in zip(STRIDES, pooled, strict=True)},
        }

    def detect(self, maps: Sequence[Tensor], proposals: Tensor, size: tuple[int, int]) -> dict[str, Tensor]:
        """The second stage: the best (proposal, class) pairs, as many as proposals (B, P, 4), with masks.

        Without proposals the heads still run on empty tensors, so that all parameters take part in ``forward`` and
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
        pairs = scores.topk(min(count, self.own.candidates or count), dim=1).indices  # (B, k)
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

    def class_rows(self) -> dict[str, ClassRows]:
        """The second stage's: class and box with the background's behind them, and masks."""
        box, mask = "second.box_predictor", "second.mask_predictor.mask_fcn_logits"
        return {
            **dict.fromkeys((f"{box}.cls_score.weight", f"{box}.cls_score.bias"), ClassRows(extra=1)),
            **dict.fromkeys((f"{box}.bbox_pred.weight", f"{box}.bbox_pred.bias"), ClassRows(extra=1, width=4)),
            **dict.fromkeys((f"{mask}.weight", f"{mask}.bias"), ClassRows()),
        }

    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """As ``MaskRcnnLoss``, of outputs in either mode."""
        losses: dict[str, Tensor] = self.criterion(self.second, outputs, targets)
        return losses


def build_mask_rcnn(model: ModelConfig, own: InstanceConfig, num_classes: int, *, pretrained: bool) -> MaskRcnn:
    """A network without class weights.

    Raises:
        ConfigError: No such backbone, or anchor shapes that do not fit the levels.
        WeightsError: The weights are not available or do not fit.
    """
    backbone, weights = build_inner_maps(model, STRIDES, pretrained=pretrained)
    return MaskRcnn(backbone, own, num_classes, weights)
