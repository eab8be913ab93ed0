"""Seasons are found where there are some."""

import numpy as np

from foveal.tasks.forecast.season import find_season


def test_seasons() -> None:
    rng, steps = np.random.default_rng(0), np.arange(240)
    year = 10 * np.sin(2 * np.pi * steps / 12) + 0.2 * steps + rng.standard_normal(240)
    assert find_season(year[:, None]) == 12
    assert find_season(rng.standard_normal((240, 1))) == 0
    assert find_season(np.ones((5, 1))) == 0
