"""From gradients to steps."""

from collections.abc import Iterable

import numpy as np

from foveal.scratch.layer import Parameter


class SGD:
    """v <- momentum v + g; w <- w - lr v (Polyak 1964; Sutskever et al. 2013).

    Args:
        parameters: What is learnt.
        lr: Learning rate.
        momentum: Share of the last step's velocity that is kept.
        weight_decay: Times the weight, added to its gradient.
    """

    def __init__(
        self, parameters: Iterable[Parameter], lr: float, *, momentum: float = 0.0, weight_decay: float = 0.0
    ) -> None:
        self.parameters, self.lr, self.momentum, self.weight_decay = list(parameters), lr, momentum, weight_decay
        self._velocities = [np.zeros_like(p.value) for p in self.parameters]

    def step(self) -> None:
        """Move each parameter by its gradient."""
        for parameter, velocity in zip(self.parameters, self._velocities, strict=True):
            velocity *= self.momentum
            velocity += parameter.grad + self.weight_decay * parameter.value
            parameter.value -= self.lr * velocity


class Adam:
    """Steps of about ``lr`` in each weight, whatever the scale of its gradient (Kingma and Ba 2014, algorithm 1).

    Args:
        parameters: What is learnt.
        lr: Learning rate.
        betas: Decay of the running mean of gradients and of their squares.
        eps: Added to the root.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        self.parameters, self.lr, self.betas, self.eps = list(parameters), lr, betas, eps
        self._means = [np.zeros_like(p.value) for p in self.parameters]
        self._squares = [np.zeros_like(p.value) for p in self.parameters]
        self._steps = 0

    def step(self) -> None:
        """Move each parameter; the first steps make up for running means that began at zero."""
        self._steps += 1
        first, second = self.betas
        for parameter, mean, square in zip(self.parameters, self._means, self._squares, strict=True):
            mean += (1 - first) * (parameter.grad - mean)
            square += (1 - second) * (parameter.grad**2 - square)
            root = np.sqrt(square / (1 - second**self._steps)) + self.eps
            parameter.value -= (self.lr / (1 - first**self._steps)) * mean / root
