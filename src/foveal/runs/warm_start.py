"""Warm start: fit the head to the frozen network's features before the first step.

Shapes: B images, S side of the input.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from foveal.artifact.card import Card
from foveal.engine.log import Log
from foveal.inference.predictor import Predictor
from foveal.models.normalize import Normalize
from foveal.runs.plan import ImagePlan
from foveal.types.arrays import RGB, Array
from foveal.types.input_spec import InputSpec

MAX_IMAGES = 4096


def warm_start(plan: ImagePlan, log: Log) -> None:
    """Give the task the frozen network's features of the training images, preprocessed as in evaluation."""
    probe = plan.task.probe(plan.network)
    if probe is None:
        return
    log.note("fitting the head to the pretrained features ...")
    count = min(len(plan.train_set), MAX_IMAGES)
    places = np.unique(np.linspace(0, len(plan.train_set) - 1, count).astype(np.int64))
    part = plan.train_set.take(places)
    plan.runtime.place(plan.network)
    predictor = Predictor(_Probe(plan.card, probe, plan.runtime.device))
    plan.network.eval()
    plan.task.warm_start(plan.network, part, predictor.arrays(part.paths()))


class _Probe:
    """``inference.contract.Backend`` whose outputs are the task's probe."""

    def __init__(self, card: Card, probe: Callable[[Tensor], dict[str, Tensor]], device: torch.device) -> None:
        self.card = card
        self.probe = probe
        self.device = device
        self.normalize = Normalize(card.input_as(InputSpec)).to(device)

    @property
    def device_name(self) -> str:
        """Where it runs."""
        return str(self.device)

    @torch.inference_mode()
    def run(self, images: RGB) -> dict[str, Array]:
        """The probe's outputs for (B, S, S, 3) uint8 images."""
        outputs = self.probe(self.normalize(torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2)))
        return {name: value.float().cpu().numpy() for name, value in outputs.items()}
