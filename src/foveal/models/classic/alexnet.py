"""AlexNet, and ZFNet that looked inside it and changed its first layers.

Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional neural networks"; Zeiler and
Fergus 2013, "Visualizing and understanding convolutional networks". The fully connected layers are convolutions, so
that images of any size are taken (Sermanet et al. 2013, section 3.3); for the paper's size they are the same.

Shapes: B batch, H W height and width of the input, h w of the map.
"""

from torch import Tensor, nn

from foveal.models.classic.own import OwnNetwork, at_least, in_stages, start

LEAST = 64
"""Smaller images are enlarged to this many pixels, or the poolings would leave nothing."""
MAP = 6
"""Side of the last map before the fully connected layers, at the paper's input size."""


class FiveConvs(OwnNetwork):
    """Five convolutions in four stages, then two fully connected layers of 4,096 units with dropout.

    Args:
        stages: Up to the last pooling.
        strides: Of their maps, in pixels.
        dropout: Probability of dropping a unit of a fully connected layer.
    """

    num_features = 4096
    widths = (96, 256, 256)

    def __init__(self, stages: list[nn.Module], strides: tuple[int, ...], *, dropout: float = 0.5) -> None:
        super().__init__()
        self.strides = strides
        self.features = nn.ModuleList(stages)
        self.fc6 = nn.Sequential(nn.Conv2d(256, 4096, MAP), nn.ReLU(inplace=True), nn.Dropout(dropout))
        self.fc7 = nn.Sequential(nn.Conv2d(4096, 4096, 1), nn.ReLU(inplace=True))
        start(self)

    def stages(self) -> list[nn.Module]:
        """Those of convolutions, and the two fully connected layers."""
        return [*self.features, *(part for part in (self.fc6, self.fc7) if len(part))]

    def keep_maps(self) -> None:
        """Without the fully connected layers, which have nine of ten parameters."""
        self.fc6, self.fc7 = nn.Sequential(), nn.Sequential()

    def maps(self, inputs: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> maps at ``strides``, before the fully connected layers."""
        return in_stages(at_least(inputs, LEAST), list(self.features))

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 4096, h, w): 1 x 1 at the paper's size."""
        features: Tensor = self.fc7(self.fc6(at_least(self.maps(inputs)[-1], MAP)))
        return features


def alexnet() -> FiveConvs:
    """The paper's network, its two halves as groups: 60,965,224 parameters with 1,000 classes.

    torchvision's is a later one without response normalisation and halves ("One weird trick", 2014).
    """
    return FiveConvs(
        [
            nn.Sequential(nn.Conv2d(3, 96, 11, 4, 2), nn.ReLU(inplace=True), _response(), nn.MaxPool2d(3, 2)),
            nn.Sequential(
                nn.Conv2d(96, 256, 5, 1, 2, groups=2), nn.ReLU(inplace=True), _response(), nn.MaxPool2d(3, 2)
            ),
            nn.Sequential(
                nn.Conv2d(256, 384, 3, 1, 1),
                nn.ReLU(inplace=True),
                nn.Conv2d(384, 384, 3, 1, 1, groups=2),
                nn.ReLU(inplace=True),
                nn.Conv2d(384, 256, 3, 1, 1, groups=2),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(3, 2),
            ),
        ],
        (8, 16, 32),
    )


def zfnet() -> FiveConvs:
    """Smaller and denser first filters, 7 x 7 at stride 2, and no halves: 62,357,608 parameters with 1,000 classes."""
    return FiveConvs(
        [
            nn.Sequential(nn.Conv2d(3, 96, 7, 2, 1), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1), _response()),
            nn.Sequential(nn.Conv2d(96, 256, 5, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1), _response()),
            nn.Sequential(
                nn.Conv2d(256, 384, 3, 1, 1),
                nn.ReLU(inplace=True),
                nn.Conv2d(384, 384, 3, 1, 1),
                nn.ReLU(inplace=True),
                nn.Conv2d(384, 256, 3, 1, 1),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(3, 2),
            ),
        ],
        (4, 16, 32),
    )


def _response() -> nn.Module:
    """Local response normalisation with the paper's constants (section 3.3)."""
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)
