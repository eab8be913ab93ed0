"""Settings of recurrent networks, the same for every task on a stream."""

from typing import Annotated, Literal

from pydantic import Field

from foveal.types.settings import Settings


class RecurrentConfig(Settings):
    """The cells, and how far back they are trained."""

    cell: Literal["rnn", "lstm", "gru"] = "lstm"
    """Recurrent cell."""
    hidden: Annotated[int, Field(ge=1, le=8192)] = 512
    """Features of a cell's state."""
    layers: Annotated[int, Field(ge=1, le=16)] = 1
    """Layers of cells."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Dropout of the input, between layers and before the output."""
    window: Annotated[int, Field(ge=2, le=65536)] = 64
    """Steps that gradients go back; the state is carried further, from window to window."""
    attention: Annotated[int, Field(ge=0, le=4096)] = 0
    """Past steps that each step attends to, besides its state; 0: no attention."""
