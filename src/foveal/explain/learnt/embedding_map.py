"""A data set in two dimensions: principal components, and t-SNE of scikit-learn.

Shapes: N images, D length of a vector.
"""

from dataclasses import dataclass

import numpy as np

from foveal.brief import brief
from foveal.errors import DataError
from foveal.types.arrays import FloatArray

LEAST_IMAGES = 3
"""Fewer have no shape."""
COMPONENTS = 50
"""Principal components that t-SNE gets (van der Maaten and Hinton 2008, section 4.2: 30)."""
PERPLEXITY = 30.0


@dataclass(frozen=True)
class Places:
    """Where images lie.

    Attributes:
        pca: (N, 2) first two principal components, in [-1, 1].
        tsne: (N, 2), in [-1, 1].
        explained: Part of the variance that the two components hold, in [0, 1].
        perplexity: Of t-SNE: about how many neighbours each image has.
    """

    pca: FloatArray
    tsne: FloatArray
    explained: float
    perplexity: float

    __repr__ = brief


def places_of(values: FloatArray, *, seed: int = 0) -> Places:
    """Lay out vectors (N, D); the same vectors and seed give the same places.

    Raises:
        DataError: Fewer than three images.
        MissingExtraError: scikit-learn is not installed.
    """
    if len(values) < LEAST_IMAGES:
        raise DataError(
            f"{len(values)} images are too few for a map.", f"Name a data set of at least {LEAST_IMAGES} images."
        )
    try:
        from sklearn.decomposition import PCA
        from sklearn.manifold import TSNE
    except ImportError:
        from foveal.errors import MissingExtraError

        raise MissingExtraError("draw a map", "scikit-learn") from None
    values = np.asarray(values, np.float32)
    directions = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    if not np.ptp(directions, axis=0).any():  # all alike: one point
        nowhere = np.zeros((len(values), 2), np.float32)
        return Places(nowhere, nowhere, 1.0, 0.0)
    directions = np.pad(directions, ((0, 0), (0, max(0, 2 - directions.shape[1]))))
    count = min(COMPONENTS, len(values) - 1, directions.shape[1])
    found = PCA(count, svd_solver="randomized" if count < min(directions.shape) // 2 else "full", random_state=seed)
    parts = found.fit_transform(directions)
    perplexity = float(min(PERPLEXITY, (len(values) - 1) / 3))
    # n_jobs=1: the order of sums decides the places, so they would depend on the machine's cores
    tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=1).fit_transform(parts)
    return Places(_within(parts[:, :2]), _within(tsne), float(found.explained_variance_ratio_[:2].sum()), perplexity)


def _within(places: FloatArray) -> FloatArray:
    """Moved and scaled alike in both directions into [-1, 1]."""
    low, high = places.min(0), places.max(0)
    span = float((high - low).max()) or 1.0
    within: FloatArray = ((places - (low + high) / 2) * (2 / span)).astype(np.float32)
    return within
