"""Where the model looked, in a report's images."""

from pathlib import Path

import numpy as np
import pytest

from foveal.data.formats.read import read
from foveal.inference.load import load
from foveal.runs.evaluation import evaluate
from foveal.runs.report.examples import examples
from foveal.runs.report.looked import NOTHING, looked


def test_a_run_has_a_map_for_each_image(quick_run: Path, squares: Path) -> None:
    with load(quick_run) as predictor:
        evaluation = evaluate(predictor, read(squares), num_resamples=2)
        maps, words = looked(predictor, evaluation, [0, 13, 30])
        images, _, same = examples(predictor, evaluation)
    assert sorted(maps) == [0, 13, 30] and words == same
    assert words == "Beside each, where the evidence for the predicted class lies (cam), on one scale per class."
    assert all(image.looked is not None and image.looked.shape == (320, 320, 3) for image in images)
    assert len({drawn.tobytes() for drawn in maps.values()}) == 3
    assert np.ptp(maps[0]) > 50


@pytest.mark.slow
def test_an_export_without_cell_scores_says_so(quick_export: Path, squares: Path) -> None:
    with load(quick_export) as predictor:
        evaluation = evaluate(predictor, read(squares), num_resamples=2)
        assert looked(predictor, evaluation, [0]) == ({}, NOTHING)


def test_the_page_of_a_run_has_them(quick_run: Path) -> None:
    page = (quick_run / "report.html").read_text("utf-8")
    assert 0 < page.count('alt="Where the model looked"') <= 24
    assert "where the evidence for the predicted class lies (cam), on one scale per class." in page
