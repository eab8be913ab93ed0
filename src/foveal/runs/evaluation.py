"""Evaluating a model on a data set. No torch: exported models are evaluated by the same code."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.artifact.atomic import write_atomic
from foveal.data.catalog.catalog import Catalog
from foveal.inference.predictor import BATCH_SIZE, Predictor, Source
from foveal.inference.views import Viewing, stream_views
from foveal.metrics.contract import Results
from foveal.tasks.contract import SomeTruth
from foveal.types.predictions.prediction import Prediction

KEPT_BYTES = 2**31
"""Most memory for preprocessed images; beyond it they are decoded each time."""


@dataclass(frozen=True)
class Evaluation:
    """The data, the predictions and the results; truths and predictions are in the catalog's order."""

    catalog: Catalog
    truths: Sequence[SomeTruth]
    predictions: Sequence[Prediction]
    results: Results


def evaluate(
    predictor: Predictor,
    catalog: Catalog,
    *,
    sources: Sequence[Source] | None = None,
    viewing: Viewing | None = None,
    batch_size: int = BATCH_SIZE,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Predict on every image and evaluate the predictions.

    Args:
        predictor: The model.
        catalog: Images with the model's own class map.
        sources: The same images, preprocessed; None reads the catalog's files.
        viewing: Tiles and test-time augmentation; None: one view of each full image.
        batch_size: Images per batch.
        num_resamples: Number of bootstrap resamples for the intervals.
        seed: For the bootstrap.

    Raises:
        ImageError: An image cannot be read; the message names it.
        ConfigError: The model predicts for full images only, and ``viewing`` has tiles or crops.
    """
    assert sources is None or viewing is None, "prepared images have one view"
    if sources is None:
        found = stream_views(predictor, catalog.paths(), viewing, batch_size=batch_size)
    else:
        found = predictor.stream(sources, batch_size=batch_size)
    predictions = list(found)
    truths = predictor.output.truths(catalog, range(len(catalog)))
    return Evaluation(
        catalog, truths, predictions, score(predictor, truths, predictions, num_resamples=num_resamples, seed=seed)
    )


def score(
    predictor: Predictor,
    truths: Iterable[SomeTruth],
    predictions: Iterable[Prediction],
    *,
    num_resamples: int,
    seed: int,
) -> Results:
    """The results for given predictions."""
    metric = predictor.output.metric()
    for truth, prediction in zip(truths, predictions, strict=True):
        metric.update(truth, prediction)
    return metric.compute(num_resamples=num_resamples, seed=seed)


def kept(predictor: Predictor, paths: Sequence[Path]) -> Sequence[Source]:
    """Images for repeated evaluation: preprocessed, or as files where all of them would take too much memory."""
    if len(paths) * 3 * predictor.spec.size**2 > KEPT_BYTES:
        return paths
    return [image for batch in predictor.prepare_all(paths) for image in batch]


def to_dict(evaluation: Evaluation, task: str) -> dict[str, object]:
    """The JSON document that ``foveal evaluate --json`` prints."""
    results = evaluation.results
    return {
        "task": task,
        "data": str(evaluation.catalog.root),
        "images": results.images,
        "metrics": {
            name: {"value": _number(i.value), "low": _number(i.low), "high": _number(i.high)}
            for name, i in results.metrics.items()
        },
        "per_class": {
            name: {key: _number(value) for key, value in values.items()} for name, values in results.per_class.items()
        },
    }


def write_predictions(path: Path, evaluation: Evaluation, predictor: Predictor) -> None:
    """Write the predictions table: path, truth, prediction, probabilities; 9 digits represent every float32 exactly.

    Raises:
        RunError: It cannot be written.
    """
    text = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    rows = zip(evaluation.truths, evaluation.predictions, strict=True)
    for i, (truth, prediction) in enumerate(rows):
        record = predictor.output.prediction_row(truth, prediction)
        cells = {name: f"{value:.9g}" if isinstance(value, float) else value for name, value in record.items()}
        row = {"path": evaluation.catalog.names[i], **cells}
        if writer is None:
            writer = csv.DictWriter(text, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
    write_atomic(path, text.getvalue())


def _number(value: float) -> float | None:
    """JSON has no NaN: undefined values are null."""
    return float(value) if value == value else None
