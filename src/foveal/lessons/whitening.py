"""What removing the mean, rotating and whitening do to a cloud of points."""

from typing import Any

import numpy as np

from foveal.lessons.contract import Lesson
from foveal.lessons.grid import as_text
from foveal.scratch.layer import Array

POINTS = 400
TICKS = (-5, 0, 5, 10)


def whitening(*, seed: int = 0) -> Lesson:
    """Points as measured; their mean removed; along their principal axes; with variance 1 along each.

    Args:
        seed: Of the points.
    """
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(POINTS, 2)) @ np.array([[2.2, 1.5], [0.0, 0.6]]) + [3.0, 2.0]
    centred = raw - raw.mean(0)
    variances, axes = np.linalg.eigh(centred.T @ centred / POINTS)
    rotated = centred @ axes[:, ::-1]
    white = rotated / np.sqrt(variances[::-1])
    stages = [
        ("as measured", raw),
        ("mean removed", centred),
        ("along the principal axes", rotated),
        ("whitened: divided by each axis's deviation", white),
    ]
    return Lesson(
        "Mean, principal axes, whitening", "\n\n".join(_text(*stage) for stage in stages), lambda: _figure(stages)
    )


def _text(title: str, points: Array) -> str:
    mean, covariance = points.mean(0), np.cov(points.T, bias=True)
    matrix = as_text(np.where(np.abs(covariance) < 5e-3, 0, covariance), decimals=2)
    return f"{title}: mean ({mean[0] + 0:.2f}, {mean[1] + 0:.2f}), covariance\n{matrix}".replace("-0.00", "0.00")


def _figure(stages: list[tuple[str, Array]]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 3.8), facecolor="white")
    for at, (title, points) in enumerate(stages):
        axes = figure.add_axes((0.03 + at * 0.245, 0.09, 0.215, 0.79))
        axes.axhline(0, color="#c3cad6", linewidth=0.8)
        axes.axvline(0, color="#c3cad6", linewidth=0.8)
        axes.scatter(points[:, 0], points[:, 1], s=7, color="#2456c9", alpha=0.5, linewidths=0)
        axes.set(xlim=(-8, 11), ylim=(-8, 11), aspect="equal", xticks=TICKS, yticks=TICKS)
        axes.set_title(title, fontsize=10, color="#5f6978")
        axes.tick_params(labelsize=8, colors="#5f6978", length=2)
        for spine in axes.spines.values():
            spine.set_edgecolor("#e3e6eb")
    return figure
