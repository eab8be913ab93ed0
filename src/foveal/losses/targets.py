"""Targets as distributions over classes, and smoothing.

Shapes: B batch, K classes.
"""

import torch
from torch import Tensor
from torch.nn import functional

from foveal.errors import ShapeError


def as_rows(target: Tensor, logits: Tensor) -> Tensor:
    """(B,) class ids become (B, K) one-hot rows of the logits' type; (B, K) rows pass through.

    Raises:
        ShapeError: Neither (B,) integers nor (B, K) floating-point numbers.
    """
    if target.shape == logits.shape[:1] and target.dtype == torch.int64:
        return functional.one_hot(target, logits.shape[1]).to(logits.dtype)
    if target.shape == logits.shape and target.is_floating_point():
        return target.to(logits.dtype)
    raise ShapeError(
        f"A loss got logits of shape {tuple(logits.shape)} and targets of shape {tuple(target.shape)}, {target.dtype};"
        " pass (B,) int64 class ids or (B, K) floats."
    )


def smooth(rows: Tensor, amount: float) -> Tensor:
    """Spread ``amount`` of each row over all K classes (Szegedy et al. 2016, section 7)."""
    return rows * (1 - amount) + amount / rows.shape[1] if amount else rows
