"""Attention over a sequence, in its plainest form: scaled dot products, one head, the weights kept.

Shapes: B streams, T queries, S keys, D features, W past states that are remembered.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn


def attend(queries: Tensor, keys: Tensor, values: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
    """softmax(Q K^T / sqrt(D)) V over the allowed keys (Vaswani et al. 2017, equation 1).

    Args:
        queries: (B, T, D).
        keys: (B, S, D).
        values: (B, S, D).
        allowed: (B, T, S) or (T, S), whether a query may see a key; one that may see none gets zeros.

    Returns:
        (B, T, D), and the weights (B, T, S), which sum to 1 for each query that may see a key.
    """
    scores = queries @ keys.transpose(1, 2) / math.sqrt(queries.shape[-1])
    weights = torch.softmax(scores.masked_fill(~allowed, -1e9), dim=-1) * allowed
    return weights @ values, weights


def causal(queries: int, keys: int, *, window: int, device: torch.device | None = None) -> Tensor:
    """(T, S) whether a query may see a key: itself and the ``window`` before it, never one after it.

    The last query and the last key are the same step.
    """
    now = torch.arange(queries, device=device)[:, None] + keys - queries
    then = torch.arange(keys, device=device)[None]
    return (then <= now) & (then >= now - window)


class PastAttention(nn.Module):
    """Each state attends to itself and to the ``window`` states before it, those of earlier windows included.

    Earlier states are remembered as they were, without gradients, as in Transformer-XL (Dai et al. 2019).

    Attributes:
        weights: (B, T, W + T) those of the last call, the remembered states first.
    """

    def __init__(self, size: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.query, self.key, self.value = (nn.Linear(size, size, bias=False) for _ in range(3))
        self.weights: Tensor | None = None

    def begin(self, like: Tensor) -> dict[str, Tensor]:
        """Nothing is remembered yet; ``like`` is (B, D)."""
        streams, size = like.shape
        return {"seen": like.new_zeros(streams, self.window, size), "filled": like.new_zeros(streams, self.window)}

    def forward(self, states: Tensor, before: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """(B, T, D) states and what was remembered -> what they attend to (B, T, D), and what is remembered now."""
        known = torch.cat([before["seen"], states], 1)
        filled = torch.cat([before["filled"], torch.ones_like(states[..., 0])], 1)
        mask = causal(states.shape[1], known.shape[1], window=self.window, device=states.device)
        allowed = mask & (filled > 0)[:, None]
        context, weights = attend(self.query(states), self.key(known), self.value(known), allowed)
        self.weights = weights.detach()
        return context, {"seen": known[:, -self.window :], "filled": filled[:, -self.window :]}
