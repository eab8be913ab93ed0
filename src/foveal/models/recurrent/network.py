"""A recurrent network: an encoder of steps, cells, a decoder.

What it carries from window to window is given and returned, never kept inside, so that one network serves training,
evaluation and many streams at once.

Shapes: B streams side by side, T steps, D features of a state, L layers, K characters, F values per step.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from foveal.models.contract import Network
from foveal.models.recurrent.attention import PastAttention
from foveal.models.recurrent.config import RecurrentConfig

CELLS: Mapping[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
State = dict[str, Tensor]
"""What is carried: ``h``, of an LSTM ``c`` too, each (L, B, D); with attention ``seen`` and ``filled``."""


class Recurrent(Network):
    """Cells between an encoder and a decoder that sub-classes add.

    Args:
        inputs: Features of an encoded step.
        own: The cells: their kind, D, L, dropout (of the encoded steps, between layers and of the last states), and
            how many past states each step attends to.
    """

    def __init__(self, inputs: int, own: RecurrentConfig) -> None:
        super().__init__()
        cell, hidden, layers = self.cell, self.hidden, self.layers = own.cell, own.hidden, own.layers
        self.dropout = nn.Dropout(own.dropout)
        between = own.dropout if layers > 1 else 0.0
        self.cells = CELLS[cell](inputs, hidden, layers, batch_first=True, dropout=between)
        self.attention = PastAttention(hidden, own.attention) if own.attention else None
        for layer in range(layers if cell == "lstm" else 0):
            # A memory that is kept at first learns long spans sooner (Jozefowicz et al. 2015).
            getattr(self.cells, f"bias_ih_l{layer}").data[hidden : 2 * hidden] = 1.0

    @abstractmethod
    def encode(self, steps: Tensor) -> Tensor:
        """(B, T, ...) steps -> (B, T, inputs)."""

    @abstractmethod
    def decode(self, states: Tensor, steps: Tensor) -> Tensor:
        """(B, T, D) states and the steps that led to them -> (B, T, ...) outputs."""

    @abstractmethod
    def losses(self, outputs: Tensor, ahead: Tensor) -> dict[str, Tensor]:
        """Named scalar losses.

        Args:
            outputs: (B, T, ...).
            ahead: (B, T + H - 1, ...) the steps after the first input, H of them for the last one.
        """

    def begin(self, streams: int) -> State:
        """The state before the first step of ``streams`` streams."""
        zeros = self.cells.get_parameter("weight_hh_l0").new_zeros(self.layers, streams, self.hidden)
        state = {"h": zeros, "c": zeros.clone()} if self.cell == "lstm" else {"h": zeros}
        return state if self.attention is None else {**state, **self.attention.begin(zeros[0])}

    def forward(self, steps: Tensor, state: Mapping[str, Tensor]) -> tuple[Tensor, State]:
        """Outputs after each step, and the state after the last."""
        encoded = self.dropout(self.encode(steps))
        if self.cell == "lstm":
            states, (h, c) = self.cells(encoded, (state["h"], state["c"]))
            after = {"h": h, "c": c}
        else:
            states, h = self.cells(encoded, state["h"])
            after = {"h": h}
        if self.attention is not None:
            context, seen = self.attention(states, state)
            states, after = states + context, {**after, **seen}
        return self.decode(self.dropout(states), steps), after

    def stages(self) -> Sequence[nn.Module]:
        """The cells."""
        return [self.cells]

    @property
    def pretrained(self) -> frozenset[str]:
        """Everything starts at random."""
        return frozenset()


class CharacterNetwork(Recurrent):
    """From numbers of characters (B, T) to logits of the next one (B, T, K).

    With tied weights the embedding of a character is also the row that its logit is read off with (Press and Wolf
    2017).

    Args:
        size: K.
        own: The cells.
        tied: Whether weights are tied.
        embedding: Features of an embedding; 0: D.
    """

    def __init__(self, size: int, own: RecurrentConfig, *, tied: bool = True, embedding: int = 0) -> None:
        hidden, width = own.hidden, embedding or own.hidden
        super().__init__(width, own)
        self.embedding = nn.Embedding(size, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.narrow = nn.Linear(hidden, width, bias=False) if tied and width != hidden else None
        self.bias = nn.Parameter(torch.zeros(size))
        self.rows = None if tied else nn.Parameter(torch.randn(size, hidden) * hidden**-0.5)

    def encode(self, steps: Tensor) -> Tensor:
        """Embeddings of unit size."""
        encoded: Tensor = self.embedding(steps)
        return encoded * math.sqrt(encoded.shape[-1])

    def decode(self, states: Tensor, steps: Tensor) -> Tensor:  # noqa: ARG002
        """Logits (B, T, K)."""
        rows = self.embedding.weight if self.rows is None else self.rows
        return nn.functional.linear(states if self.narrow is None else self.narrow(states), rows, self.bias)

    def losses(self, outputs: Tensor, ahead: Tensor) -> dict[str, Tensor]:
        """The mean cross-entropy in nats."""
        return {"cross_entropy": nn.functional.cross_entropy(outputs.flatten(0, 1), ahead.flatten())}


class SeriesNetwork(Recurrent):
    """From values (B, T, F) to those of the next H steps (B, T, H F), step after step.

    It predicts the change from the last value: a network that has learnt nothing predicts that nothing changes.

    Args:
        mean: (F,) of the training values.
        std: (F,) of the training values.
        own: The cells.
        horizon: H.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float], own: RecurrentConfig, *, horizon: int) -> None:
        width = len(mean)
        super().__init__(width, own)
        self.horizon = horizon
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32), persistent=False)
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32), persistent=False)
        self.head = nn.Linear(own.hidden, horizon * width)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def encode(self, steps: Tensor) -> Tensor:
        """Values in standard deviations from the mean."""
        return (steps - self.mean) / self.std

    def decode(self, states: Tensor, steps: Tensor) -> Tensor:
        """Values in their own unit (B, T, H F)."""
        last, scale = steps.repeat(1, 1, self.horizon), self.std.repeat(self.horizon)
        change: Tensor = self.head(states)
        return last + change * scale

    def losses(self, outputs: Tensor, ahead: Tensor) -> dict[str, Tensor]:
        """The mean absolute error in standard deviations."""
        steps = outputs.shape[1]
        wanted = torch.cat([ahead[:, h : h + steps] for h in range(self.horizon)], dim=2)
        return {"error": ((outputs - wanted) / self.std.repeat(self.horizon)).abs().mean()}
