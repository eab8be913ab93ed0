"""What runs a network: one protocol for torch, ONNX Runtime and others.

Shapes: B images, S side of the input.
"""

from typing import Protocol

from foveal.artifact.card import Card
from foveal.types.arrays import RGB, Array


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
