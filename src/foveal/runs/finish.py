"""The end of a run: calibrate the best weights, evaluate them, write the final model file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from foveal.artifact.card import Card
from foveal.artifact.store import load, save
from foveal.engine.clock import Began, Closing
from foveal.inference.backends.torch_backend import TorchBackend, build_model
from foveal.inference.predictor import Predictor, Source
from foveal.report.page import MAX_IMAGES
from foveal.runs.evaluation import Evaluation, evaluate
from foveal.runs.explain.load import TrainedModel
from foveal.runs.plan import ImagePlan
from foveal.types.arrays import Array
from foveal.types.geometry import Geometry

PASSES = 3.2
"""Duration of everything that predicts on the validation split after the last step, in evaluations of an epoch."""
LEAST_FIXED_S = 1.5
FIXED_COST = 0.8
"""Duration of everything else, which is intervals, figures and the page, as a multiple of that of the imports."""
MAP_COST = 5.0
"""Duration of an image's map of evidence in the report, which is made alone, as a multiple of evaluating it."""
EVALUATED_COST = 0.35
"""Duration of evaluating an image as a multiple of training on it, decoding included."""


def closing(plan: ImagePlan, began: Began | None) -> Closing:
    """What a run still does after its last step: evaluate the epoch, calibrate, evaluate with intervals, report."""
    fixed_s = max(LEAST_FIXED_S, 0.0 if began is None else FIXED_COST * began.imports_s)
    maps = MAP_COST * min(MAX_IMAGES, len(plan.val_set)) / len(plan.val_set)
    return Closing(PASSES + maps, fixed_s, EVALUATED_COST * len(plan.val_set) / plan.batch_size)


def finish(
    plan: ImagePlan, file: Path, *, data: Mapping[str, Any], versions: Mapping[str, str]
) -> tuple[TrainedModel, Evaluation]:
    """Fit temperature and thresholds on the validation split, evaluate there, and store both with the best weights.

    Args:
        plan: The run.
        file: Its model file, with the weights of the best epoch.
        data: Description of the data set for the card.
        versions: Versions of the libraries.

    Returns:
        The finished model and its evaluation.
    """
    _, tensors = load(file)
    model = build_model(plan.card, tensors, where=str(file))
    backend = TorchBackend(model, plan.card, device=plan.runtime.device)
    first = Predictor(backend)
    images = plan.val_images(first)
    output = first.output
    truths = output.truths(plan.val_set, range(len(plan.val_set)))
    evidence, geometries = _evidence(first, backend, images, plan.evaluation_batch)
    fitted = output.calibrate(evidence, geometries, truths)
    card = plan.card.model_copy(update={"decode": fitted.options.model_dump()})
    evaluation = evaluate(
        Predictor(TorchBackend(model, card, device=plan.runtime.device)),
        plan.val_set,
        sources=images,
        batch_size=plan.evaluation_batch,
        seed=plan.seed,
        cautions=plan.cautions,
    )
    metrics = {
        name: (i.value, i.low, i.high)
        for name, i in evaluation.results.metrics.items()
        if i.value == i.value  # not NaN, which JSON lacks
    }
    final = Card.model_validate(
        {**card.model_dump(), "metrics": metrics, "data": dict(data), "versions": dict(versions)}
    )
    save(file, final, tensors)
    return TrainedModel(TorchBackend(model, final, device=torch.device("cpu")), file.parent), evaluation


def _evidence(
    predictor: Predictor, backend: TorchBackend, images: Sequence[Source], batch_size: int
) -> tuple[dict[str, Array], list[Geometry]]:
    """The task's calibration inputs for all images, and their geometries."""
    parts, geometries = [], []
    for batch in predictor.prepare_all(images, batch_size=batch_size):
        parts.append(backend.evidence(np.stack([p.pixels for p in batch])))
        geometries += [p.geometry for p in batch]
        if not parts[0]:  # nothing to calibrate
            break
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, geometries
