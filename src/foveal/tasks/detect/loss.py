"""The loss of a detector.

Shapes: B batch, A anchors, M objects per image (padded with label -1), K classes, P positive anchors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from foveal.losses.anchor_focal import focal
from foveal.losses.boxes import box_loss
from foveal.losses.class_weights import effective_number, inverse_frequency
from foveal.losses.distributed import mean_over_processes
from foveal.models.detection.anchors import encode
from foveal.models.detection.assign import Assignment, assign_atss, assign_iou
from foveal.tasks.detect.config import DetectConfig
from foveal.types.arrays import IntArray
from foveal.types.flags import IGNORED_FLAGS


@dataclass(frozen=True)
class Matches:
    """Anchors and their objects.

    Attributes:
        assignment: Of every anchor.
        image: (P,) index in the batch of each positive anchor's image.
        anchor: (P,) its index among the image's A.
        owner: (P,) index of its object among the image's M.
    """

    assignment: Assignment
    image: Tensor
    anchor: Tensor
    owner: Tensor


class DetectLoss(nn.Module):
    """Losses of class, box and, if enabled, objectness.

    Args:
        own: The settings.
        num_classes: K.
        anchors: Anchors per location.

    Attributes:
        class_weights: (K,) factors on the class and box losses of each class's objects; None: all 1.
    """

    class_weights: Tensor | None

    def __init__(self, own: DetectConfig, num_classes: int, *, anchors: int) -> None:
        super().__init__()
        self.own, self.num_classes, self.anchors = own, num_classes, anchors
        self.register_buffer("class_weights", None, persistent=False)

    def forward(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """``class``, ``box`` and, if enabled, ``objectness``: sums over anchors, divided by the number of positives.

        Args:
            outputs: Of a ``Detector``.
            targets: ``boxes`` (B, M, 4), ``labels`` (B, M), -1 where there is no object, and ``flags`` (B, M),
                ``types.flags.Flag``: nothing is learnt from an ignored object.
        """
        return self.compute(self.match(outputs, targets), outputs, targets)

    def match(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Matches:
        """Assign objects to the anchors; arguments as for ``forward``."""
        per_level = torch.bincount(outputs["levels"][0]).tolist()
        assignment = assign_anchors(self.own, outputs["anchors"][0], per_level, targets, each=self.anchors)
        image, anchor = (assignment.owner >= 0).nonzero(as_tuple=True)
        return Matches(assignment, image, anchor, assignment.owner[image, anchor])

    def compute(
        self, matches: Matches, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """The losses of anchors with assigned objects."""
        own, assignment, has = self.own, matches.assignment, matches.assignment.owner >= 0
        image, anchor, owner = matches.image, matches.anchor, matches.owner
        truths, classes = targets["boxes"].float()[image, owner], targets["labels"][image, owner]  # (P, 4), (P,)
        predicted, own_anchor = outputs["boxes"][image, anchor], outputs["anchors"][image, anchor]
        count = mean_over_processes(has.sum()).clamp(min=1)
        wanted = encode(truths, own_anchor) if own.box_loss == "smooth_l1" else truths
        per_box = box_loss(own.box_loss, predicted, truths, outputs["offsets"][image, anchor].float(), wanted)
        fit = paired_iou(predicted.detach(), truths) if own.quality else torch.ones_like(per_box)
        weight = 1.0 if self.class_weights is None else self.class_weights[classes]
        out = {"box": own.box_weight * (per_box * weight).sum() / count}
        logits = outputs["logits"].float()
        if own.objectness:
            out["objectness"] = self.objectness_loss(outputs["objectness"].float(), has, fit, assignment) / count
            picked = self.own_class(logits[image, anchor], classes, torch.ones_like(fit))
            out["class"] = (picked.sum(-1) * weight).sum() / count
            return out
        out["class"] = self.class_loss(logits, has, classes, fit, assignment) / count
        return out

    def class_loss(self, logits: Tensor, has: Tensor, classes: Tensor, fit: Tensor, assignment: Assignment) -> Tensor:
        """The class loss of all anchors that are not ignored, summed.

        Args:
            logits: (B, A, K), or K + 1 with cross-entropy.
            has: (B, A) bool, P of them true.
            classes: (P,) class ids.
            fit: (P,) target score of the correct class.
            assignment: Which anchors are ignored.
        """
        counted = ~assignment.ignored
        if self.own.class_loss == "cross_entropy":
            wanted = torch.full(has.shape, self.num_classes, device=logits.device)
            wanted[has] = classes
            each = cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none").view(has.shape)
        else:
            targets = torch.zeros_like(logits)
            image, anchor = has.nonzero(as_tuple=True)
            targets[image, anchor, classes] = fit.to(targets)
            each = self.score_loss(logits, targets).sum(-1)
        if self.class_weights is not None:
            factor = torch.ones_like(each)
            factor[has] = self.class_weights[classes].to(factor)
            each = each * factor
        return (each * counted).sum()

    def score_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss of each sigmoid score."""
        if self.own.class_loss == "focal":
            alpha = -1.0 if self.own.quality else self.own.focal_alpha
            return focal(logits, targets, gamma=self.own.focal_gamma, alpha=alpha)
        return binary_cross_entropy_with_logits(logits, targets, reduction="none")

    def own_class(self, logits: Tensor, classes: Tensor, fit: Tensor) -> Tensor:
        """(P, 1 or K) class losses of the positive anchors, where objectness separates them from background."""
        if self.own.class_loss == "cross_entropy":
            return cross_entropy(logits[:, : self.num_classes], classes, reduction="none")[:, None]
        targets = torch.zeros_like(logits)
        targets[torch.arange(len(classes), device=classes.device), classes] = fit.to(targets)
        return self.score_loss(logits, targets)

    def objectness_loss(self, logits: Tensor, has: Tensor, fit: Tensor, assignment: Assignment) -> Tensor:
        """The objectness loss of all anchors (B, A) that are not ignored, summed."""
        targets = torch.zeros_like(logits)
        targets[has] = fit.to(targets)
        kind = self.score_loss if self.own.class_loss != "cross_entropy" else _binary
        return (kind(logits, targets) * ~assignment.ignored).sum()


