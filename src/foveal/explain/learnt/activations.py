"""Feature maps of each stage of a network, and what one place of them sees of the image. No hooks.

Shapes: C channels, h w of a map, S T height and width of the input.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from foveal.brief import brief
from foveal.explain.case import Case
from foveal.explain.gradients import backend_of
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.types.arrays import FloatArray

MOST_STAGES = 6
"""Stages shown: of a transformer's many layers some, evenly."""
HALF = 0.5


@dataclass(frozen=True)
class Stage:
    """What a stage makes of an image.

    Attributes:
        name: Such as ``stage 3 of 5``.
        maps: (C, h, w) values.
        order: (C,) channels by falling activity: the mean of the map's size.
        sees: (width, height) in input pixels that the place in the middle depends on at all.
        half: (width, height) in input pixels of the middle part with half of its influence.
    """

    name: str
    maps: FloatArray
    order: Sequence[int]
    sees: tuple[int, int]
    half: tuple[int, int]

    __repr__ = brief

    @property
    def activity(self) -> FloatArray:
        """(C,) the mean size of each channel's values."""
        return activity_of(self.maps)

    def peak(self, channel: int) -> tuple[float, float]:
        """(x, y) of a channel's strongest place, in [0, 1] of the input."""
        values = np.abs(self.maps[channel])
        row, column = np.unravel_index(int(values.argmax()), values.shape)
        return (float(column) + 0.5) / values.shape[1], (float(row) + 0.5) / values.shape[0]

    def step(self, width: int) -> float:
        """Input pixels from one place to the next, of an input so wide."""
        return width / int(self.maps.shape[2])


def activity_of(maps: FloatArray) -> FloatArray:
    """(C,) the mean size of each channel's values."""
    activity: FloatArray = np.abs(maps).mean((1, 2), dtype=np.float64)
    return activity


def stages_of(case: Case) -> list[Stage]:
    """What each stage makes of the image; of a network that does not tell its stages, the maps that its head reads."""
    backend = backend_of(case)
    inputs = backend.inputs(case.batch).requires_grad_()
    with torch.enable_grad():
        every = inner_maps(backend, inputs)
        picked = np.unique(np.linspace(0, len(every) - 1, min(MOST_STAGES, len(every))).round().astype(int))
        return [_stage(int(i), every[i], len(every), inputs) for i in picked]


def inner_maps(backend: TorchBackend, inputs: Tensor) -> Sequence[Tensor]:
    """(1, C, h, w) of each stage, input first."""
    model = backend.graph.model
    return model.backbone.inner(inputs) or model.look(inputs).tensors


def _stage(place: int, maps: Tensor, count: int, inputs: Tensor) -> Stage:
    values = maps[0].detach().float().cpu().numpy()
    order = np.argsort(-activity_of(values), kind="stable").tolist()
    sees, half = _field(maps, inputs)
    name = f"stage {place + 1} of {count}" if count > 1 else "the last map"
    return Stage(name, values, order, sees, half)


def _field(maps: Tensor, inputs: Tensor) -> tuple[tuple[int, int], tuple[int, int]]:
    """What the place in the middle depends on, and the middle part of it with half of its influence.

    The influence of a pixel is the size of the gradient (Luo et al. 2016, "Effective receptive field").
    """
    rows, columns = maps.shape[2:]
    signs = 1 - 2 * (torch.arange(maps.shape[1], device=maps.device) % 2)  # so that channels do not cancel a constant
    place = (maps[0, :, rows // 2, columns // 2] * signs).sum()
    (gradient,) = torch.autograd.grad(place, inputs, retain_graph=True)
    influence = gradient[0].abs().sum(0).double().cpu().numpy()  # (S, T)
    sees, half = [], []
    for axis in (0, 1):  # along x, then y
        along = influence.sum(axis)
        seen = np.flatnonzero(influence.max(axis) > 0)
        sees.append(int(seen[-1] - seen[0] + 1) if len(seen) else 1)
        half.append(_half(along))
    return (sees[0], sees[1]), (half[0], half[1])


def _half(along: FloatArray) -> int:
    """Pixels of the middle part that has half of the sum."""
    total = along.sum()
    if not total > 0:
        return 1
    ends = np.searchsorted(np.cumsum(along) / total, ((1 - HALF) / 2, (1 + HALF) / 2))
    return int(ends[1] - ends[0] + 1)
