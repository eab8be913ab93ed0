"""What the anchors of a detector with masks learn: as a detector's, and how to mix the prototypes.

Shapes: B batch, A anchors, M objects per image, P prototypes, h w of the prototypes, N anchors that learn a mask.
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
        """As the detector, and ``mask``: mean over the anchors that learn one.

        The targets also have ``masks`` (B, M, h, w) of 0 and 1; where a mask is empty, only the box is learnt.
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
        if len(anchor) > self.own.mask_samples:
            some = torch.rand(len(anchor), device=anchor.device).argsort()[: self.own.mask_samples]
            anchor, owner = anchor[some], owner[some]
        return anchor, owner
