"""Which images a model finds alike: the nearest by the angle between their vectors. NumPy.

Shapes: N images of a data set, Q asked for, D length of a vector.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from foveal.brief import brief
from foveal.errors import ConfigError, ImageError
from foveal.inference.backends.contract import FEATURES, GivesFeatures
from foveal.inference.predictor import BATCH_SIZE, Predictor, Prepared, Source
from foveal.types.arrays import Array, FloatArray
from foveal.types.progress import Progress, silent

BLOCK = 256
"""Vectors compared at once with all others."""


@dataclass(frozen=True)
class Vectors:
    """The vectors of some images.

    Attributes:
        values: (N, D) float32, as the model gives them.
        places: (N,) which of the sources each is of: those that cannot be read are left out.
    """

    values: FloatArray
    places: list[int]

    __repr__ = brief

    def nearest(self, asked: FloatArray, *, top: int) -> list[list[tuple[int, float]]]:
        """For each of (Q, D) vectors the nearest sources and their likeness in [-1, 1], the nearest first.

        The likeness is the cosine of the angle between vectors less their mean over the data set: what all of its
        images share says nothing about which are alike.
        """
        middle = self.values.mean(0, dtype=np.float64)
        known, found = _directions(self.values, middle), []
        for start in range(0, len(asked), BLOCK):
            for row in _directions(asked[start : start + BLOCK], middle) @ known.T:
                order = np.argsort(-row, kind="stable")[:top]
                found.append([(self.places[int(i)], float(np.clip(row[i], -1, 1))) for i in order])
        return found


def vectors_of(
    predictor: Predictor,
    sources: Sequence[Source],
    *,
    bad: dict[int, ImageError] | None = None,
    progress: Progress = silent,
    batch_size: int = BATCH_SIZE,
) -> Vectors:
    """The vectors of images; ``bad`` collects those that cannot be read, None raises the first.

    Raises:
        ConfigError: The model is an export.
        ImageError: An image cannot be read and ``bad`` is None.
    """
    rows, places = [], []
    for place, arrays, _ in described(predictor, sources, bad=bad, batch_size=batch_size):
        rows.append(arrays[FEATURES][0])
        places.append(place)
        progress("looking at the images", place + 1, len(sources))
    return Vectors(np.stack(rows) if rows else np.zeros((0, 1), np.float32), places)


def described(
    predictor: Predictor,
    sources: Sequence[Source],
    *,
    bad: dict[int, ImageError] | None = None,
    batch_size: int = BATCH_SIZE,
) -> Iterator[tuple[int, dict[str, Array], Prepared]]:
    """For each image its index, the activated outputs and ``FEATURES`` with their batch axis, and it prepared."""
    backend = predictor.backend
    if not isinstance(backend, GivesFeatures):
        raise ConfigError(
            "An exported file gives predictions only, not the features by which images are compared.",
            "Name the run that it was exported from.",
        )
    lost: dict[int, ImageError] | None = None if bad is None else {}
    place = 0
    for batch in predictor.prepare_all(sources, batch_size=batch_size, bad=lost):
        arrays = backend.with_features(np.stack([prepared.pixels for prepared in batch]))
        for i, prepared in enumerate(batch):
            while lost and place in lost:
                place += 1
            yield place, {name: values[i : i + 1] for name, values in arrays.items()}, prepared
            place += 1
    if bad is not None and lost:
        bad.update(lost)


def _directions(values: FloatArray, middle: FloatArray) -> FloatArray:
    """Vectors less the middle, of length 1; one without any stays 0."""
    moved = np.asarray(values, np.float64) - middle
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    directions: FloatArray = (moved / np.maximum(length, 1e-12)).astype(np.float32)
    return directions
