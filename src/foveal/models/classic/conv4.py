"""Four plain convolution blocks, for small images and from scratch (Vinyals et al. 2016, "Matching Networks").

Shapes: B batch, C channels, H W height and width.
"""

import math

from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from foveal.models.classic.own import OwnNetwork

WIDTHS = (32, 64, 128, 256)


class Conv4(OwnNetwork):
    """Conv 3x3, batch norm, ReLU, max pool; four times. Output stride 16 from 32 pixels on.

    Below 32 pixels the first pools are left out, so that the last map is at least 2 x 2.
    """

    num_features = WIDTHS[-1]

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(conv_block(c, d) for c, d in zip((3, *WIDTHS[:-1]), WIDTHS, strict=True))

    def stages(self) -> list[nn.Module]:
        """The blocks."""
        return list(self.blocks)

    def maps(self, inputs: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> the map (B, C, h, w) of each block."""
        skipped = len(self.blocks) - num_pools(min(inputs.shape[-2:]))
        out, features = [], inputs
        for i, block in enumerate(self.blocks):
            features = block(features)
            if i >= skipped:
                features = max_pool2d(features, 2)
            out.append(features)
        return out

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 256, h, w), the last map."""
        return self.maps(inputs)[-1]


def num_pools(side: int) -> int:
    """How many of the four halvings an image's shorter side in pixels allows before the map is smaller than 2."""
    return max(0, min(len(WIDTHS), int(math.log2(side / 2)))) if side > 1 else 0


def conv_block(channels_in: int, channels_out: int) -> nn.Sequential:
    """Conv 3x3, batch norm, ReLU; same padding."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )
