"""The interface of Foveal's networks.

Shapes: B batch, C channels, H W height and width of the input, h w of a map.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from torch import Tensor, nn

from foveal.models.trunk import Trunk
from foveal.models.weights import Weights


@dataclass(frozen=True)
class Maps:
    """The feature maps that a network's head reads.

    Attributes:
        tensors: Each (B, C, h, w), finest first where there are several. The tokens of a transformer are a map too.
        size: (H, W) of the input that they were made from.
    """

    tensors: tuple[Tensor, ...]
    size: tuple[int, int]


class Network(nn.Module, ABC):
    """A trainable network, whatever its input."""

    @abstractmethod
    def stages(self) -> Sequence[nn.Module]:
        """Its parts from the input on: freezing and layer-wise decay count them; disjoint."""

    @property
    @abstractmethod
    def pretrained(self) -> frozenset[str]:
        """Names of the parameters that came from pretrained weights; empty when all start at random."""


class Model(Network):
    """A network for images: no preparation, no softmax, no NMS inside; the same keys in training and evaluation.

    It has two halves, ``look()`` and ``answer()``: explanations can take gradients with respect to the maps between
    them, or change the maps, without hooks.

    Attributes:
        backbone: The part that may start from pretrained weights.
        weights: Where those came from and their statistics, the tensors themselves let go; None: it started at random.
    """

    backbone: Trunk
    weights: Weights | None = None

    @final  # type: ignore[misc]  # nn.Module declares it as an attribute
    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """Raw outputs by name, each (B, ...), for normalised inputs (B, 3, H, W)."""
        return self.answer(self.look(inputs))

    @abstractmethod
    def look(self, inputs: Tensor) -> Maps:
        """The maps that the head reads, for normalised inputs (B, 3, H, W)."""

    @abstractmethod
    def answer(self, maps: Maps) -> dict[str, Tensor]:
        """Raw outputs by name, each (B, ...): the head alone."""

    @abstractmethod
    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Named scalar losses, each a mean over the batch; training minimises their sum."""

    def stages(self) -> Sequence[nn.Module]:
        """The backbone's."""
        return self.backbone.stages()

    @property
    def pretrained(self) -> frozenset[str]:
        """The backbone's."""
        return frozenset(f"backbone.{name}" for name in self.backbone.pretrained)
