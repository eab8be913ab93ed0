"""LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition").

Shapes: B batch, H W height and width.
"""

import torch
from torch import Tensor, nn

from foveal.models.classic.own import OwnNetwork, at_least

WEIGHTS = (0.299, 0.587, 0.114)
"""Brightness of red, green and blue (ITU-R BT.601): the network has one channel."""
TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip
"""Which maps of S2 each map of C3 reads (the paper's table I)."""


class Subsampling(nn.Module):
    """The mean of 2 x 2 pixels times a weight, plus a bias: one of each for a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H / 2, W / 2)."""
        return nn.functional.avg_pool2d(x, 2) * self.weight + self.bias


class TableConv(nn.Module):
    """Convolutions of 5 x 5 that each read only some of the channels, as ``TABLE`` says."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(len(read), 1, 5) for read in TABLE)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 6, H, W) -> (B, 16, H - 4, W - 4)."""
        parts = [conv(x[:, list(read)]) for conv, read in zip(self.convs, TABLE, strict=True)]
        return torch.cat(parts, 1)


class Squash(nn.Module):
    """1.7159 tanh(2 x / 3), the paper's activation (its appendix A)."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return 1.7159 * torch.tanh(x * (2 / 3))


class LeNet5(OwnNetwork):
    """LeNet-5 without its last layer; the paper's radial basis functions give way to the house's linear head.

    Its 60,000 parameters before the last layer are the paper's: 156 + 12 + 1,516 + 32 + 48,120 + 10,164.
    """

    num_features = 84
    gray: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("gray", torch.tensor(WEIGHTS).view(1, 3, 1, 1), persistent=False)
        self.first = nn.Sequential(nn.Conv2d(1, 6, 5), Squash(), Subsampling(6), Squash())
        self.second = nn.Sequential(TableConv(), Squash(), Subsampling(16), Squash())
        self.third = nn.Sequential(nn.Conv2d(16, 120, 5), Squash())
        self.fourth = nn.Sequential(nn.Conv2d(120, 84, 1), Squash())

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 84, h, w): 1 x 1 for the paper's 32 pixels; smaller images are padded to that."""
        short = [max(0, 32 - int(side)) for side in inputs.shape[-2:]]
        if any(short):
            down, across = short
            borders = (across // 2, across - across // 2, down // 2, down - down // 2)
            inputs = nn.functional.pad(inputs, borders)
        gray = (inputs * self.gray).sum(1, keepdim=True)
        features: Tensor = self.fourth(self.third(at_least(self.second(self.first(gray)), 5)))
        return features
