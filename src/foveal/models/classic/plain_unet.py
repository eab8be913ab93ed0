"""The encoder and decoder that textbooks draw (Ronneberger et al. 2015, "U-Net"): down, up, and skips between.

Shapes: B batch, C channels, K classes, H W rows and columns of the input.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from foveal.models.classic.conv4 import conv_block
from foveal.models.pyramid import InnerMaps


class EncoderDecoder(nn.Module):
    """From the deepest map up: enlarge twice, lay the encoder's map beside it, convolve.

    Args:
        encoder: Gives maps, each half as large as the one before; small ones from scratch, as ``conv5`` is.
        num_classes: K.
    """

    def __init__(self, encoder: InnerMaps, num_classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        widths = encoder.channels
        self.up = nn.ModuleList(conv_block(widths[i + 1] + widths[i], widths[i]) for i in range(len(widths) - 1))
        self.head = nn.Conv2d(widths[0], num_classes, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, H, W) -> logits (B, K, H / 2, W / 2)."""
        maps = self.encoder(inputs)
        features: Tensor = maps[-1]
        for i in reversed(range(len(self.up))):
            larger = interpolate(features, maps[i].shape[-2:], mode="nearest")
            features = self.up[i](torch.cat([larger, maps[i]], dim=1))
        logits: Tensor = self.head(features)
        return logits
