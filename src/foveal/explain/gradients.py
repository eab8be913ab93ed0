"""Explanation by gradients, of the maps that the head reads or of the input. No hooks, and nothing is left behind.

Shapes: B batch, C channels, h w of a map, S T height and width of the input.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from captum.attr import NoiseTunnel, Saliency
from torch import Tensor
from torch.nn.functional import interpolate

from foveal.errors import ConfigError
from foveal.explain.case import Case, Effort, Found, Method
from foveal.explain.line import MISSED, integrate
from foveal.explain.masks import CONVERGED, agreement, blurred
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.types.arrays import FloatArray
from foveal.types.predictions.subject import Subject

NOISE, SMOOTH_SAMPLES, SMOOTH_BATCH = 0.15, 32, 8
"""Standard deviation of the noise, of the input's range, and copies (Smilkov et al. 2017, "SmoothGrad", section 3)."""
GRID = 28
"""Most cells along a side to which the values of pixels are gathered: alone they are noise."""
Maps = list[tuple[Subject, Found]]


def cam(case: Case, subjects: Sequence[Subject], effort: Effort) -> Maps:  # noqa: ARG001
    """Grad-CAM (Selvaraju et al. 2017, section 3): channels weighted by the mean gradient, neither cut nor rescaled.

    The score of an object or a region depends on its own places alone, so there each place keeps its own gradient
    (Draelos and Carin 2020, "HiResCAM"): a mean would light up its neighbours.
    """

    def weigh(features: Tensor, gradient: Tensor, subject: Subject) -> Tensor:
        weights = gradient.mean((2, 3), keepdim=True) if subject.kind == "class" else gradient
        return (features * weights).sum(1)

    return _of_maps(case, subjects, weigh)


def layercam(case: Case, subjects: Sequence[Subject], effort: Effort) -> Maps:  # noqa: ARG001
    """LayerCAM (Jiang et al. 2021, eq. 4 and 5): each place keeps its own gradient, where that is positive."""
    return _of_maps(case, subjects, lambda features, gradient, _: (features * gradient.clamp(min=0)).sum(1))


def ig(case: Case, subjects: Sequence[Subject], effort: Effort) -> Maps:  # noqa: ARG001
    """Integrated gradients (Sundararajan et al. 2017) from a blurred copy; they add up to the change of the score.

    Raises:
        ConfigError: A network that picks its candidates itself.
    """
    inputs, baseline, score = _input_score(case, "ig")
    found = []
    for subject in subjects:
        line = integrate(score(subject), inputs, baseline, _gathered)
        found.append((subject, Found(line.grid, line.missed <= MISSED, passes=2 + 3 * len(line.places))))
    return found


def smooth(case: Case, subjects: Sequence[Subject], effort: Effort) -> Maps:
    """SmoothGrad: the mean gradient over noisy copies, times how far each value is from that of a blurred copy.

    Raises:
        ConfigError: A network that picks its candidates itself.
    """
    inputs, baseline, score = _input_score(case, "smooth")
    deviation = NOISE * float(inputs.amax() - inputs.amin())
    devices = [inputs.device] if inputs.device.type == "cuda" else []
    found = []
    for subject in subjects:
        tunnel, halves = NoiseTunnel(Saliency(score(subject))), []
        for half in range(2):
            with torch.random.fork_rng(devices):
                torch.manual_seed(2 * effort.seed + half)
                gradient = tunnel.attribute(
                    inputs.clone().requires_grad_(),
                    nt_samples=SMOOTH_SAMPLES // 2,
                    nt_samples_batch_size=SMOOTH_BATCH,
                    stdevs=deviation,
                    abs=False,
                )
            halves.append(_gathered(gradient * (inputs - baseline)))
        converged = agreement(*halves) >= CONVERGED
        found.append((subject, Found((halves[0] + halves[1]) / 2, converged, passes=3 * SMOOTH_SAMPLES)))
    return found


METHODS: Mapping[str, Method] = {"cam": cam, "layercam": layercam, "ig": ig, "smooth": smooth}
"""Those that need torch, by name."""


def backend_of(case: Case) -> TorchBackend:
    """The backend, which runs the network itself."""
    backend = case.predictor.backend
    assert isinstance(backend, TorchBackend), "checked by its method"
    return backend


def _of_maps(case: Case, subjects: Sequence[Subject], weigh: Callable[[Tensor, Tensor, Subject], Tensor]) -> Maps:
    """One map for each subject from the features and their gradients; levels are added on the finest's grid."""
    backend = backend_of(case)
    model, task, geometry = backend.graph.model, backend.graph.task, case.prepared.geometry
    with torch.no_grad():
        maps, finish = model.explained(backend.inputs(case.batch))
    leaves = [features.detach().requires_grad_() for features in maps.tensors]
    found = []
    with torch.enable_grad():
        raw = finish(replace(maps, tensors=tuple(leaf.clone() for leaf in leaves)))  # a layer may work in place
        for subject in subjects:
            score = task.score(raw, task.pin(raw, subject, geometry)).sum()
            gradients = torch.autograd.grad(score, leaves, retain_graph=True, allow_unused=True)
            total = torch.zeros_like(leaves[0][:, 0].detach())
            for leaf, gradient in zip(leaves, gradients, strict=True):
                if gradient is not None:
                    own = weigh(leaf.detach(), gradient, subject) * leaf[0, 0].numel()  # (1, h, w), its mean the total
                    total += interpolate(own[:, None], total.shape[1:], mode="bilinear", align_corners=False)[:, 0]
            grid = total[0].float().cpu().numpy()
            found.append((subject, Found(grid, passes=3, covers=(maps.size[1], maps.size[0]))))
    return found


def _input_score(case: Case, name: str) -> tuple[Tensor, Tensor, Callable[[Subject], Callable[[Tensor], Tensor]]]:
    """The input (1, 3, S, T), a blurred copy, and for a subject the function from inputs to its scores (B,)."""
    backend = backend_of(case)
    graph = backend.graph
    if not graph.task.pins_hold():
        raise ConfigError(
            f"--method {name} changes the image, and this network then picks other candidates.",
            "Use --method cam, layercam, occlusion or rise.",
        )
    inputs = backend.inputs(case.batch)
    with torch.no_grad():
        raw = graph.model(inputs)

    def of(subject: Subject) -> Callable[[Tensor], Tensor]:
        pinned = graph.task.pin(raw, subject, case.prepared.geometry)
        return lambda changed: graph.task.score(graph.model(changed), pinned)

    return inputs, backend.inputs(np.stack([blurred(case.pixels)])), of


def _gathered(values: Tensor) -> FloatArray:
    """(1, 3, S, T) values of an input to (h, w), its mean their sum; a pixel on a border is shared by its cells."""
    summed = values.detach().double().sum(1)[0].cpu().numpy()
    down, across = (_shares(length) for length in summed.shape)
    grid: FloatArray = down @ summed @ across.T * (len(down) * len(across))
    return grid


def _shares(length: int) -> FloatArray:
    """(cells, length) the part of each pixel in each cell of a row or column."""
    cells = min(GRID, length)
    edges, pixels = np.arange(cells + 1) * length / cells, np.arange(length)
    shares: FloatArray = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return shares.clip(0)
