"""What runs a model on streams, whatever the engine.

Shapes: B streams side by side, T steps.
"""

from collections.abc import Mapping
from typing import Protocol

from foveal.artifact.card import Card
from foveal.types.arrays import Array, FloatArray

State = Mapping[str, Array]
"""What is carried from call to call, by name."""


class Stepper(Protocol):
    """A network that takes one step or many, with the state before them given and that after them returned."""

    @property
    def card(self) -> Card:
        """The model card."""
        ...

    @property
    def running(self) -> str:
        """Engine, device and threads, in words."""
        ...

    def begin(self, streams: int) -> State:
        """The state before the first step."""
        ...

    def run(self, steps: Array, state: State) -> tuple[FloatArray, State]:
        """(B, T) numbers or (B, T, F) values -> outputs (B, T, ...), and the state after them."""
        ...
