"""Recurrent cells, written out one step after another.

Weights stand as in other libraries: (G D, I) of the input and (G D, D) of the state, with the gates one below another.

Shapes: B batch, T steps, I features of the input, D of the state, G gates.
"""

import numpy as np

from foveal.scratch.activations import Sigmoid
from foveal.scratch.layer import Array


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    return Sigmoid().forward(x)


class _Cell:
    """A cell with ``gates`` gates.

    Args:
        of_input: (G D, I).
        of_state: (G D, D).
        input_bias: (G D,).
        state_bias: (G D,).
    """

    gates = 1

    def __init__(self, of_input: Array, of_state: Array, input_bias: Array, state_bias: Array) -> None:
        if len(of_input) != self.gates * of_state.shape[1]:
            raise ValueError(f"{type(self).__name__} has {self.gates} x {of_state.shape[1]} rows, not {len(of_input)}.")
        self.of_input, self.of_state, self.input_bias, self.state_bias = of_input, of_state, input_bias, state_bias
        self.size = of_state.shape[1]

    def _parts(self, x: Array, state: Array) -> tuple[list[Array], list[Array]]:
        """What each gate gets of the input, and of the state: (B, D) each."""
        from_input = x @ self.of_input.T + self.input_bias
        from_state = state @ self.of_state.T + self.state_bias
        return np.split(from_input, self.gates, 1), np.split(from_state, self.gates, 1)


class RNN(_Cell):
    """h' = tanh(W x + b + U h + c) (Elman 1990)."""

    def step(self, x: Array, state: Array) -> Array:
        """(B, I) and (B, D) -> the next state (B, D)."""
        (from_input,), (from_state,) = self._parts(x, state)
        return np.tanh(from_input + from_state)

    def forward(self, x: Array, state: Array) -> tuple[Array, Array]:
        """(B, T, I) and the first state -> the state after each step (B, T, D), and the last."""
        return _unroll(self.step, x, state)


class GRU(_Cell):
    """r and z decide what of the state is used and what is kept (Cho et al. 2014).

    r = sigmoid(W_r x + U_r h), z = sigmoid(W_z x + U_z h), n = tanh(W_n x + r (U_n h)), h' = (1 - z) n + z h.
    """

    gates = 3

    def step(self, x: Array, state: Array) -> Array:
        """(B, I) and (B, D) -> the next state (B, D)."""
        (reset, keep, new), (reset_h, keep_h, new_h) = self._parts(x, state)
        kept = sigmoid(keep + keep_h)
        candidate = np.tanh(new + sigmoid(reset + reset_h) * new_h)
        return (1 - kept) * candidate + kept * state

    def forward(self, x: Array, state: Array) -> tuple[Array, Array]:
        """(B, T, I) and the first state -> the state after each step (B, T, D), and the last."""
        return _unroll(self.step, x, state)


class LSTM(_Cell):
    """A memory c that gates add to and forget from (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    i, f, o = sigmoid(...), g = tanh(...), c' = f c + i g, h' = o tanh(c').
    """

    gates = 4

    def step(self, x: Array, state: Array, memory: Array) -> tuple[Array, Array]:
        """(B, I), (B, D) and (B, D) -> the next state and memory."""
        parts = [a + b for a, b in zip(*self._parts(x, state), strict=True)]
        write, forget, show = (sigmoid(parts[at]) for at in (0, 1, 3))
        memory = forget * memory + write * np.tanh(parts[2])
        return show * np.tanh(memory), memory

    def forward(self, x: Array, state: Array, memory: Array) -> tuple[Array, tuple[Array, Array]]:
        """(B, T, I) and the first state and memory -> the state after each step (B, T, D), and the last two."""
        states = []
        for at in range(x.shape[1]):
            state, memory = self.step(x[:, at], state, memory)
            states.append(state)
        return np.stack(states, 1), (state, memory)


def _unroll(step, x: Array, state: Array) -> tuple[Array, Array]:  # type: ignore[no-untyped-def]
    states = []
    for at in range(x.shape[1]):
        state = step(x[:, at], state)
        states.append(state)
    return np.stack(states, 1), state
