"""The interface of Foveal's networks.

Shapes: B batch, C channels, H W height and width of the input, h w of a map.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, final

from torch import Tensor, nn

from foveal.models.taking import ClassRows, Taken, take
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
        taken: What came from the file that ``--model.weights`` names; None: no file was named.
    """

    backbone: Trunk
    weights: Weights | None = None
    taken: Taken | None = None

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

    def explained(self, inputs: Tensor) -> tuple[Maps, Callable[[Maps], dict[str, Tensor]]]:
        """The maps that explanations take gradients of, for normalised inputs, and what makes raw outputs of them.

        Those between the halves, unless the head does no more than read each place by itself: then deeper ones.
        """
        return self.look(inputs), lambda maps: self.answer(maps)

    def attention(self, inputs: Tensor) -> Tensor | None:  # noqa: ARG002
        """(B, A, h, w) the weights of each attention head for normalised inputs, which sum to 1; None: it has none."""
        return None

    @abstractmethod
    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Named scalar losses, each a mean over the batch; training minimises their sum."""

    def stages(self) -> Sequence[nn.Module]:
        """The backbone's."""
        return self.backbone.stages()

    @property
    def pretrained(self) -> frozenset[str]:
        """The backbone's and, from a model of Foveal's own, those of other parts that were taken whole."""
        own = frozenset(f"backbone.{name}" for name in self.backbone.pretrained)
        if self.taken is None:
            return own
        return own | (frozenset(self.taken.whole) & {name for name, _ in self.named_parameters()})

    def class_rows(self) -> Mapping[str, ClassRows]:
        """The tensors that hold a row for each class, by name."""
        return {}

    def take_over(self, classes: Sequence[str]) -> Self:
        """Take from the given file, if there is one, what lies beside the backbone; its tensors are then let go.

        Args:
            classes: Names, in order of id; class rows are taken by them.
        """
        weights, match = self.weights, self.backbone.match
        if weights is not None and match is not None and weights.source == "file":
            self.taken = take(self, weights, match, classes=classes, rows=self.class_rows())
            self.weights = replace(weights, tensors={})
        return self
