"""Batch norm and dropout: what behaves differently in training and at inference."""

import numpy as np

from foveal.scratch.layer import Array, Layer, Parameter


class BatchNorm(Layer):
    """Each channel with mean 0 and variance 1 over the batch, then scaled and shifted (Ioffe and Szegedy 2015).

    For (B, C) and (B, C, H, W). At inference it takes the running mean and variance that training has left.

    Args:
        channels: C.
        momentum: Share of the newest batch in the running statistics.
        eps: Added to the variance.
        dtype: Of the parameters.

    Attributes:
        weight: (C,), the scale.
        bias: (C,), the shift.
        mean: (C,), running.
        var: (C,), running, with B H W - 1 in the denominator.
    """

    def __init__(self, channels: int, *, momentum: float = 0.1, eps: float = 1e-5, dtype: type = np.float32) -> None:
        self.momentum, self.eps = momentum, eps
        self.weight = Parameter(np.ones(channels, dtype))
        self.bias = Parameter(np.zeros(channels, dtype))
        self.mean: Array = np.zeros(channels, dtype)
        self.var: Array = np.ones(channels, dtype)

    def forward(self, x: Array) -> Array:
        """The same shape."""
        self._axes = (0, *range(2, x.ndim))
        self._lay = (1, -1) + (1,) * (x.ndim - 2)
        mean, var = self.mean, self.var
        if self.training:
            mean, var = x.mean(self._axes), x.var(self._axes)
            count = x.size // x.shape[1]
            unbiased = var * (count / max(1, count - 1))
            self.mean = (1 - self.momentum) * self.mean + self.momentum * mean
            self.var = (1 - self.momentum) * self.var + self.momentum * unbiased
        self._scale: Array = (1 / np.sqrt(var + self.eps)).reshape(self._lay).astype(x.dtype)
        self._normal = (x - mean.reshape(self._lay)) * self._scale
        out: Array = self._normal * self.weight.value.reshape(self._lay) + self.bias.value.reshape(self._lay)
        return out

    def backward(self, grad: Array) -> Array:
        """Mean and variance depend on each input, too: two terms are taken away."""
        self.weight.grad = (grad * self._normal).sum(self._axes)
        self.bias.grad = grad.sum(self._axes)
        inner = grad * self.weight.value.reshape(self._lay)
        if self.training:
            along = inner.mean(self._axes, keepdims=True)
            inner = inner - along - self._normal * (inner * self._normal).mean(self._axes, keepdims=True)
        return inner * self._scale


class Dropout(Layer):
    """In training each number is dropped with probability ``rate`` and the others grow by 1 / (1 - rate).

    So the expected value stays, and at inference nothing is done (Srivastava et al. 2014, section 10, inverted).

    Args:
        rate: Between 0 and 1.
        rng: Draws what is dropped; None: seed 0.

    Raises:
        ValueError: The rate is below 0, or 1 and more.
    """

    def __init__(self, rate: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"A dropout rate of {rate:g} is not in [0, 1).")
        self.rate, self.rng = rate, rng or np.random.default_rng(0)

    def forward(self, x: Array) -> Array:
        """The same shape."""
        self._kept: Array | None = None
        if not self.training or not self.rate:
            return x
        self._kept = ((self.rng.random(x.shape) >= self.rate) / (1 - self.rate)).astype(x.dtype)
        return x * self._kept

    def backward(self, grad: Array) -> Array:
        """What was dropped has no gradient."""
        return grad if self._kept is None else grad * self._kept
