"""What a layer is, and layers in a row."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


class Parameter:
    """A value that is learnt, and the loss's gradient with respect to it.

    Attributes:
        value: The weights.
        grad: Of the same shape; zero before the first ``backward``, and overwritten by each.
    """

    def __init__(self, value: Array) -> None:
        self.value = value
        self.grad: Array = np.zeros_like(value)

    def __repr__(self) -> str:
        """Its shape."""
        return f"Parameter{self.value.shape}"


class Layer:
    """A function with a gradient.

    Attributes:
        training: Whether dropout drops and batch norm uses the batch's own statistics.
    """

    training = True

    def forward(self, x: Array) -> Array:
        """The output for a batch."""
        raise NotImplementedError

    def backward(self, grad: Array) -> Array:
        """The gradient of ``x`` from that of the output; the parameters' gradients are left in them."""
        raise NotImplementedError

    def parameters(self) -> Iterator[Parameter]:
        """What the layer learns."""
        return (value for value in vars(self).values() if isinstance(value, Parameter))

    def train(self, training: bool = True) -> None:
        """Switch to training, or to use."""
        self.training = training

    def __call__(self, x: Array) -> Array:
        """``forward``."""
        return self.forward(x)


class Sequential(Layer):
    """Layers in a row: forward from the first to the last, backward from the last to the first."""

    def __init__(self, *layers: Layer) -> None:
        self.layers = layers

    def forward(self, x: Array) -> Array:
        """Each layer's output is the next one's input."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad: Array) -> Array:
        """The chain rule."""
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

    def parameters(self) -> Iterator[Parameter]:
        """Those of all layers, in order."""
        for layer in self.layers:
            yield from layer.parameters()

    def train(self, training: bool = True) -> None:
        """Switch all layers."""
        self.training = training
        for layer in self.layers:
            layer.train(training)
