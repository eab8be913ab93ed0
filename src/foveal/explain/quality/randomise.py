"""A model whose weights are shuffled: what a map of it shows cannot come from what was learnt.

Adebayo et al. 2018, "Sanity checks for saliency maps", section 3. Shuffling keeps each tensor's values, so activations
keep their size. The statistics of batch normalisation are then measured anew: with the old ones activations would be
constant, and constant maps pass any check.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Literal

import numpy as np
import torch
from torch import nn

from foveal.explain.methods import has_gradients
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.inference.predictor import Predictor, Prepared

Part = Literal["head", "network"]
BATCH_SIZE = 16
BACKBONE = "backbone."
_Norm = nn.modules.batchnorm._BatchNorm


def randomised(predictor: Predictor, part: Part, images: Sequence[Prepared], *, seed: int) -> Predictor:
    """A copy of a model with shuffled weights, in the head alone or everywhere.

    Args:
        predictor: The model, in torch; it is left as it is.
        part: What is shuffled; the head is all but the backbone.
        images: For the statistics of batch normalisation, at least two.
        seed: Of the shuffling.
    """
    assert has_gradients(predictor), "the network itself"
    backend = predictor.backend
    assert isinstance(backend, TorchBackend)
    model = deepcopy(backend.graph.model)
    draw = torch.Generator().manual_seed(seed)

    def chosen(name: str) -> bool:
        return part == "network" or not f"{name}.".startswith(BACKBONE)

    with torch.no_grad():
        for name, weights in model.named_parameters():
            if chosen(name):
                order = torch.randperm(weights.numel(), generator=draw).to(weights.device)
                weights.copy_(weights.flatten()[order].view_as(weights))
    norms = [m for name, m in model.named_modules() if isinstance(m, _Norm) and chosen(name)]
    copied = TorchBackend(model, backend.card, device=backend.device)
    refit(copied, norms, images)
    return Predictor(copied).with_output(predictor.output)


def refit(backend: TorchBackend, norms: Sequence[_Norm], images: Sequence[Prepared]) -> None:
    """Measure the statistics of these layers anew."""
    norms = [one for one in norms if one.track_running_stats]
    if not norms or len(images) < 2:
        return
    momenta = [one.momentum for one in norms]
    for one in norms:
        one.reset_running_stats()
        one.momentum = None  # the mean over all batches
        one.train()
    for start in range(0, len(images) - 1, BATCH_SIZE):
        pixels = [one.pixels for one in images[start : start + BATCH_SIZE]]
        if len(pixels) > 1:
            backend.run(np.stack(pixels))
    for one, momentum in zip(norms, momenta, strict=True):
        one.momentum = momentum
        one.eval()
