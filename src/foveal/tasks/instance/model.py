"""The detector with masks: prototypes of the whole image, and for each anchor how to mix them.

Bolya et al. 2019, "YOLACT", sections 3.1 to 3.3: every shape is fixed, so the network exports, and a mask costs one dot
product a pixel.

Shapes: B batch, A anchors, M objects per image, P prototypes, h w of the prototypes, N anchors that learn a mask.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from foveal.losses.distributed import mean_over_processes
from foveal.losses.masks import mask_loss
from foveal.models.config import ModelConfig
from foveal.models.detection.prototypes import Prototypes
from foveal.models.pyramid import InnerMaps, build_inner_maps
from foveal.models.weights import Weights
from foveal.tasks.detect.config import STRIDES
from foveal.tasks.detect.model import Detector, Matches
from foveal.tasks.instance.config import InstanceConfig


class MaskDetector(Detector):
    """Class scores, a box and mask coefficients for every anchor, and prototype masks.

    Args:
        backbone: Gives maps at ``STRIDES``.
        own: The settings.
        num_classes: K.
        weights: Where its pretrained weights came from.
    """

    def __init__(
        self, backbone: InnerMaps, own: InstanceConfig, num_classes: int, weights: Weights | None = None
    ) -> None:
        super().__init__(backbone, own, num_classes, weights, coefficients=own.prototypes)
        self.mask_weight, self.mask_samples, self.mask_stride = own.mask_weight, own.mask_samples, own.mask_stride
        self.prototypes = Prototypes(own.channels, own.prototypes, channels=own.mask_channels, stride=own.mask_stride)

    def answer(self, maps: Sequence[Tensor], sizes: Sequence[tuple[int, int]]) -> dict[str, Tensor]:
        """As the detector, and ``coefficients`` (B, A, P) and ``prototypes`` (B, P, h, w)."""
        return {**super().answer(maps, sizes), "prototypes": self.prototypes(maps[0])}

    def losses_of(
        self, matches: Matches, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """As the detector, and ``mask``: mean over the anchors that learn one.

        The targets also have ``masks`` (B, M, h, w) of 0 and 1; an object whose mask is empty teaches its box alone.
        """
        out = super().losses_of(matches, outputs, targets)
        maps = outputs["prototypes"].float()
        total, count = maps.sum() * 0, 0
        for image in range(len(maps)):
            masks, boxes = targets["masks"][image], targets["boxes"][image].float() / self.mask_stride
            anchor, owner = self.learners(matches, image, masks)
            coefficients = outputs["coefficients"][image, anchor].float()
            logits = (coefficients @ maps[image].flatten(1)).view(-1, *maps.shape[2:])
            total, count = total + mask_loss(logits, masks[owner], boxes[owner]).sum(), count + len(anchor)
        mean = mean_over_processes(torch.tensor(count, device=maps.device)).clamp(min=1)
        return {**out, "mask": self.mask_weight * total / mean}

    def learners(self, matches: Matches, image: int, masks: Tensor) -> tuple[Tensor, Tensor]:
        """(N,) anchors of one image that learn a mask, and (N,) their objects: some at random where there are many.

        Args:
            matches: Of the whole batch.
            image: Place in the batch.
            masks: (M, h, w).
        """
        here = matches.image == image
        anchor, owner = matches.anchor[here], matches.owner[here]
        known = masks.flatten(1).any(1).bool()[owner]
        anchor, owner = anchor[known], owner[known]
        if len(anchor) > self.mask_samples:
            some = torch.rand(len(anchor), device=anchor.device).argsort()[: self.mask_samples]
            anchor, owner = anchor[some], owner[some]
        return anchor, owner


def build_mask_detector(model: ModelConfig, own: InstanceConfig, num_classes: int, *, pretrained: bool) -> MaskDetector:
    """A network without class weights.

    Raises:
        ConfigError: No such backbone, or anchor shapes that do not fit the levels.
        WeightsError: The weights are not at hand or do not fit.
    """
    backbone, weights = build_inner_maps(model, STRIDES, pretrained=pretrained)
    return MaskDetector(backbone, own, num_classes, None if weights is None else replace(weights, tensors={}))
