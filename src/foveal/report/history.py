"""Training curves from the rows of metrics.csv, whatever columns they have."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from foveal.metrics.contract import Lines
from foveal.report.wording import spoken
from foveal.types.arrays import FloatArray

Rows = Sequence[Mapping[str, float]]
"""One mapping of column to number an epoch."""


def training_curves(rows: Rows, headline: str) -> list[Lines]:
    """Charts of loss, the headline metric and learning rate over epochs; those without a column are left out.

    Args:
        rows: Rows with an ``epoch`` each (their order is used where they lack one).
        headline: Name of the headline metric; its columns are those that carry the name, such as ``val_accuracy``.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    losses = [c for c in columns if "loss" in c.split("_")]
    own = [c for c in columns if (c == headline or c.endswith("_" + headline)) and c not in losses]
    rates = [c for c in columns if c.split("_")[0] == "lr"]
    words = spoken(headline)
    title = words.capitalize() if words.islower() else words
    panels = []
    for name, members in (("Loss", losses), (title, own), ("Learning rate", rates)):
        curves = {column: curve for column, curve in _curves(rows, members) if len(curve[0])}
        if curves:
            panels.append(Lines(name, "epoch", "", curves))
    return panels


def _curves(rows: Rows, columns: Iterable[str]) -> Iterable[tuple[str, tuple[FloatArray, FloatArray]]]:
    for name in columns:
        points = [
            (float(row.get("epoch", i)), float(row[name]))
            for i, row in enumerate(rows)
            if name in row and math.isfinite(row[name])
        ]
        xy = np.array(points, np.float64).reshape(-1, 2)
        yield spoken(name), (xy[:, 0], xy[:, 1])
