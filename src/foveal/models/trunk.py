"""The base of all backbones: a network in stages, perhaps with pretrained weights."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from foveal.errors import ConfigError
from foveal.models.classic.own import OwnNetwork
from foveal.models.classic.table import own
from foveal.models.config import ModelConfig
from foveal.models.matching import WeightMatch, load_matching
from foveal.models.stages import cut
from foveal.models.weights import Weights, resolve

T = TypeVar("T")
SIDES = (16, 32, 48, 64, 96, 128, 224, 256)
"""Input sides in pixels that are tried for a hint."""


class Trunk(nn.Module):
    """A timm network, or one of Foveal's own, without its pooling and classifier.

    Args:
        name: Of the network.

    Attributes:
        net: The network.
        match: How pretrained weights matched it; None: random weights.
    """

    net: nn.Module

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.match: WeightMatch | None = None

    def load(self, weights: Weights | None) -> None:
        """Copy the pretrained weights that fit; None: keep random weights.

        Raises:
            WeightsError: Fewer than half of the network's tensors match.
        """
        self.match = None if weights is None else load_matching(self.net, weights)

    def inner(self, inputs: Tensor) -> Sequence[Tensor]:
        """The map (B, C, h, w) of each stage, input first, for (B, 3, H, W); empty where a network does not tell."""
        if isinstance(self.net, OwnNetwork):
            return self.net.maps(inputs)
        call: Any = getattr(self.net, "forward_intermediates", None)
        if call is None:
            return []
        maps: list[Tensor] = call(inputs, norm=False, output_fmt="NCHW", intermediates_only=True)
        return maps

    def run(self, call: Callable[[Tensor], T], inputs: Tensor) -> T:
        """``call(inputs)``, where ``call`` is the network or a part of it.

        Raises:
            ConfigError: The network does not take images of this size; the message names one that it takes.
        """
        try:
            return call(inputs)
        except RuntimeError:
            height, width = inputs.shape[-2:]
            if self.takes(height, width):
                raise
            side = next((side for side in SIDES if side > min(height, width) and self.takes(side, side)), None)
            raise ConfigError(
                f"The backbone {self.name!r} does not take images of {width} x {height} pixels: nothing would be left"
                " of them after its last layers.",
                "Use another backbone." if side is None else f"Use --size {side} or more, or another backbone.",
            ) from None

    def takes(self, height: int, width: int) -> bool:
        """Whether images of a size pass through the network; built anew, and without computing values."""
        try:
            with torch.device("meta"), torch.no_grad():
                type(self)(self.name).eval().net(torch.zeros(1, 3, height, width))
        except RuntimeError:
            return False
        return True

    def stages(self) -> Sequence[nn.Module]:
        """Stem, each block stage and the final layers; disjoint, and together every parameter."""
        return self.net.stages() if isinstance(self.net, OwnNetwork) else cut(self.net)

    @property
    def pretrained(self) -> frozenset[str]:
        """Names of the parameters, as ``named_parameters`` gives them, that came from pretrained weights."""
        loaded = frozenset() if self.match is None else frozenset(self.match.loaded)
        return frozenset(f"net.{name}" for name, _ in self.net.named_parameters() if name in loaded)


def build_own(name: str) -> OwnNetwork | None:
    """One of Foveal's own networks, with random weights; None: the name is another's.

    Raises:
        ConfigError: A network that is written as a line, with a fault.
    """
    known = own(name)
    return None if known is None else known.build()


def find_weights(config: ModelConfig) -> Weights | None:
    """The pretrained weights that ``config`` asks for.

    Raises:
        WeightsError: They are not available.
    """
    return resolve(config.backbone, config.weights, allow_download=config.allow_download)
