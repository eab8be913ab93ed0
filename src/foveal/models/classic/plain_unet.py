"""The plain U-Net decoder (Ronneberger et al. 2015, "U-Net"): up from the deepest map, with a skip at every level.

Shapes: B batch, C channels, H W height and width of the input.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from foveal.models.classic.conv4 import conv_block


class PlainDecoder(nn.Module):
    """From the deepest map up: enlarge twice, concatenate the encoder's map, convolve.

    Args:
        widths: C of each map, finest first; each map is half as large as the one before.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.up = nn.ModuleList(conv_block(widths[i + 1] + widths[i], widths[i]) for i in range(len(widths) - 1))

    def forward(self, pyramid: Sequence[Tensor]) -> Tensor:
        """The image (B, 3, H, W), which is not read, and the maps -> (B, C, H / 2, W / 2)."""
        maps = pyramid[1:]
        features: Tensor = maps[-1]
        for i in reversed(range(len(self.up))):
            larger = interpolate(features, maps[i].shape[-2:], mode="nearest")
            features = self.up[i](torch.cat([larger, maps[i]], dim=1))
        return features
