"""Training curves from the rows of metrics.csv, whatever columns they have."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from foveal.metrics.contract import Lines
from foveal.report.wording import heading, spoken
from foveal.types.arrays import FloatArray

Rows = Sequence[Mapping[str, float]]
"""One mapping of column to number per epoch."""
VALIDATION = "validation loss"
LOSS_NOTE = (
    "Training loss is computed on augmented images and includes label smoothing, if any; validation loss is the plain"
    " log loss."
)


def training_curves(rows: Rows, headline: str, *, kept: float | None = None) -> list[Lines]:
    """Curves of loss, the headline metric and learning rate over epochs; panels without a column are left out.

    Args:
        rows: Rows with an ``epoch`` each (if missing, the row number is used).
        headline: Name of the headline metric; its columns are those that end in it, such as ``val_accuracy``.
        kept: The epoch whose weights were kept; marked where there is more than one.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    losses = sorted((c for c in columns if "loss" in c.split("_")), key=lambda c: not c.startswith("train"))
    own = [c for c in columns if (c == headline or c.endswith("_" + headline)) and c not in losses]
    rates = [c for c in columns if c.split("_")[0] == "lr"]
    marks = {f"kept: epoch {kept:g}": kept} if kept is not None and len(rows) > 1 else {}
    panels = []
    for name, members in (("Loss", losses), (heading(headline), own), ("Learning rate", rates)):
        curves = {curve: points for curve, points in _curves(rows, members) if len(points[0])}
        if curves:
            note = LOSS_NOTE if {"train loss", VALIDATION} <= curves.keys() else ""
            share = members is own and all(0 <= y <= 1 for _, ys in curves.values() for y in ys)
            panels.append(
                Lines(
                    name,
                    "epoch",
                    "",
                    curves,
                    note=note,
                    shares="y" if share else "",
                    marks={} if members is rates else marks,
                )
            )
    return panels


def _curves(rows: Rows, columns: Iterable[str]) -> Iterable[tuple[str, tuple[FloatArray, FloatArray]]]:
    for name in columns:
        points = [
            (float(row.get("epoch", i)), float(row[name]))
            for i, row in enumerate(rows)
            if name in row and math.isfinite(row[name])
        ]
        xy = np.array(points, np.float64).reshape(-1, 2)
        yield _name(name), (xy[:, 0], xy[:, 1])


def _name(column: str) -> str:
    """``val_loss`` as validation loss; a metric of the validation split by its own name."""
    if column in ("log_loss", "val_loss"):
        return VALIDATION
    return spoken(column if column.startswith("train") else column.removeprefix("val_"))
