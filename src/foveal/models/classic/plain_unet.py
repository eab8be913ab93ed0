"""The plain U-Net decoder (Ronneberger et al. 2015, "U-Net"): up from the deepest map, with a skip at every level.

Shapes: B batch, C channels, H W height and width of the input.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from foveal.models.classic.conv4 import conv_block


class PlainDecoder(nn.Module):
    """From the deepest map up: enlarge to the next one's size, concatenate that, convolve.

    Args:
        widths: C of each map, finest first.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.up = nn.ModuleList(conv_block(widths[i + 1] + widths[i], widths[i]) for i in range(len(widths) - 1))

    def forward(self, pyramid: Sequence[Tensor]) -> Tensor:
        """The maps, and what is before them, which is not read -> (B, C, h, w) of the finest map."""
        maps = pyramid[-len(self.up) - 1 :]
        features: Tensor = maps[-1]
        for i in reversed(range(len(self.up))):
            larger = interpolate(features, maps[i].shape[-2:], mode="nearest")
            features = self.up[i](torch.cat([larger, maps[i]], dim=1))
        return features
