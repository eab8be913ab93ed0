"""Evaluating a model on a data set. No torch: exported models are evaluated by the same code."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from foveal.artifact.atomic import AtomicFile, write_atomic
from foveal.data.catalog.catalog import Catalog, hash_of
from foveal.data.inspection.neighbours import neighbours_alike
from foveal.errors import DataError, ImageError
from foveal.inference.images import Watched
from foveal.inference.predictor import BATCH_SIZE, Predictor, Source
from foveal.inference.views import Viewing, stream_views
from foveal.metrics.contract import Results
from foveal.metrics.plain import metrics_of, per_class_of
from foveal.ops.machine import free_memory_bytes
from foveal.runs.display import as_html, one_line
from foveal.runs.several.kept import KEPT, header_of, image_of, line_of
from foveal.tasks.output import SomeTruth
from foveal.types.arrays import IntArray
from foveal.types.predictions.prediction import Prediction
from foveal.types.progress import Progress, silent

KEPT_BYTES = 2**31
"""Most memory for preprocessed images, or a quarter of what is free; beyond it they are decoded each time."""

ONE_GROUP = "All evaluated images are of one group: nothing tells how much another group would differ."


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The data, the predictions and the results; truths and predictions are in the catalog's order."""

    catalog: Catalog
    truths: Sequence[SomeTruth]
    predictions: Sequence[Prediction]
    results: Results

    def __repr__(self) -> str:
        """One line: ``Evaluation(accuracy 0.957 (0.921 to 0.986), 49 images)``."""
        return one_line("Evaluation", self.results)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return as_html("Evaluation", self.results, None)


