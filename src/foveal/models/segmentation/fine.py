"""Corrections of a segmenter's classes at half the input's size, where thin things are seen.

Shapes: B batch, C channels, K classes, H W half the input's height and width, h w of the decoder's map.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from foveal.models.segmentation.strips import Strips

FINE_CHANNELS = 32
"""Channels at half the input's size."""


class FineHead(nn.Module):
    """Corrections of the logits at half the input's size, from the decoder's map and the backbone's finest one.

    The last convolution starts near zero, so training begins with the decoder's own logits, enlarged. Depthwise and
    narrow, as this map has four times the places of the decoder's.

    Args:
        channels: C of the decoder's map.
        finest: C of the backbone's finest map, of stride 2.
        num_classes: K.
        strips: ``Strips`` in place of a 3 x 3 convolution alone.
    """

    def __init__(self, channels: int, finest: int, num_classes: int, *, strips: bool) -> None:
        super().__init__()
        width = FINE_CHANNELS
        self.coarse = nn.Sequential(nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width))
        self.fine = nn.Sequential(nn.Conv2d(finest, width, 1, bias=False), nn.BatchNorm2d(width))
        layers: list[nn.Module] = [nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)]
        if strips:
            layers = [Strips(width), nn.Conv2d(width, width, 1, bias=False)]
        self.smooth = nn.Sequential(nn.ReLU(inplace=True))
        for layer in layers:
            self.smooth.extend([layer, nn.BatchNorm2d(width), nn.ReLU(inplace=True)])
        self.classes = nn.Conv2d(width, num_classes, 1)
        nn.init.normal_(self.classes.weight, std=1e-3)
        assert self.classes.bias is not None
        nn.init.zeros_(self.classes.bias)

    def forward(self, logits: Tensor, decoded: Tensor, finest: Tensor) -> Tensor:
        """Logits (B, K, h, w), maps (B, C, h, w) and (B, C', H, W) -> logits (B, K, H, W)."""
        size = finest.shape[-2:]
        both = self.fine(finest) + enlarged(self.coarse(decoded), size)
        corrections: Tensor = self.classes(self.smooth(both))
        return enlarged(logits, size) + corrections


def enlarged(values: Tensor, size: Sequence[int]) -> Tensor:
    """(B, C, h, w) -> (B, C, *size), bilinear."""
    return nn.functional.interpolate(values, tuple(size), mode="bilinear", align_corners=False)
