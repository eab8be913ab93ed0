"""What makes a network more than one matrix."""

import numpy as np

from foveal.scratch.layer import Array, Layer


class LeakyReLU(Layer):
    """max(x, slope x) (Maas et al. 2013)."""

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = slope

    def forward(self, x: Array) -> Array:
        """Any shape."""
        self._slopes = np.where(x > 0, x.dtype.type(1), x.dtype.type(self.slope))
        return x * self._slopes

    def backward(self, grad: Array) -> Array:
        """1 or the slope, times the gradient."""
        return grad * self._slopes


class ReLU(Layer):
    """max(x, 0) (Nair and Hinton 2010)."""

    def forward(self, x: Array) -> Array:
        """Any shape."""
        self._on = x > 0
        return np.maximum(x, 0)

    def backward(self, grad: Array) -> Array:
        """The gradient where the input was above 0."""
        return grad * self._on


class Sigmoid(Layer):
    """1 / (1 + exp(-x)), between 0 and 1."""

    def forward(self, x: Array) -> Array:
        """Any shape; computed by tanh, so that no exponential overflows."""
        half = x.dtype.type(0.5)
        self._out: Array = half * (1 + np.tanh(half * x))
        return self._out

    def backward(self, grad: Array) -> Array:
        """At most a quarter of the gradient: it vanishes over many layers."""
        return grad * self._out * (1 - self._out)


class Tanh(Layer):
    """tanh(x), between -1 and 1."""

    def forward(self, x: Array) -> Array:
        """Any shape."""
        self._out: Array = np.tanh(x)
        return self._out

    def backward(self, grad: Array) -> Array:
        """1 - tanh^2, times the gradient."""
        return grad * (1 - self._out**2)


class Maxout(Layer):
    """The largest of ``pieces`` neighbouring channels (Goodfellow et al. 2013): the activation itself is learnt.

    Args:
        pieces: Channels from which one is made.
    """

    def __init__(self, pieces: int = 2) -> None:
        self.pieces = pieces

    def forward(self, x: Array) -> Array:
        """(B, C, ...) -> (B, C / pieces, ...).

        Raises:
            ValueError: C is not a multiple of the pieces.
        """
        batch, channels, *rest = x.shape
        if channels % self.pieces:
            raise ValueError(f"Maxout of {self.pieces} needs a multiple of {self.pieces} channels, not {channels}.")
        groups = x.reshape(batch, channels // self.pieces, self.pieces, *rest)
        self._shape, self._best = x.shape, groups.argmax(2, keepdims=True)
        return np.take_along_axis(groups, self._best, 2).squeeze(2)

    def backward(self, grad: Array) -> Array:
        """The gradient goes to the largest alone."""
        batch, channels, *rest = self._shape
        out = np.zeros((batch, channels // self.pieces, self.pieces, *rest), grad.dtype)
        np.put_along_axis(out, self._best, np.expand_dims(grad, 2), 2)
        return out.reshape(self._shape)
