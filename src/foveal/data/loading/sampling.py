"""Sampling weights of class-balanced training."""

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.types.arrays import FloatArray


def balanced_weights(catalog: Catalog) -> FloatArray:
    """(N,) inverse frequency of each image's rarest class; for images without labels, of the most common class."""
    counts = np.maximum(catalog.class_counts(), 1)
    chance = 1.0 / counts
    return np.array([max(chance[catalog.labels[i]], default=1 / counts.max()) for i in range(len(catalog))])
