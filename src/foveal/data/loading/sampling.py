"""How often each image is drawn where rare classes are to be seen as often as common ones."""

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.types.arrays import FloatArray


def balanced_weights(catalog: Catalog) -> FloatArray:
    """(N,) the inverse frequency of each image's rarest class; of one without a label, that of the commonest."""
    counts = np.maximum(catalog.class_counts(), 1)
    chance = 1.0 / counts
    return np.array([max(chance[catalog.labels[i]], default=1 / counts.max()) for i in range(len(catalog))])
