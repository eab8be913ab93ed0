"""What Foveal's own networks have in common.

Shapes: B batch, C channels, H W height and width of the input, h w of a map.
"""

from collections.abc import Sequence

from torch import Tensor, nn


class OwnNetwork(nn.Module):
    """A network up to its last feature map; ``forward`` gives (B, C, h, w) for (B, 3, H, W).

    Attributes:
        num_features: C of the last map.
        widths: Channels of the maps at several strides, finest first; empty: it has none for detectors and segmenters.
        strides: Of those maps, in pixels.
    """

    num_features: int
    widths: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()

    def stages(self) -> Sequence[nn.Module]:
        """Disjoint parts from the input on, for freezing and layer-wise decay."""
        return [child for child in self.children() if next(child.parameters(), None) is not None]

    def maps(self, inputs: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> a map for each of ``strides``; of a network without them, the last map."""
        return [self(inputs)]

    def keep_maps(self) -> None:
        """Let go of layers that ``maps`` does not need: detectors and segmenters have no use for them."""

    def side_widths(self) -> tuple[int, ...]:
        """Channels of the maps that auxiliary classifiers read in training; empty: there are none."""
        return ()

    def with_sides(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """The last map, and those of ``side_widths``."""
        return (self(inputs),)


def in_stages(features: Tensor, parts: Sequence[nn.Module]) -> list[Tensor]:
    """The output of each part, one after another."""
    out = []
    for part in parts:
        features = part(features)
        out.append(features)
    return out


def at_least(features: Tensor, side: int) -> Tensor:
    """The map itself, or enlarged to ``side`` x ``side`` by average pooling's inverse where it is smaller.

    A fully connected layer that is a convolution then has at least one window to lie on.
    """
    height, width = features.shape[-2:]
    if height >= side and width >= side:
        return features
    size = (max(int(height), side), max(int(width), side))
    return nn.functional.adaptive_avg_pool2d(features, size)


def start(net: nn.Module) -> None:
    """First weights that neither grow nor shrink what passes through ReLU (He et al. 2015, "Delving deep")."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
