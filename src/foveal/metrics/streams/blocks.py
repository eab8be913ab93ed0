"""Blocks of steps: what a stream's metrics are resampled by.

Steps next to each other are alike, so single steps would give intervals that are too narrow; blocks longer than that
likeness hardly depend on each other (Carlstein 1986; Lahiri 2003).

Shapes: N steps, M numbers per step, G blocks, R resamples.
"""

import math
from collections.abc import Sequence

import numpy as np

from foveal.metrics.bootstrap import resample
from foveal.metrics.contract import Interval, Verdict
from foveal.metrics.intervals import student
from foveal.types.arrays import FloatArray

LEAST_BLOCKS = 20
"""Blocks into which short streams are cut, whatever their length."""


def sums_of_blocks(parts: Sequence[FloatArray], *, length: int) -> tuple[FloatArray, FloatArray]:
    """Numbers summed within blocks; none spans two parts.

    Args:
        parts: One per file, each (N, M).
        length: Steps in a block, about; less where there would be fewer than ``LEAST_BLOCKS``.

    Returns:
        Sums (G, M), and the steps in each block (G,).
    """
    total = sum(map(len, parts))
    length = max(1, min(length, total // LEAST_BLOCKS))
    sums, counts = [], []
    for part in parts:
        starts = np.linspace(0, len(part), max(1, round(len(part) / length)) + 1).astype(int)[:-1]
        sums.append(np.add.reduceat(part.astype(np.float64), starts))
        counts.append(np.diff(np.append(starts, len(part))))
    return np.concatenate(sums), np.concatenate(counts).astype(np.float64)


def block_intervals(evaluated: Verdict, *, num_resamples: int = 1000, seed: int = 0) -> dict[str, Interval]:
    """Every metric with its 95% interval: the standard deviation over resampled blocks, times Student's quantile.

    Args:
        evaluated: The evaluation of G blocks.
        num_resamples: R; 0 gives intervals of zero width.
        seed: For the resampling.
    """
    blocks = evaluated.num_images
    values = {name: float(one[0]) for name, one in evaluated.score(np.ones((blocks, 1), np.float32)).items()}
    if not num_resamples or blocks < 2:
        return {name: Interval(value, value, value) for name, value in values.items()}
    scored = [evaluated.score(weights) for weights in resample(blocks, num_resamples, seed)]
    found = {}
    for name, value in values.items():
        spread = float(np.concatenate([one[name] for one in scored]).std())
        half = student(blocks - 1) * spread * math.sqrt(blocks / (blocks - 1))
        scale = evaluated.scales[name]
        found[name] = Interval(
            value, max(0.0, value - half), min(scale.top, value + half) if scale.bounded else value + half
        )
    return found
