"""The loss of a detector with prototype masks.

Shapes: B batch, A anchors, M objects per image, P prototypes, h w of the prototypes, N anchors in the mask loss.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from foveal.losses.distributed import mean_over_processes
from foveal.losses.masks import mask_loss
from foveal.tasks.detect.loss import DetectLoss, Matches
from foveal.tasks.instance.config import InstanceConfig


class MaskDetectorLoss(DetectLoss):
    """Losses of class, box and mask."""

    own: InstanceConfig

    def compute(
        self, matches: Matches, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """As the detector, and ``mask``: mean over the anchors in the mask loss.

        The targets also have ``masks`` (B, M, h, w) of 0 and 1; objects with an empty mask have no mask loss.
        """
        out = super().compute(matches, outputs, targets)
        maps = outputs["prototypes"].float()
        total, count = maps.sum() * 0, 0
        for image in range(len(maps)):
            masks, boxes = targets["masks"][image], targets["boxes"][image].float() / self.own.mask_stride
            anchor, owner = self.learners(matches, image, masks)
            coefficients = outputs["coefficients"][image, anchor].float()
            logits = (coefficients @ maps[image].flatten(1)).view(-1, *maps.shape[2:])
            total, count = total + mask_loss(logits, masks[owner], boxes[owner]).sum(), count + len(anchor)
        mean = mean_over_processes(torch.tensor(count, device=maps.device)).clamp(min=1)
        return {**out, "mask": self.own.mask_weight * total / mean}

    def learners(self, matches: Matches, image: int, masks: Tensor) -> tuple[Tensor, Tensor]:
        """(N,) anchors of one image in the mask loss, and (N,) their objects; a random subset where there are too many.

        Args:
            matches: Of the full batch.
            image: Index in the batch.
            masks: (M, h, w).
        """
        here = matches.image == image
        anchor, owner = matches.anchor[here], matches.owner[here]
        known = masks.flatten(1).any(1).bool()[owner]
        anchor, owner = anchor[known], owner[known]
        if len(anchor) > self.own.mask_samples:
            some = torch.rand(len(anchor), device=anchor.device).argsort()[: self.own.mask_samples]
            anchor, owner = anchor[some], owner[some]
        return anchor, owner
