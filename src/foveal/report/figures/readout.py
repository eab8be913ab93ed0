"""The numbers behind curves, which the page shows under the pointer."""

import json

import numpy as np

from foveal.metrics.contract import Lines

MAX_PLACES = 101
"""Places of the horizontal axis with numbers; curves of more points are read at that many, equally far apart."""
DIGITS = 4
"""Significant digits kept."""


def readout(panel: Lines) -> str:
    """JSON: the name of the horizontal axis, places on it, and each curve's value there, null where it has none.

    Between the points of a curve its value lies on the line that is drawn. Empty where a panel has no lines.
    """
    points = {name: _sorted(*xy) for name, xy in panel.curves.items()}
    points = {name: (x, y) for name, (x, y) in points.items() if len(x)}
    if panel.dots or not points:
        return ""
    places = np.unique(np.concatenate([x for x, _ in points.values()]))
    few = len(places) <= MAX_PLACES
    steps = few and all((np.unique(x, return_counts=True)[1] > 1).all() for x, _ in points.values())
    if steps:
        places = (places[:-1] + places[1:]) / 2  # the middle of each bin
    elif not few:
        places = np.linspace(places[0], places[-1], MAX_PLACES)
    curves = {}
    for name, (x, y) in points.items():
        there = np.isin(places, x) if few and not steps else (places >= x[0]) & (places <= x[-1])
        curves[name] = [_short(v) if known else None for v, known in zip(np.interp(places, x, y), there, strict=True)]
    told = {"of": panel.x_title, "at": [_short(x) for x in places], "curves": curves}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _sorted(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finite points from left to right."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    order = known[np.argsort(x[known], kind="stable")]
    return x[order], y[order]


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
