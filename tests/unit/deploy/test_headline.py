"""The change of the headline: paired, so that what both models get wrong does not widen it."""

from pathlib import Path

import numpy as np
import pytest

import foveal
from foveal.deploy.headline import Resampled, change, evaluation_of, resampled
from foveal.types.predictions.class_scores import ClassScores


def test_a_paired_change(quick_export: Path) -> None:
    model = foveal.load(quick_export)
    names = model.output.categories

    def evaluated(right: list[bool]) -> Resampled:
        rows = [[0.8, 0.1, 0.1] if one else [0.1, 0.8, 0.1] for one in right]
        scores = [ClassScores(np.array(row, np.float32), names, (32, 32)) for row in rows]
        return resampled(model, evaluation_of(model, [0] * 300, scores))

    base = [i % 3 > 0 for i in range(300)]
    worse = [one and i % 30 != 1 for i, one in enumerate(base)]
    before = evaluated(base)
    same = change(model, before, evaluated(base))
    assert (same.drop, same.low, same.high) == (0.0, 0.0, 0.0)
    lost = change(model, before, evaluated(worse))
    assert lost.drop == pytest.approx(10 / 300) and 0.01 < lost.low < lost.drop < lost.high < 0.06
    gained = change(model, evaluated(worse), before)
    assert gained.drop == pytest.approx(-10 / 300) and "points gained" in str(gained)
