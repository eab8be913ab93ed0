"""Class scores and true classes as plain values, exact."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from foveal.types.arrays import Array
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores
from foveal.types.predictions.packed import pack, unpack


def to_kept(truth: int | Array, prediction: ClassScores) -> dict[str, object]:
    """The true class ids, and the score of every class in the precision that it has."""
    ids = np.flatnonzero(truth).tolist() if isinstance(truth, np.ndarray) else [int(truth)]
    return {
        "truth": ids,
        "size": list(prediction.size),
        "scores": pack(prediction.scores),
        **({"threshold": prediction.threshold} if prediction.multi_label else {}),
    }


def from_kept(values: Mapping[str, Any], categories: Categories) -> tuple[int | Array, ClassScores]:
    """Truth and prediction; several labels where a threshold was kept."""
    several, ids = "threshold" in values, values["truth"]
    width, height = values["size"]
    prediction = ClassScores(
        unpack(values["scores"]), categories, (width, height), several, values.get("threshold", 0.5)
    )
    if not several:
        return int(ids[0]), prediction
    row = np.zeros(len(categories), np.int8)
    row[ids] = 1
    return row, prediction
