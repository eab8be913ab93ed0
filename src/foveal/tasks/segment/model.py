"""The network of semantic segmentation: encoder, decoder, and what every pixel teaches.

Shapes: B batch, K classes, H W rows and columns of the input, h w of the decoder's map.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from torch import Tensor, nn
from torch.nn.functional import interpolate

from foveal.losses import pixels
from foveal.losses.distributed import mean_over_processes
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.models.pyramid import InnerMaps
from foveal.models.segmentation.decoders import LEAST, MULTIPLE, build_map_net, crop_logits, pad_to_multiple
from foveal.models.weights import Weights
from foveal.tasks.segment.config import SegmentConfig
from foveal.types.masks import IGNORE


class Segmenter(Model):
    """Scores of each class for every place of the decoder's map.

    Attributes:
        class_weights: (K,) factors on the loss of each class's pixels; None: all 1.
        weights: Where its pretrained weights came from and their statistics, the tensors themselves let go; None: it
            started at random.
    """

    class_weights: Tensor | None

    def __init__(self, net: nn.Module, maps: InnerMaps, own: SegmentConfig, weights: Weights | None = None) -> None:
        super().__init__()
        self.net = net
        self.own = own
        self.weights = weights
        self._maps = (maps,)  # in a tuple, so that its parameters stand under one name alone
        self.register_buffer("class_weights", None, persistent=False)

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """Normalised (B, 3, H, W) -> ``logits`` (B, K, h, w) that cover the input exactly."""
        padded = pad_to_multiple(inputs, least=LEAST.get(self.own.decoder, MULTIPLE))
        return {"logits": crop_logits(self.net(padded), padded.shape[-2:], inputs.shape[-2:])}

    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The losses that the settings name, over pixels whose class is known.

        Args:
            outputs: Of ``forward``; the logits are enlarged to the mask's pixels.
            targets: ``mask`` (B, H, W) uint8 class ids, ``IGNORE`` where unknown.
        """
        ids = targets["mask"].long()
        logits = interpolate(outputs["logits"].float(), ids.shape[-2:], mode="bilinear", align_corners=False)
        count = mean_over_processes((ids != IGNORE).sum()).clamp(min=1)
        own = self.own
        factors = own.loss_weights or (1.0,) * len(own.losses)
        return {
            name: factor * self._loss(name, logits, ids, count)
            for name, factor in zip(own.losses, factors, strict=True)
        }

    def _loss(self, name: str, logits: Tensor, ids: Tensor, count: Tensor) -> Tensor:
        own, weights = self.own, self.class_weights
        match name:
            case "cross_entropy":
                return pixels.cross_entropy(
                    logits, ids, count, class_weights=weights, label_smoothing=own.label_smoothing
                )
            case "focal":
                return pixels.focal(logits, ids, count, class_weights=weights, gamma=own.focal_gamma)
            case "dice":
                return pixels.dice(logits, ids)
        assert name == "lovasz", name
        return pixels.lovasz(logits, ids)

    def stages(self) -> Sequence[nn.Module]:
        """The backbone's stages."""
        return self._maps[0].stages()

    @property
    def pretrained(self) -> frozenset[str]:
        """Names of the parameters that came from pretrained weights."""
        maps = self._maps[0]
        prefix = next(name for name, module in self.named_modules() if module is maps)
        return frozenset(f"{prefix}.{name}" for name in maps.pretrained)


def build_segmenter(model: ModelConfig, own: SegmentConfig, num_classes: int, *, pretrained: bool) -> Segmenter:
    """A network without class weights.

    Raises:
        ConfigError: No such backbone, or one on which the decoder cannot stand.
        WeightsError: The weights are not at hand or do not fit.
    """
    net, maps, weights = build_map_net(
        model, own.decoder, num_classes, channels=own.channels, dropout=own.dropout, pretrained=pretrained
    )
    return Segmenter(net, maps, own, None if weights is None else replace(weights, tensors={}))
