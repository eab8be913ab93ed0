"""What runs a network: one protocol for torch, ONNX Runtime and others.

Shapes: B images, S side of the input.
"""

from typing import Protocol, runtime_checkable

from foveal.artifact.card import Card
from foveal.types.arrays import RGB, Array

EVIDENCE = "evidence"
"""The name of cell scores (B, K, h, w) among the outputs, where an export has them."""
FEATURES = "features"
"""The name of the vectors (B, D) among the outputs, where they are asked for."""


class Backend(Protocol):
    """A network with its normalisation and activation; ``run`` may be called from many threads at once."""

    card: Card
    """The model card."""

    @property
    def device_name(self) -> str:
        """Where it runs, such as ``cpu`` or ``cuda``."""
        ...

    def run(self, images: RGB) -> dict[str, Array]:
        """Activated outputs by name, each (B, ...), for prepared images (B, S, S, 3) uint8."""
        ...


@runtime_checkable
class GivesCells(Protocol):
    """A backend that computes cell scores on demand."""

    def cells(self, images: RGB) -> dict[str, Array]:
        """``EVIDENCE`` (B, K, h, w) for prepared images; empty where the task has none."""
        ...


@runtime_checkable
class GivesHeads(Protocol):
    """A backend that gives the weights of attention, of each head."""

    def heads(self, images: RGB) -> dict[str, Array]:
        """``attention`` (B, A, h, w) for prepared images; empty where the network has none."""
        ...


@runtime_checkable
class GivesFeatures(Protocol):
    """A backend that gives the vector by which it compares images."""

    def with_features(self, images: RGB) -> dict[str, Array]:
        """What ``run`` gives and ``FEATURES`` (B, D), in one pass, for prepared images."""
        ...
