"""The detector: backbone, feature pyramid and a head that all levels share.

Shapes: B batch, C channels, H W height and width of the input, h w of a map, A anchors, K classes.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from foveal.errors import ConfigError
from foveal.models.config import ModelConfig
from foveal.models.contract import Maps, Model
from foveal.models.detection.anchors import decode, make_anchors, map_sizes, shapes_from_ratios
from foveal.models.detection.head import DetectionHead
from foveal.models.pyramid import FeaturePyramid, InnerMaps, build_inner_maps
from foveal.models.taking import ClassRows
from foveal.models.weights import Weights
from foveal.tasks.detect.config import STRIDES, DetectConfig
from foveal.tasks.detect.loss import DetectLoss


class Detector(Model):
    """Class scores and a box for every anchor.

    Args:
        backbone: Gives maps at ``STRIDES``.
        own: The settings.
        num_classes: K.
        weights: Its pretrained weights.
        coefficients: Mask coefficients of each anchor, for networks with masks.

    Attributes:
        criterion: The loss.
        weights: Source and statistics of its pretrained weights, without the tensors; None: random weights.
    """

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
        self.criterion = DetectLoss(own, num_classes, anchors=len(self.shapes[0]))

    def look(self, inputs: Tensor) -> Maps:
        """Normalised (B, 3, H, W) -> the pyramid's maps (B, C, h, w), finest first."""
        height, width = inputs.shape[-2:]
        maps = self.pyramid(self.backbone(inputs), map_sizes(height, width, self.strides))
        return Maps(tuple(maps), (height, width))

    def answer(self, maps: Maps) -> dict[str, Tensor]:
        """``logits`` (B, A, K), ``boxes``, ``offsets`` and ``anchors`` (B, A, 4), ``levels`` (B, A).

        With cross-entropy there are K + 1 logits, the last for background; with objectness there is ``objectness``
        (B, A), logits too. Boxes and anchors are xyxy input pixels; ``levels`` is the index of each anchor's stride.
        """
        out = self.head(maps.tensors)
        sizes = [(features.shape[-2], features.shape[-1]) for features in maps.tensors]
        anchors = make_anchors(self.shapes, self.strides, sizes, like=out["offsets"].float())
        counts = torch.tensor([rows * columns * len(self.shapes[0]) for rows, columns in sizes])
        levels = torch.arange(len(sizes)).repeat_interleave(counts).to(anchors.device)
        batch = maps.tensors[0].shape[0]
        return {
            **out,
            "boxes": decode(out["offsets"].float(), anchors),
            "anchors": anchors.expand(batch, -1, -1),
            "levels": levels.expand(batch, -1),
        }

    def class_rows(self) -> dict[str, ClassRows]:
        """The class scores of each anchor, with cross-entropy the background's behind them."""
        rows = ClassRows(groups=len(self.shapes[0]), extra=int(self.own.class_loss == "cross_entropy"))
        return {"head.classes.weight": rows, "head.classes.bias": rows}

    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """As ``DetectLoss``."""
        losses: dict[str, Tensor] = self.criterion(outputs, targets)
        return losses


def build_detector(model: ModelConfig, own: DetectConfig, num_classes: int, *, pretrained: bool) -> Detector:
    """A detector without class weights.

    Raises:
        ConfigError: No such backbone, or anchor shapes that do not fit the levels.
        WeightsError: The weights are not available or do not fit.
    """
    backbone, weights = build_inner_maps(model, STRIDES, pretrained=pretrained)
    return Detector(backbone, own, num_classes, weights)


def anchor_shapes(own: DetectConfig, strides: Sequence[int]) -> list[list[tuple[float, float]]]:
    """(width, height) in input pixels of each anchor of each level.

    Raises:
        ConfigError: The given shapes cannot be divided evenly among the levels.
    """
    given = own.anchor_shapes
    if given is None:
        return shapes_from_ratios(strides, scale=own.anchor_scale, octaves=own.anchor_octaves, ratios=own.anchor_ratios)
    if not given or len(given) % (2 * len(strides)):
        raise ConfigError(
            f"{own.section}.anchor_shapes has {len(given)} numbers, not pairs of width and height for"
            f" {len(strides)} levels.",
            f"Give a multiple of {2 * len(strides)} numbers, or leave it out.",
        )
    pairs = list(zip(given[::2], given[1::2], strict=True))
    each = len(pairs) // len(strides)
    return [pairs[i : i + each] for i in range(0, len(pairs), each)]