@torch.no_grad()
def assign_anchors(
    own: DetectConfig, anchors: Tensor, per_level: Sequence[int], targets: Mapping[str, Tensor], *, each: int
) -> Assignment:
    """Assign objects to anchors, as configured.

    Args:
        own: The settings.
        anchors: (A, 4).
        per_level: Number of anchors of each level.
        targets: ``boxes`` (B, M, 4), ``labels`` (B, M), -1 where there is no object, and ``flags`` (B, M).
        each: Anchors per location.
    """
    boxes, labels = targets["boxes"].float(), targets["labels"]
    regions = (labels >= 0) & ((targets["flags"] & IGNORED_FLAGS) > 0)
    valid = (labels >= 0) & ~regions
    if boxes.shape[1] == 0:  # no objects in the batch
        none = torch.full((len(boxes), len(anchors)), -1, device=anchors.device)
        return Assignment(none, none > 0)
    if own.assign == "iou":
        positive, negative = own.iou_positive, own.iou_negative
        return assign_iou(anchors, boxes, valid, regions, positive=positive, negative=negative)
    return assign_atss(anchors, per_level, boxes, valid, regions, k=own.atss_candidates * each)


def build_class_weights(own: DetectConfig, counts: IntArray) -> Tensor | None:
    """(K,) factors from the number of objects of each class, or None."""
    match own.class_weights:
        case "none":
            return None
        case "inverse":
            return inverse_frequency(counts)
        case "effective":
            return effective_number(counts, beta=own.effective_beta)


def paired_iou(boxes: Tensor, truths: Tensor) -> Tensor:
    """(P,) IoU of each box with its own truth."""
    low, high = torch.maximum(boxes[:, :2], truths[:, :2]), torch.minimum(boxes[:, 2:], truths[:, 2:])
    common = (high - low).clamp(min=0).prod(-1)
    areas = [(b[:, 2:] - b[:, :2]).clamp(min=0).prod(-1) for b in (boxes, truths)]
    return common / (areas[0] + areas[1] - common).clamp(min=1e-9)


def _binary(logits: Tensor, targets: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(logits, targets, reduction="none")
