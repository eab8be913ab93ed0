"""Class weights, so that rare classes count as much as common ones.

Shapes: K classes, N samples.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from foveal.types.arrays import FloatArray, IntArray

MAX_POSITIVE_WEIGHT = 100.0
"""Upper bound for a class that almost never occurs, whose few positives would otherwise dominate."""


def inverse_frequency(counts: Sequence[int] | IntArray) -> Tensor:
    """w_k in proportion to 1 / n_k.

    Args:
        counts: (K,) training samples of each class.

    Returns:
        (K,) float32 with mean 1 over the training samples; 1 for a class without samples.
    """
    n = np.asarray(counts, np.float64)
    return _normalised(n, 1 / np.maximum(n, 1))


def effective_number(counts: Sequence[int] | IntArray, *, beta: float = 0.999) -> Tensor:
    """w_k in proportion to (1 - beta) / (1 - beta^n_k) (Cui et al. 2019, "Class-balanced loss", eq. 2).

    Args:
        counts: (K,) training samples of each class.
        beta: In [0, 1); 0 weights all classes alike, towards 1 it becomes the inverse frequency.

    Returns:
        (K,) float32 with mean 1 over the training samples; 1 for a class without samples.
    """
    n = np.asarray(counts, np.float64)
    if beta == 0:
        return _normalised(n, np.ones_like(n))
    return _normalised(n, (1 - beta) / -np.expm1(np.maximum(n, 1) * np.log(beta)))


def median_frequency(pixels: Sequence[int] | IntArray, images_pixels: Sequence[int] | IntArray) -> Tensor:
    """Median class frequency over the class's own frequency (Eigen and Fergus 2015, section 6.3.2).

    Args:
        pixels: (K,) pixels of each class.
        images_pixels: (K,) known pixels of the images in which each class occurs.

    Returns:
        (K,) float32 with mean 1 over the pixels; 1 for a class without pixels.
    """
    n = np.asarray(pixels, np.float64)
    frequency = n / np.maximum(np.asarray(images_pixels, np.float64), 1)
    median = np.median(frequency[n > 0]) if n.any() else 1.0
    return _normalised(n, median / np.maximum(frequency, 1e-12))


def positive_weights(counts: Sequence[int] | IntArray, num_samples: int) -> Tensor:
    """Negatives per positive of each class, for multi-label losses.

    Args:
        counts: (K,) training samples that have the label.
        num_samples: N.

    Returns:
        (K,) float32 in (0, MAX_POSITIVE_WEIGHT]; 1 for a label that no or every sample has.
    """
    n = np.asarray(counts, np.float64)
    ratio = (num_samples - n) / np.maximum(n, 1)
    ratio[(n == 0) | (n == num_samples)] = 1
    return torch.from_numpy(np.minimum(ratio, MAX_POSITIVE_WEIGHT)).float()


def _normalised(n: FloatArray, weights: FloatArray) -> Tensor:
    """Scale so that sum_k n_k w_k = N."""
    scale = n.sum() / (n * weights).sum() if n.any() else 1.0
    return torch.from_numpy(np.where(n > 0, weights * scale, 1.0)).float()
