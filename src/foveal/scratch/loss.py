"""Softmax and cross-entropy, together: their joint gradient is simple and stable.

Shapes: B batch, K classes.
"""

import numpy as np
from numpy.typing import NDArray

from foveal.scratch.layer import Array


def softmax(logits: Array) -> Array:
    """(B, K) -> probabilities; the largest logit is taken away first, so that no exponential overflows."""
    powers = np.exp(logits - logits.max(1, keepdims=True))
    shares: Array = powers / powers.sum(1, keepdims=True)
    return shares


class SoftmaxCrossEntropy:
    """-log of the probability of the right class, the mean over the batch."""

    def forward(self, logits: Array, labels: NDArray[np.integer]) -> float:
        """The loss in nats.

        Args:
            logits: (B, K).
            labels: (B,), in 0..K-1.
        """
        shifted = logits - logits.max(1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        self._probabilities, self._labels = np.exp(logs), labels
        return float(-logs[np.arange(len(labels)), labels].mean())

    def backward(self) -> Array:
        """The gradient of the logits, (B, K): probabilities less 1 at the right class, over B."""
        grad: Array = self._probabilities.copy()
        grad[np.arange(len(grad)), self._labels] -= 1
        grad /= grad.dtype.type(len(grad))
        return grad
