"""GoogLeNet, the first Inception network (Szegedy et al. 2014, "Going deeper with convolutions").

torchvision's has 3 x 3 where the paper has 5 x 5, and batch norm; this is the paper's table 1.

Shapes: B batch, C channels, H W height and width of the input, h w of the map.
"""

import torch
from torch import Tensor, nn

from foveal.models.classic.own import OwnNetwork, start

TABLE = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}
"""Channels in; 1 x 1; reduction before 3 x 3, and 3 x 3; reduction before 5 x 5, and 5 x 5; 1 x 1 after pooling."""
POOLED_BEFORE = ("4a", "5a")
SIDES = {"4a": 512, "4d": 528}
"""Modules whose output an auxiliary classifier reads, and its channels."""


class Inception(nn.Module):
    """Four ways at once, their outputs one below another; 1 x 1 convolutions keep the wide ones cheap."""

    def __init__(self, channels: int, one: int, to_3: int, three: int, to_5: int, five: int, pooled: int) -> None:
        super().__init__()
        self.one = _conv(channels, one, 1)
        self.three = nn.Sequential(_conv(channels, to_3, 1), _conv(to_3, three, 3))
        self.five = nn.Sequential(_conv(channels, to_5, 1), _conv(to_5, five, 5))
        self.pooled = nn.Sequential(nn.MaxPool2d(3, 1, 1), _conv(channels, pooled, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> as many rows and columns, more channels."""
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pooled(x)], 1)


class GoogLeNet(OwnNetwork):
    """Nine Inception modules: 6,998,552 parameters with 1,000 classes, without the auxiliary classifiers."""

    num_features = 1024
    widths = (192, 480, 832, 1024)
    strides = (4, 8, 16, 32)

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            _conv(3, 64, 7, stride=2),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            _response(),
            _conv(64, 64, 1),
            _conv(64, 192, 3),
            _response(),
        )
        self.modules_ = nn.ModuleDict({name: Inception(*row) for name, row in TABLE.items()})
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        start(self)

    def stages(self) -> list[nn.Module]:
        """The stem, and the modules of each resolution."""
        groups = [[m for name, m in self.modules_.items() if name.startswith(first)] for first in "345"]
        return [self.stem, *(nn.ModuleList(group) for group in groups)]

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 1024, h, w), stride 32."""
        return self._run(inputs)["5b"]

    def maps(self, inputs: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> maps at strides 4, 8, 16 and 32."""
        every = self._run(inputs)
        return [every[name] for name in ("stem", "3b", "4e", "5b")]

    def side_widths(self) -> tuple[int, ...]:
        """Those of modules 4a and 4d."""
        return tuple(SIDES.values())

    def with_sides(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """The last map, and those of 4a and 4d."""
        every = self._run(inputs)
        return (every["5b"], *(every[name] for name in SIDES))

    def _run(self, inputs: Tensor) -> dict[str, Tensor]:
        features = self.stem(inputs)
        every = {"stem": features}
        features = self.pool(features)
        for name, module in self.modules_.items():
            if name in POOLED_BEFORE:
                features = self.pool(features)
            every[name] = features = module(features)
        return every


def _conv(channels: int, width: int, kernel: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, width, kernel, stride, kernel // 2), nn.ReLU(inplace=True))


def _response() -> nn.Module:
    return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75)
