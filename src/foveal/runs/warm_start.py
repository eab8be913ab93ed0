"""Warm start: fit the head to the frozen network's features before the first step.

Shapes: B images, S T height and width of the input.
"""

import time
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from foveal.artifact.card import Card
from foveal.data.catalog.catalog import Catalog
from foveal.engine.logs.log import Log
from foveal.inference.backends.contract import Running
from foveal.inference.predictor import Predictor, Source
from foveal.models.normalize import Normalize
from foveal.runs.plan import ImagePlan
from foveal.types.arrays import RGB, Array
from foveal.types.input_spec import InputSpec

MAX_IMAGES = 4096
TIMED_IMAGES = 32


def warm_start(plan: ImagePlan, log: Log, *, limit_s: float | None = None, adapt: bool = False) -> float:
    """Give the task the frozen network's features of the training images, preprocessed as in evaluation.

    Args:
        plan: The run.
        log: Progress output.
        limit_s: Seconds it may take, as far as can be told; None: any. Fewer images are then used.
        adapt: Whether the learning rate may be lowered.

    Returns:
        A factor for the learning rate: the task's, or 1.
    """
    probe = plan.task.probe(plan.network)
    if probe is None:
        return 1.0
    log.note("fitting the head to the pretrained features ...")
    log.doing(f"computing the features of {min(len(plan.train_set), MAX_IMAGES):,} images")
    plan.runtime.place(plan.network)
    plan.network.eval()
    part = _spread(plan.train_set, MAX_IMAGES)
    with Predictor(_Probe(plan.card, probe, plan.runtime.device)) as predictor:
        features = partial(predictor.arrays, batch_size=plan.evaluation_batch)
        if limit_s is not None:
            part = _spread(part, _affordable(features, part, limit_s))
        factor = plan.task.warm_start(plan.network, part, features(part.paths()))
    if not adapt or factor >= 1:
        return 1.0
    log.note(f"the fitted head leaves little to learn: fine-tuning at {factor:.0%} of the usual learning rate")
    return factor


def _spread(catalog: Catalog, count: int) -> Catalog:
    """At most ``count`` images, evenly spread."""
    if len(catalog) <= count:
        return catalog
    return catalog.take(np.unique(np.linspace(0, len(catalog) - 1, count).astype(np.int64)))


def _affordable(features: Callable[[Iterable[Source]], object], catalog: Catalog, limit_s: float) -> int:
    """Images that fit into a time, by that of a few."""
    few = _spread(catalog, TIMED_IMAGES)
    began = time.perf_counter()
    features(few.paths())
    each_s = (time.perf_counter() - began) / len(few)
    return max(len(few), int(limit_s / each_s) - len(few))


class _Probe:
    """``inference.backends.contract.Backend`` whose outputs are the task's probe."""

    def __init__(self, card: Card, probe: Callable[[Tensor], dict[str, Tensor]], device: torch.device) -> None:
        self.card = card
        self.probe = probe
        self.device = device
        self.normalize = Normalize(card.input_as(InputSpec)).to(device)

    @property
    def device_name(self) -> str:
        """Where it runs."""
        return str(self.device)

    @property
    def running(self) -> Running:
        """The engine and its device."""
        return Running("torch", torch.__version__, self.device_name, torch.get_num_threads())

    @torch.inference_mode()
    def run(self, images: RGB) -> dict[str, Array]:
        """The probe's outputs for (B, S, T, 3) uint8 images."""
        outputs = self.probe(self.normalize(torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2)))
        return {name: value.float().cpu().numpy() for name, value in outputs.items()}
