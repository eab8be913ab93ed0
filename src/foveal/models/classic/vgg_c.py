"""VGG's configuration C, sixteen layers of which three are 1 x 1; the others, A, B, D and E, are timm's.

Simonyan and Zisserman 2014, "Very deep convolutional networks for large-scale image recognition", table 1.

Shapes: B batch, H W height and width of the input, h w of the map.
"""

from torch import Tensor, nn

from foveal.models.classic.own import OwnNetwork, at_least, in_stages, start

BLOCKS = ((64, (3, 3)), (128, (3, 3)), (256, (3, 3, 1)), (512, (3, 3, 1)), (512, (3, 3, 1)))
"""Channels, and the kernel of each convolution."""
MAP = 7


class VGG16C(OwnNetwork):
    """Five blocks, then two fully connected layers of 4,096 units, which are convolutions here."""

    num_features = 4096
    widths = tuple(width for width, _ in BLOCKS)
    strides = (2, 4, 8, 16, 32)

    def __init__(self) -> None:
        super().__init__()
        before = (3, *self.widths[:-1])
        rows = zip(before, BLOCKS, strict=True)
        self.blocks = nn.ModuleList(_block(channels, *row) for channels, row in rows)
        self.fc6 = nn.Sequential(nn.Conv2d(512, 4096, MAP), nn.ReLU(inplace=True), nn.Dropout(0.5))
        self.fc7 = nn.Sequential(nn.Conv2d(4096, 4096, 1), nn.ReLU(inplace=True))
        start(self)

    def stages(self) -> list[nn.Module]:
        """Five blocks, two fully connected layers."""
        return [*self.blocks, *(part for part in (self.fc6, self.fc7) if len(part))]

    def keep_maps(self) -> None:
        """Without the fully connected layers, which have nine of ten parameters."""
        self.fc6, self.fc7 = nn.Sequential(), nn.Sequential()

    def maps(self, inputs: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> maps at strides 2 to 32."""
        return in_stages(inputs, list(self.blocks))

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 4096, h, w): 1 x 1 at 224 pixels."""
        features: Tensor = self.fc7(self.fc6(at_least(self.maps(inputs)[-1], MAP)))
        return features


def _block(channels: int, width: int, kernels: tuple[int, ...]) -> nn.Sequential:
    parts: list[nn.Module] = []
    for kernel in kernels:
        parts += [nn.Conv2d(channels, width, kernel, padding=kernel // 2), nn.ReLU(inplace=True)]
        channels = width
    return nn.Sequential(*parts, nn.MaxPool2d(2))
