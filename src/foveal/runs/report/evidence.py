"""What the rules of findings look at, from an evaluation and, where there was one, its training."""

from collections.abc import Mapping, Sequence

import numpy as np

from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.inference.predictor import Predictor
from foveal.report.findings.contract import Evidence
from foveal.runs.evaluation import Evaluation
from foveal.types.flags import IGNORED_FLAGS


def evidence(
    predictor: Predictor,
    evaluation: Evaluation,
    *,
    train_set: Catalog | None = None,
    caveats: Sequence[str] = (),
    history: Sequence[Mapping[str, float]] = (),
    best_epoch: int | None = None,
    given: bool = False,
    stop: str = "",
) -> Evidence:
    """Collect the evidence.

    Args:
        predictor: The model.
        evaluation: Its evaluation.
        train_set: The images that it was trained on, if they are at hand.
        caveats: Notes on the numbers that a reader must know.
        history: Rows of metrics.csv.
        best_epoch: The epoch whose weights were kept.
        given: Whether epoch 0 is a given model.
        stop: Why training ended.
    """
    objects = evaluation.catalog.objects
    goal, options = predictor.output.goal, predictor.output.options.model_dump()
    return Evidence(
        evaluation.results,
        goal.metric,
        maximize=goal.maximize,
        caveats=caveats,
        trained={} if train_set is None else amounts(train_set),
        noun="images" if train_set is None or train_set.objects is None else "objects",
        input_size=predictor.spec.size,
        history=history,
        best_epoch=best_epoch,
        began_with="the given model" if given else Evidence.began_with,
        stop=stop,
        limit=int(options.get("max_objects") or 0) if objects is not None else 0,
        min_precision=float(options.get("min_precision") or 0),
        predicted=[] if objects is None else [len(prediction.rows()) for prediction in evaluation.predictions],
        true=[] if objects is None else np.diff(objects.offsets).tolist(),
    )


def amounts(catalog: Catalog) -> dict[str, int]:
    """By class: objects that count, or images."""
    names = catalog.categories.names
    if catalog.objects is None:
        return dict(zip(names, map(int, catalog.class_counts()), strict=True))
    counted = (catalog.objects.flags & IGNORED_FLAGS) == 0
    held = np.bincount(catalog.objects.labels[counted], minlength=len(names))
    return dict(zip(names, held.tolist(), strict=True))


def splits_of(catalog: Catalog) -> dict[str, Catalog]:
    """The splits that there are."""
    return {name: catalog.split(name) for name in SPLITS if catalog.has(name)}


def class_counts(splits: Mapping[str, Catalog]) -> dict[str, dict[str, int]]:
    """Images by split, then by class."""
    return {
        name: dict(zip(part.categories, map(int, part.class_counts()), strict=True)) for name, part in splits.items()
    }
