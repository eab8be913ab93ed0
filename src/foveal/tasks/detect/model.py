"""The detector: backbone, feature pyramid, shared head, and what its anchors learn.

Shapes: B batch, H W rows and columns of the input, A anchors, M objects per image (padded with label -1), K classes,
P anchors that have an object.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from foveal.errors import ConfigError
from foveal.losses.anchor_focal import focal
from foveal.losses.boxes import box_loss
from foveal.losses.class_weights import effective_number, inverse_frequency
from foveal.losses.distributed import mean_over_processes
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.models.detection.anchors import decode, encode, make_anchors, map_sizes, shapes_from_ratios
from foveal.models.detection.assign import Assignment, assign_atss, assign_iou
from foveal.models.detection.head import DetectionHead
from foveal.models.pyramid import FeaturePyramid, InnerMaps, build_inner_maps
from foveal.models.weights import Weights
from foveal.tasks.detect.config import STRIDES, DetectConfig
from foveal.types.arrays import IntArray
from foveal.types.flags import NOT_EVALUATED


@dataclass(frozen=True)
class Matches:
    """Which anchor has which object.

    Attributes:
        assignment: Of every anchor.
        image: (P,) place in the batch of each anchor that has an object.
        anchor: (P,) its place among the image's A.
        owner: (P,) its object's place among the image's M.
    """

    assignment: Assignment
    image: Tensor
    anchor: Tensor
    owner: Tensor


class Detector(Model):
    """Class scores and a box for every anchor.

    Args:
        backbone: Gives maps at ``STRIDES``.
        own: The settings.
        num_classes: K.
        weights: Where its pretrained weights came from.
        coefficients: Mask coefficients of each anchor, for a network that has masks as well.

    Attributes:
        class_weights: (K,) factors on the class loss of each class's objects; None: all 1.
        weights: Where its pretrained weights came from and their statistics, the tensors themselves let go; None: it
            started at random.
    """

    class_weights: Tensor | None

    def __init__(
        self,
        backbone: InnerMaps,
        own: DetectConfig,
        num_classes: int,
        weights: Weights | None = None,
        *,
        coefficients: int = 0,
    ) -> None:
        super().__init__()
        self.own = own
        self.num_classes = num_classes
        self.weights = weights
        self.strides = (*STRIDES, *(STRIDES[-1] * 2 ** (i + 1) for i in range(own.extra_levels)))
        self.shapes = anchor_shapes(own, self.strides)
        softmax = own.class_loss == "cross_entropy"
        self.backbone = backbone
        self.pyramid = FeaturePyramid(backbone.channels, own.channels, extra=own.extra_levels)
        self.head = DetectionHead(
            own.channels,
            len(self.strides),
            anchors=len(self.shapes[0]),
            scores=num_classes + softmax,
            depth=own.head_depth,
            objectness=own.objectness,
            softmax=softmax,
            coefficients=coefficients,
        )
        self.register_buffer("class_weights", None, persistent=False)

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """Normalised (B, 3, H, W) -> ``logits`` (B, A, K), ``boxes``, ``offsets``, ``anchors`` (B, A, 4), ``levels``.

        With cross-entropy there are K + 1 logits, the last for background; with objectness there is ``objectness``
        (B, A), logits too. Boxes and anchors are xyxy input pixels; ``levels`` (B, A) is each anchor's place among the
        strides.
        """
        height, width = inputs.shape[-2:]
        sizes = map_sizes(height, width, self.strides)
        return self.answer(self.pyramid(self.backbone(inputs), sizes), sizes)

    def answer(self, maps: Sequence[Tensor], sizes: Sequence[tuple[int, int]]) -> dict[str, Tensor]:
        """What ``forward`` gives, from the pyramid's maps (B, C, h, w) of ``sizes`` (h, w)."""
        out = self.head(maps)
        anchors = make_anchors(self.shapes, self.strides, sizes, like=out["offsets"].float())
        counts = torch.tensor([rows * columns * len(self.shapes[0]) for rows, columns in sizes])
        levels = torch.arange(len(sizes)).repeat_interleave(counts).to(anchors.device)
        return {
            **out,
            "boxes": decode(out["offsets"].float(), anchors),
            "anchors": anchors.expand(maps[0].shape[0], -1, -1),
            "levels": levels.expand(maps[0].shape[0], -1),
        }

    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """``class``, ``box`` and, if wanted, ``objectness``: sums over anchors over the number with an object.

        Args:
            outputs: Of ``forward``.
            targets: ``boxes`` (B, M, 4), ``labels`` (B, M), -1 where there is no object, and ``flags`` (B, M),
                ``types.flags.Flag``: what is not evaluated teaches nothing.
        """
        return self.losses_of(self.match(outputs, targets), outputs, targets)

    def match(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Matches:
        """Give the anchors their objects; arguments as for ``losses``."""
        boxes, labels = targets["boxes"].float(), targets["labels"]
        assignment = self.assign(outputs["anchors"][0], outputs["levels"][0], boxes, labels, targets["flags"])
        image, anchor = (assignment.owner >= 0).nonzero(as_tuple=True)
        return Matches(assignment, image, anchor, assignment.owner[image, anchor])

    def losses_of(
        self, matches: Matches, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """``losses`` of anchors that have their objects."""
        own, assignment, has = self.own, matches.assignment, matches.assignment.owner >= 0
        image, anchor, owner = matches.image, matches.anchor, matches.owner
        truths, classes = targets["boxes"].float()[image, owner], targets["labels"][image, owner]  # (P, 4), (P,)
        found, own_anchor = outputs["boxes"][image, anchor], outputs["anchors"][image, anchor]
        count = mean_over_processes(has.sum()).clamp(min=1)
        wanted = encode(truths, own_anchor) if own.box_loss == "smooth_l1" else truths
        per_box = box_loss(own.box_loss, found, truths, outputs["offsets"][image, anchor].float(), wanted)
        fit = paired_iou(found.detach(), truths) if own.quality else torch.ones_like(per_box)
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
        """The class loss of all anchors that teach something, summed.

        Args:
            logits: (B, A, K), or K + 1 with cross-entropy.
            has: (B, A) bool, P of them true.
            classes: (P,) class ids.
            fit: (P,) what the score of the right class should be.
            assignment: Which anchors are ignored.
        """
        teaches = ~assignment.ignored
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
        return (each * teaches).sum()

    def score_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss of each sigmoid score."""
        if self.own.class_loss == "focal":
            alpha = -1.0 if self.own.quality else self.own.focal_alpha
            return focal(logits, targets, gamma=self.own.focal_gamma, alpha=alpha)
        return binary_cross_entropy_with_logits(logits, targets, reduction="none")

    def own_class(self, logits: Tensor, classes: Tensor, fit: Tensor) -> Tensor:
        """(P, 1 or K) class losses of the anchors that have an object, where objectness tells them from background."""
        if self.own.class_loss == "cross_entropy":
            return cross_entropy(logits[:, : self.num_classes], classes, reduction="none")[:, None]
        targets = torch.zeros_like(logits)
        targets[torch.arange(len(classes), device=classes.device), classes] = fit.to(targets)
        return self.score_loss(logits, targets)

    def objectness_loss(self, logits: Tensor, has: Tensor, fit: Tensor, assignment: Assignment) -> Tensor:
        """The objectness loss of all anchors (B, A) that teach something, summed."""
        targets = torch.zeros_like(logits)
        targets[has] = fit.to(targets)
        kind = self.score_loss if self.own.class_loss != "cross_entropy" else _binary
        return (kind(logits, targets) * ~assignment.ignored).sum()

    @torch.no_grad()
    def assign(self, anchors: Tensor, levels: Tensor, boxes: Tensor, labels: Tensor, flags: Tensor) -> Assignment:
        """Give anchors (A, 4) of ``levels`` (A,) their objects (B, M, 4)."""
        per_level = torch.bincount(levels, minlength=len(self.strides)).tolist()
        return assign_anchors(self.own, anchors, per_level, boxes, labels, flags, each=len(self.shapes[0]))

    def stages(self) -> Sequence[nn.Module]:
        """The backbone's stages."""
        return self.backbone.stages()

    @property
    def pretrained(self) -> frozenset[str]:
        """Names of the parameters that came from pretrained weights."""
        return frozenset(f"backbone.{name}" for name in self.backbone.pretrained)


def build_detector(model: ModelConfig, own: DetectConfig, num_classes: int, *, pretrained: bool) -> Detector:
    """A detector without class weights.

    Raises:
        ConfigError: No such backbone, or anchor shapes that do not fit the levels.
        WeightsError: The weights are not at hand or do not fit.
    """
    backbone, weights = build_inner_maps(model, STRIDES, pretrained=pretrained)
    return Detector(backbone, own, num_classes, None if weights is None else replace(weights, tensors={}))


def assign_anchors(
    own: DetectConfig,
    anchors: Tensor,
    per_level: Sequence[int],
    boxes: Tensor,
    labels: Tensor,
    flags: Tensor,
    *,
    each: int,
) -> Assignment:
    """Give anchors their objects, as the settings say.

    Args:
        own: The settings.
        anchors: (A, 4).
        per_level: How many of them each level has.
        boxes: (B, M, 4).
        labels: (B, M), -1 where there is no object.
        flags: (B, M), ``types.flags.Flag``.
        each: Anchors a place.
    """
    regions = (labels >= 0) & ((flags & NOT_EVALUATED) > 0)
    valid = (labels >= 0) & ~regions
    if boxes.shape[1] == 0:  # not one object in the whole batch
        none = torch.full((len(boxes), len(anchors)), -1, device=anchors.device)
        return Assignment(none, none > 0)
    if own.assign == "iou":
        positive, negative = own.iou_positive, own.iou_negative
        return assign_iou(anchors, boxes, valid, regions, positive=positive, negative=negative)
    return assign_atss(anchors, per_level, boxes, valid, regions, k=own.atss_candidates * each)


def anchor_shapes(own: DetectConfig, strides: Sequence[int]) -> list[list[tuple[float, float]]]:
    """(width, height) in input pixels of each anchor of each level.

    Raises:
        ConfigError: Given shapes cannot be shared out evenly over the levels.
    """
    given = own.anchor_shapes
    if given is None:
        return shapes_from_ratios(strides, scale=own.anchor_scale, octaves=own.anchor_octaves, ratios=own.anchor_ratios)
    if not given or len(given) % (2 * len(strides)):
        raise ConfigError(
            f"{own.section}.anchor_shapes has {len(given)} numbers, which are no pairs of width and height for"
            f" {len(strides)} levels.",
            f"Give a multiple of {2 * len(strides)} numbers, or leave it out.",
        )
    pairs = list(zip(given[::2], given[1::2], strict=True))
    each = len(pairs) // len(strides)
    return [pairs[i : i + each] for i in range(0, len(pairs), each)]


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
