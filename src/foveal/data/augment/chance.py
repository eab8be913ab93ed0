"""Draws from torch's global generator."""

import torch


def happens(chance: float) -> bool:
    """True with a probability; at 0 nothing is drawn."""
    return chance > 0 and float(torch.rand(())) < chance


def uniform(low: float, high: float) -> float:
    """A uniformly distributed number."""
    return low + (high - low) * float(torch.rand(()))