def evaluate(
    predictor: Predictor,
    catalog: Catalog,
    *,
    sources: Sequence[Source] | None = None,
    viewing: Viewing | None = None,
    batch_size: int = BATCH_SIZE,
    num_resamples: int = 1000,
    seed: int = 0,
    bad: dict[int, ImageError] | None = None,
    cautions: Sequence[str] | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Predict on every image and evaluate the predictions; groups that the catalog has are resampled as one.

    Args:
        predictor: The model.
        catalog: Images with the model's own class map.
        sources: The same images, preprocessed; None reads the catalog's files.
        viewing: Tiles and test-time augmentation; None: one view of each full image.
        batch_size: Images per batch.
        num_resamples: Number of bootstrap resamples for the intervals.
        seed: For the bootstrap.
        bad: Collects the errors of images that cannot be read, by index; they are left out. None raises the first.
        cautions: What ``cautions_of`` the catalog says, where it is known; None looks for it.
        progress: Called with each image that is predicted, and before the intervals.

    Raises:
        ImageError: An image cannot be read; the message names it.
        DataError: No image can be read.
        ConfigError: The model predicts for full images only, and ``viewing`` has tiles or crops.
    """
    assert sources is None or viewing is None, "prepared images have one view"
    assert sources is None or bad is None, "prepared images have been read"
    hashes: dict[int, bytes] = {}
    if sources is None:
        files = (Watched(path, _hash_into(hashes, i)) for i, path in enumerate(catalog.paths()))
        found = stream_views(predictor, files, viewing, batch_size=batch_size, bad=bad)
    else:
        found = predictor.stream(sources, batch_size=batch_size)
    predictions: list[Prediction] = []
    progress("predicting", 0, len(catalog))
    for prediction in found:
        predictions.append(prediction)
        progress("predicting", len(predictions) + len(bad or ()), len(catalog))
    progress("computing the intervals", 0, None)
    catalog.note_contents(hashes)
    if bad:
        catalog = catalog.take(np.array([i for i in range(len(catalog)) if i not in bad], np.int64))
        if not len(catalog):
            first = next(iter(bad.values()))
            raise DataError(f"{catalog.root}: none of its images can be read. The first: {first.what}", first.hint)
    if cautions is None:
        cautions = cautions_of(catalog)
    truths = predictor.output.truths(catalog, range(len(catalog)))
    results = score(predictor, truths, predictions, num_resamples=num_resamples, seed=seed, groups=catalog.group_ids())
    return Evaluation(catalog, truths, predictions, replace(results, cautions=tuple(cautions)))


def cautions_of(catalog: Catalog) -> list[str]:
    """Why the intervals of an evaluation on these images may be too narrow."""
    alike = neighbours_alike(catalog)
    one_group = catalog.groups is not None and catalog.num_groups == 1
    return [*([] if alike is None else [alike]), *([ONE_GROUP] if one_group else [])]


def _hash_into(hashes: dict[int, bytes], index: int) -> Callable[[bytes], None]:
    def seen(content: bytes) -> None:
        hashes[index] = hash_of(content)

    return seen


def score(
    predictor: Predictor,
    truths: Iterable[SomeTruth],
    predictions: Iterable[Prediction],
    *,
    num_resamples: int,
    seed: int,
    groups: IntArray | None = None,
) -> Results:
    """The results for given predictions."""
    metric = predictor.output.metric()
    for truth, prediction in zip(truths, predictions, strict=True):
        metric.update(truth, prediction)
    return metric.compute(num_resamples=num_resamples, seed=seed, groups=groups)


def kept(predictor: Predictor, paths: Sequence[Path]) -> Sequence[Source]:
    """Images for repeated evaluation: preprocessed, or as files where all of them would take too much memory."""
    if len(paths) * 3 * predictor.spec.size.area > min(KEPT_BYTES, free_memory_bytes() // 4):
        return paths
    return [image for batch in predictor.prepare_all(paths) for image in batch]


def to_dict(evaluation: Evaluation, task: str) -> dict[str, object]:
    """The JSON document that ``foveal evaluate --json`` prints."""
    results = evaluation.results
    return {
        "task": task,
        "data": str(evaluation.catalog.root),
        "images": results.images,
        "groups": results.groups,
        "cautions": list(results.cautions),
        "metrics": metrics_of(results),
        "per_class": per_class_of(results),
    }


def write_predictions(
    folder: Path,
    evaluation: Evaluation,
    predictor: Predictor,
    *,
    split: str,
    run: str,
    viewing: Viewing | None = None,
) -> None:
    """Write predictions.csv for people and tools, and predictions.jsonl, from which runs are compared, exactly.

    The table has path, truth, prediction, probabilities; 9 digits represent every float32 exactly.

    Args:
        folder: Where they go.
        evaluation: Truths and predictions.
        predictor: The model.
        split: The split that was evaluated; empty: there are none.
        run: Folder of the run that made the model; empty: unknown.
        viewing: Tiles and test-time augmentation.

    Raises:
        RunError: They cannot be written.
    """
    text = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    header = header_of(predictor, evaluation.catalog, split=split, run=run, viewing=viewing)
    header |= {"cautions": list(evaluation.results.cautions)}
    hashes = evaluation.catalog.content_hashes
    rows = list(zip(evaluation.truths, evaluation.predictions, strict=True))
    if rows and predictor.output.to_kept(*rows[0]) is None:
        header |= {"images": 0}  # the task keeps none
    with AtomicFile(folder / KEPT) as kept:
        kept.write(line_of(header))
        for i, (truth, prediction) in enumerate(rows):
            record = predictor.output.prediction_row(truth, prediction)
            cells = {name: f"{value:.9g}" if isinstance(value, float) else value for name, value in record.items()}
            row = {"path": evaluation.catalog.names[i], **cells}
            if writer is None:
                writer = csv.DictWriter(text, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
            values = predictor.output.to_kept(truth, prediction)
            if values is not None:
                kept.write(line_of(image_of(evaluation.catalog, i, hashes[i].tobytes().hex(), values)))
    write_atomic(folder / "predictions.csv", text.getvalue())
