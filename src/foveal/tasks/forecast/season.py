"""The season of a series: the number of steps after which it is most like before.

Shapes: N steps, F values.
"""

import numpy as np

from foveal.types.arrays import FloatArray

LEAST = 0.3
"""Correlation with the values of a season ago from which there is a season."""
NEARLY = 0.9
"""Share of the highest correlation from which an earlier one is the season: its multiples are as much alike."""
CYCLES = 3
"""Seasons that must have been seen."""


def find_season(values: FloatArray) -> int:
    """Steps of the season of (N, F) values, as the mean over columns has it; 0: none is seen."""
    steps = len(values)
    line = np.stack([np.ones(steps), np.arange(steps)], 1)
    rest = values - line @ np.linalg.lstsq(line, values, rcond=None)[0]
    rest = rest / np.maximum(rest.std(0), 1e-12)
    spectrum = np.abs(np.fft.rfft(rest, 2 * steps, axis=0)) ** 2
    longest = steps // CYCLES
    alike = np.fft.irfft(spectrum, axis=0)[: longest + 2].mean(1) / (steps - np.arange(longest + 2))
    peaks = [k for k in range(2, longest + 1) if alike[k] >= alike[k - 1] and alike[k] >= alike[k + 1]]
    best = max((float(alike[k]) for k in peaks), default=0.0)
    return next((k for k in peaks if alike[k] >= NEARLY * best), 0) if best >= LEAST else 0
