"""The end of a run: calibrate the best weights, judge them, write the final model file."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from foveal.artifact.card import Card
from foveal.artifact.store import load, save
from foveal.engine.evaluate import Evaluation, evaluate
from foveal.engine.loop import Plan
from foveal.inference.predictor import BATCH_SIZE, Predictor, Prepared
from foveal.inference.torch_backend import TorchBackend, build_model
from foveal.types.arrays import Array


def finish(plan: Plan, *, data: Mapping[str, Any], versions: Mapping[str, str]) -> tuple[Predictor, Evaluation]:
    """Fit temperature and thresholds on the validation split, judge there, and store both with the best weights.

    Args:
        plan: The run.
        data: What the card says of the data set.
        versions: Versions of the libraries.

    Returns:
        The finished model and its verdict.
    """
    _, tensors = load(plan.run.model)
    model = build_model(plan.card, tensors, where=str(plan.run.model))
    backend = TorchBackend(model, plan.card, device=plan.runtime.device)
    first = Predictor(backend)
    prepared = [first.prepare(path) for path in plan.val_set.paths()]
    truths = plan.task.truths(plan.val_set, range(len(plan.val_set)))
    geometries = [p.geometry for p in prepared]
    evidence = _evidence(backend, prepared)
    options = plan.task.calibrate(evidence, geometries, truths, plan.card.categories, first.options)
    card = plan.card.model_copy(update={"decode": options.model_dump()})
    evaluation = evaluate(
        Predictor(TorchBackend(model, card, device=plan.runtime.device)),
        plan.val_set,
        sources=prepared,
        seed=plan.seed,
    )
    metrics = {
        name: (i.value, i.low, i.high)
        for name, i in evaluation.judgement.metrics.items()
        if i.value == i.value  # not NaN, which JSON has no word for
    }
    final = Card.model_validate(
        {**card.model_dump(), "metrics": metrics, "data": dict(data), "versions": dict(versions)}
    )
    save(plan.run.model, final, tensors)
    return Predictor(TorchBackend(model, final, device=torch.device("cpu"))), evaluation


def _evidence(backend: TorchBackend, prepared: list[Prepared]) -> dict[str, Array]:
    """What the task calibrates from, for all pictures."""
    parts = []
    for i in range(0, len(prepared), BATCH_SIZE):
        parts.append(backend.evidence(np.stack([p.pixels for p in prepared[i : i + BATCH_SIZE]])))
        if not parts[0]:  # it fits nothing
            break
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
