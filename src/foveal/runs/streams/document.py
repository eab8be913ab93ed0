"""The results on a stream as files. No torch."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from foveal.artifact.atomic import write_atomic
from foveal.artifact.card import Card
from foveal.data.streams.stream import Piece
from foveal.metrics.contract import Results
from foveal.metrics.plain import metrics_of, per_class_of
from foveal.tasks.stream import AnyStreamOutput
from foveal.tasks.table import get_stream
from foveal.types.arrays import FloatArray

MAX_ROWS = 200_000
"""Rows of predictions.csv; of longer streams the first."""


def to_dict(results: Results, card: Card, *, data: str) -> dict[str, object]:
    """The JSON document that ``foveal evaluate --json`` prints."""
    return {
        "task": card.task,
        "data": data,
        get_stream(card.task).unit: results.images,
        "cautions": list(results.cautions),
        "metrics": metrics_of(results),
        "per_class": per_class_of(results),
    }


def write_predictions(
    path: Path, output: AnyStreamOutput, facts: Sequence[FloatArray], pieces: Sequence[Piece]
) -> None:
    """Write the table of predictions.

    Raises:
        RunError: It cannot be written.
    """
    rows = output.prediction_rows(facts, pieces)[:MAX_ROWS]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: f"{value:.6g}" if isinstance(value, float) else value for name, value in row.items()})
    write_atomic(path, text.getvalue().encode("utf-8", "replace"))
