"""The plain and residual networks that showed degradation (He et al. 2015, "Deep residual learning", section 4.2).

Shapes: B batch, C channels, H W height and width of the input, h w of the map.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu

from foveal.models.classic.own import OwnNetwork, in_stages, start

WIDTHS = (16, 32, 64)
DEPTHS = (20, 32, 44, 56)


class Block(nn.Module):
    """Two convolutions of 3 x 3 with batch norm; a residual block adds its input, without a parameter for it.

    Where the block halves the map, the input is taken at every second pixel and filled up with channels of zeros
    (the paper's option A).
    """

    def __init__(self, channels: int, width: int, *, residual: bool) -> None:
        super().__init__()
        self.stride, self.more, self.residual = width // channels, width - channels, residual
        self.first = nn.Conv2d(channels, width, 3, self.stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, width, h, w)."""
        out = self.second_norm(self.second(relu(self.first_norm(self.first(x)))))
        if self.residual:
            kept = x[:, :, :: self.stride, :: self.stride] if self.stride > 1 else x
            out = out + (pad(kept, (0, 0, 0, 0, self.more // 2, self.more - self.more // 2)) if self.more else kept)
        return relu(out)


class CifarNet(OwnNetwork):
    """6 n + 2 layers: a convolution, three stages of n blocks, and the head's linear layer.

    Args:
        depth: 20, 32, 44 or 56.
        residual: Whether blocks add their input.
    """

    num_features = WIDTHS[-1]

    def __init__(self, depth: int, *, residual: bool) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True))
        count = (depth - 2) // 6
        self.blocks = nn.ModuleList(
            nn.Sequential(*(Block(c if i == 0 else width, width, residual=residual) for i in range(count)))
            for c, width in zip((16, *WIDTHS[:-1]), WIDTHS, strict=True)
        )
        start(self)

    def stages(self) -> list[nn.Module]:
        """The stem and three stages."""
        return [self.stem, *self.blocks]

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 64, h, w), stride 4."""
        return in_stages(self.stem(inputs), list(self.blocks))[-1]


class MLP(OwnNetwork):
    """Two fully connected layers of 512 units on the pixels of an image of 32 x 32: no windows at all."""

    num_features = 512
    side = 32

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Linear(3 * self.side**2, 512), nn.ReLU(inplace=True))
        self.second = nn.Sequential(nn.Linear(512, 512), nn.ReLU(inplace=True))

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, 32, 32) -> (B, 512, 1, 1)."""
        features: Tensor = self.second(self.first(torch.flatten(inputs, 1)))
        return features[:, :, None, None]
