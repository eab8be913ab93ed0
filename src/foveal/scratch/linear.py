"""The perceptron, and the layer it grew into.

Shapes: B batch, I and O features in and out.
"""

import numpy as np

from foveal.scratch.layer import Array, Layer, Parameter


class Perceptron:
    """One neuron with a step, and Rosenblatt's rule: weights move only where the output is wrong.

    It learns any two classes that a plane separates in finitely many mistakes (Rosenblatt 1958; Novikoff 1962), and XOR
    never (Minsky and Papert 1969).

    Attributes:
        weight: (I,).
        bias: A number.
    """

    def __init__(self, in_features: int) -> None:
        self.weight = np.zeros(in_features)
        self.bias = 0.0

    def predict(self, x: Array) -> Array:
        """(B, I) -> 0 or 1 for each, (B,)."""
        return (x @ self.weight + self.bias > 0).astype(np.float64)

    def learn(self, x: Array, labels: Array, *, epochs: int = 100) -> int:
        """Go through the examples until an epoch has no mistake.

        Args:
            x: (B, I).
            labels: 0 or 1 for each, (B,).
            epochs: At most this often.

        Returns:
            Mistakes in the last epoch; 0: it has learnt them.
        """
        mistakes = 0
        for _ in range(epochs):
            mistakes = 0
            for row, label in zip(x, labels, strict=True):
                error = float(label - self.predict(row[None])[0])
                self.weight += error * row
                self.bias += error
                mistakes += error != 0
            if not mistakes:
                break
        return mistakes


class Linear(Layer):
    """y = x W^T + b, the fully connected layer.

    Args:
        in_features: I.
        out_features: O.
        rng: Draws the first weights, uniform within 1 / sqrt(I); None: seed 0.
        dtype: Of weights and outputs.

    Attributes:
        weight: (O, I).
        bias: (O,).
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        rng: np.random.Generator | None = None,
        dtype: type = np.float32,
    ) -> None:
        rng = rng or np.random.default_rng(0)
        bound = in_features**-0.5
        self.weight = Parameter(rng.uniform(-bound, bound, (out_features, in_features)).astype(dtype))
        self.bias = Parameter(rng.uniform(-bound, bound, out_features).astype(dtype))

    def forward(self, x: Array) -> Array:
        """(B, I) -> (B, O)."""
        self._x = x
        return x @ self.weight.value.T + self.bias.value

    def backward(self, grad: Array) -> Array:
        """(B, O) -> (B, I)."""
        self.weight.grad = grad.T @ self._x
        self.bias.grad = grad.sum(0)
        return grad @ self.weight.value


class Flatten(Layer):
    """(B, C, H, W) -> (B, C H W)."""

    def forward(self, x: Array) -> Array:
        """One row of numbers for each image."""
        self._shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, grad: Array) -> Array:
        """Back to the image's shape."""
        return grad.reshape(self._shape)
