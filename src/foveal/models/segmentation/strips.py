"""Depthwise convolutions along columns and rows, which follow poles, posts and kerbs far at little cost.

Guo et al. 2022, "SegNeXt: Rethinking convolutional attention design for semantic segmentation", section 3.1.

Shapes: B batch, C channels, h w height and width of a map.
"""

import torch
from torch import Tensor, nn

LENGTH = 15
"""Of the strips in a fine head, in places of its map."""
LENGTHS = (7, 11, 21)
"""Of the strips of the attention, as in the paper."""


class Strips(nn.Module):
    """Three depthwise convolutions, summed: 3 x 3, a column and a row.

    Args:
        width: C.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.square, self.column, self.row = _square(width, 3), _column(width, LENGTH), Row(width, LENGTH)

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, C, h, w) -> the same shape."""
        summed: Tensor = self.square(inputs) + self.column(inputs) + self.row(inputs)
        return summed


class StripAttention(nn.Module):
    """A map, weighted by what lies along columns and rows, and added to itself.

    Args:
        width: C.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.near = _square(width, 5)
        self.far = nn.ModuleList(nn.Sequential(_column(width, length), Row(width, length)) for length in LENGTHS)
        self.mix = nn.Conv2d(width, width, 1)
        self.norm = nn.BatchNorm2d(width)
        self.scale = nn.Parameter(torch.full((width, 1, 1), 0.1))

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, C, h, w) -> the same shape, at least 0."""
        near = self.near(inputs)
        seen = near
        for far in self.far:
            seen = seen + far(near)
        return nn.functional.relu(inputs + self.scale * self.norm(self.mix(seen) * inputs))


class Row(nn.Conv2d):
    """A depthwise convolution along rows.

    On a CPU, PyTorch takes five to eight times as long to train a long row as a column (docs/LOG.md), so training
    convolves the columns of the transposed map.

    Args:
        width: C.
        length: Odd.
    """

    def __init__(self, width: int, length: int) -> None:
        super().__init__(width, width, (1, length), padding=(0, length // 2), groups=width, bias=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, C, h, w) -> the same shape."""
        if not self.training or inputs.device.type != "cpu":
            return super().forward(inputs)
        turned = inputs.transpose(2, 3).contiguous(memory_format=torch.channels_last)
        column = self.weight.transpose(2, 3)
        return nn.functional.conv2d(turned, column, padding=self.padding[::-1], groups=self.groups).transpose(2, 3)


def _square(width: int, side: int) -> nn.Conv2d:
    return nn.Conv2d(width, width, side, padding=side // 2, groups=width, bias=False)


def _column(width: int, length: int) -> nn.Conv2d:
    return nn.Conv2d(width, width, (length, 1), padding=(length // 2, 0), groups=width, bias=False)
