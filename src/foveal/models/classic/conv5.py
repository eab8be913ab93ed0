"""Five plain convolution blocks: a small backbone for detectors and segmenters, trained from scratch.

Shapes: B batch, C channels, H W height and width.
"""

from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from foveal.models.classic.conv4 import conv_block
from foveal.models.classic.own import OwnNetwork

WIDTHS = (16, 32, 64, 128, 256)


class Conv5(OwnNetwork):
    """Conv 3x3, batch norm, ReLU, max pool; five times, so the maps have strides 2, 4, 8, 16 and 32."""

    num_features = WIDTHS[-1]
    widths = WIDTHS
    strides = (2, 4, 8, 16, 32)

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(conv_block(c, d) for c, d in zip((3, *WIDTHS[:-1]), WIDTHS, strict=True))

    def stages(self) -> list[nn.Module]:
        """The blocks."""
        return list(self.blocks)

    def maps(self, inputs: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> five maps, (B, C, H / s, W / s) for s = 2, 4, 8, 16, 32, rounded up."""
        out, features = [], inputs
        for block in self.blocks:
            features = max_pool2d(block(features), 2, ceil_mode=True)
            out.append(features)
        return out

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 256, h, w), the last map."""
        return self.maps(inputs)[-1]
