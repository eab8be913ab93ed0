"""Training curves from the rows of metrics.csv, whatever columns they have."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from foveal.metrics.contract import Lines
from foveal.report.wording import spoken
from foveal.types.arrays import FloatArray

Rows = Sequence[Mapping[str, float]]
"""One mapping of column to number per epoch."""
VALIDATION = "validation loss"
LOSS_NOTE = (
    "Training loss is computed on augmented images and includes label smoothing, if any; validation loss is the plain"
    " log loss."
)


def training_curves(rows: Rows, headline: str) -> list[Lines]:
    """Curves of loss, the headline metric and learning rate over epochs; panels without a column are left out.

    Args:
        rows: Rows with an ``epoch`` each (if missing, the row number is used).
        headline: Name of the headline metric; its columns are those that end in it, such as ``val_accuracy``.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    losses = sorted((c for c in columns if "loss" in c.split("_")), key=lambda c: not c.startswith("train"))
    own = [c for c in columns if (c == headline or c.endswith("_" + headline)) and c not in losses]
    rates = [c for c in columns if c.split("_")[0] == "lr"]
    words = spoken(headline)
    title = words.capitalize() if words.islower() else words
    panels = []
    for name, members in (("Loss", losses), (title, own), ("Learning rate", rates)):
        curves = {curve: points for curve, points in _curves(rows, members) if len(points[0])}
        if curves:
            note = LOSS_NOTE if {"train loss", VALIDATION} <= curves.keys() else ""
            panels.append(Lines(name, "epoch", "", curves, note=note))
    return panels


def _curves(rows: Rows, columns: Iterable[str]) -> Iterable[tuple[str, tuple[FloatArray, FloatArray]]]:
    for name in columns:
        points = [
            (float(row.get("epoch", i)), float(row[name]))
            for i, row in enumerate(rows)
            if name in row and math.isfinite(row[name])
        ]
        xy = np.array(points, np.float64).reshape(-1, 2)
        yield VALIDATION if name in ("log_loss", "val_loss") else spoken(name), (xy[:, 0], xy[:, 1])
