"""The loss of a segmenter, over the pixels whose class is known.

Shapes: B batch, K classes, H W height and width of the input, h w of the logits.
"""

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.functional import interpolate

from foveal.losses import pixels
from foveal.losses.distributed import mean_over_processes
from foveal.tasks.segment.config import SegmentConfig
from foveal.types.predictions.masks import IGNORE


class SegmentLoss(nn.Module):
    """The configured losses, over pixels whose class is known.

    Args:
        own: The settings.

    Attributes:
        class_weights: (K,) factors on the loss of each class's pixels; None: all 1.
    """

    class_weights: Tensor | None

    def __init__(self, own: SegmentConfig) -> None:
        super().__init__()
        self.own = own
        self.register_buffer("class_weights", None, persistent=False)

    def forward(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Each loss by name.

        Args:
            outputs: ``logits`` (B, K, h, w); upsampled to the mask's size.
            targets: ``mask`` (B, H, W) uint8 class ids, ``IGNORE`` where unknown.
        """
        ids = targets["mask"].long()
        logits = interpolate(outputs["logits"].float(), ids.shape[-2:], mode="bilinear", align_corners=False)
        own = self.own
        weights = 1 + own.boundary_weight * pixels.near_others(ids) if own.boundary_weight else None
        known = ids != IGNORE
        count = mean_over_processes((known if weights is None else known * weights).sum()).clamp(min=1)
        factors = own.loss_weights or (1.0,) * len(own.losses)
        return {
            name: factor * self._loss(name, logits, ids, count, weights)
            for name, factor in zip(own.losses, factors, strict=True)
        }

    def _loss(self, name: str, logits: Tensor, ids: Tensor, count: Tensor, weights: Tensor | None) -> Tensor:
        own, each = self.own, {"class_weights": self.class_weights, "pixel_weights": weights}
        match name:
            case "cross_entropy":
                return pixels.cross_entropy(logits, ids, count, **each, label_smoothing=own.label_smoothing)
            case "focal":
                return pixels.focal(logits, ids, count, **each, gamma=own.focal_gamma)
            case "dice":
                return pixels.dice(logits, ids)
        assert name == "lovasz", name
        return pixels.lovasz(logits, ids)
