"""Prototype masks: a few maps of the full image; each object's mask is a linear combination of them.

Bolya et al. 2019, "YOLACT", section 3.1.

Shapes: B batch, C channels, P prototypes, H W height and width of the input, h w of the prototypes.
"""

from itertools import pairwise
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import interpolate

from foveal.models.pyramid import conv_norm_act
from foveal.types.size import Size

FINEST = 8
"""Stride of the map that prototypes are made from."""
DEPTH = 2
"""Convolutions at that stride. The paper takes three of 256 channels; on a small network's maps they would cost as much
as the network."""


class Prototypes(nn.Module):
    """Convolutions on the pyramid's finest map; for a stride of 4 the map is upsampled once.

    Prototypes are not bounded above, so that one can dominate, and not negative, so that coefficients add and subtract
    regions (ibid.).

    Args:
        channels_in: C of the map.
        prototypes: P.
        channels: Of the convolutions.
        stride: Input pixels per pixel of a prototype.
    """

    def __init__(self, channels_in: int, prototypes: int, *, channels: int, stride: Literal[4, 8]) -> None:
        super().__init__()
        widths = [channels_in, *[channels] * DEPTH]
        self.coarse = nn.Sequential(*(conv_norm_act(a, b) for a, b in pairwise(widths)))
        self.fine = conv_norm_act(channels, channels) if stride < FINEST else None
        self.last = nn.Conv2d(channels, prototypes, 1)

    def forward(self, finest: Tensor) -> Tensor:
        """(B, C, H / 8, W / 8) -> (B, P, h, w), 0 or more."""
        features = self.coarse(finest)
        if self.fine is not None:
            rows, columns = features.shape[-2:]
            features = self.fine(interpolate(features, (2 * rows, 2 * columns), mode="bilinear", align_corners=False))
        made: Tensor = self.last(features).relu()
        return made


def prototype_shape(size: Size, stride: Literal[4, 8]) -> tuple[int, int]:
    """(h, w) of the prototypes for an input."""
    rows, columns = (-(-side // FINEST) * (FINEST // stride) for side in size.shape)
    return rows, columns
