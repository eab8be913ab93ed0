"""What every network of Foveal can do.

Shapes: B batch, H W rows and columns.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from torch import Tensor, nn


class Network(nn.Module, ABC):
    """What can be trained, whatever goes in."""

    @abstractmethod
    def stages(self) -> Sequence[nn.Module]:
        """The backbone's parts from the input on: freezing and layer-wise decay count them; disjoint."""

    @property
    @abstractmethod
    def pretrained(self) -> frozenset[str]:
        """Names of the parameters that came from pretrained weights; empty when all start at random."""


class Model(Network):
    """A network for images: no preparation, no softmax, no NMS inside; the same keys in training and evaluation."""

    @abstractmethod
    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        """Raw outputs by name, each (B, ...), for normalised inputs (B, 3, H, W)."""

    @abstractmethod
    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Named scalar losses, each a mean over the batch; training minimises their sum."""
