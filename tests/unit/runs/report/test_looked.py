"""Where the model looked, in a report's images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.scenes import CLASS_NAMES, write_masks, write_voc
from tests.unit.explain.learnt.networks import network

from foveal.data.formats.read import read
from foveal.inference.load import load
from foveal.report.cells import Photo
from foveal.report.content import CaptionedImage
from foveal.runs.evaluation import evaluate
from foveal.runs.report.examples import examples
from foveal.runs.report.looked import NOTHING, Looked, looked
from foveal.types.predictions.masks import ClassMap


def test_a_run_has_a_map_for_each_image(quick_run: Path, squares: Path) -> None:
    with load(quick_run) as predictor:
        evaluation = evaluate(predictor, read(squares), num_resamples=2)
        maps, words = looked(predictor, evaluation, [0, 13, 30])
        images, _, same = examples(predictor, evaluation)
    assert sorted(maps) == [0, 13, 30] and words == same
    assert words == "Beside each, where the evidence for the predicted class lies (cam), on one scale per class."
    assert all(image.looked is not None and image.looked.shape == (320, 320, 3) for image in images)
    assert len({drawn.image.tobytes() for drawn in maps.values()}) == 3
    assert np.ptp(maps[0].image) > 50 and not any(drawn.about for drawn in maps.values())


@pytest.mark.slow
def test_an_export_without_cell_scores_says_so(quick_export: Path, squares: Path) -> None:
    with load(quick_export) as predictor:
        evaluation = evaluate(predictor, read(squares), num_resamples=2)
        assert looked(predictor, evaluation, [0]) == ({}, NOTHING)


def test_the_page_of_a_run_has_them(quick_run: Path) -> None:
    page = (quick_run / "report.html").read_text("utf-8")
    assert 0 < page.count('alt="Where the model looked"') <= 24
    assert "where the evidence for the predicted class lies (cam), on one scale per class." in page


def framed(one: Looked) -> list[int]:
    """The box around the frame that is drawn, in percent of the image's sides."""
    there = (np.abs(one.image.astype(int) - (80, 220, 255)).max(-1)) == 0
    (height, width), rows, columns = there.shape, np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    box = columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height
    return [round(100 * v) for v in box]


BOXES = np.array([[0, 0, 30, 30], [50, 0, 90, 30], [0, 40, 30, 70], [60, 40, 90, 70]], np.float32)
"""In images of 96 x 72 pixels."""


def test_of_objects_the_surest_false_one_is_explained_or_the_least_certain(tmp_path: Path) -> None:
    predictor = network("conv5", task="detect", names=("blue", "red"))
    evaluation = evaluate(predictor, read(write_voc(tmp_path, train=4, val=4)).split("val"), num_resamples=2)
    kinds = type(evaluation.predictions[0])
    found = kinds(
        boxes=BOXES, scores=np.array([0.9, 0.8, 0.7, 0.6], np.float32), labels=np.array([0, 1, 1, 0], np.int32),
        **{name: getattr(evaluation.predictions[0], name) for name in ("categories", "size", "threshold")},
    )  # fmt: skip

    def true(places: list[int]) -> object:
        count, labels = len(places), found.labels[places]
        return replace(evaluation.truths[0], boxes=BOXES[places].astype(np.float64), labels=labels,
                       flags=np.zeros(count, np.uint8), areas=np.ones(count))  # fmt: skip

    for places, expected in (([0, 3], 1), ([0, 1, 2, 3], 3), ([], 0)):
        changed = replace(evaluation, predictions=[found, *evaluation.predictions[1:]], truths=[true(places)])
        maps, words = looked(predictor, changed, [0])
        assert framed(maps[0]) == pytest.approx((100 * BOXES[expected] / (96, 72, 96, 72)).tolist(), abs=2)
        assert maps[0].about == f"map: {found.categories.names[found.labels[expected]]} {found.scores[expected]:.2f}"
    assert words == (
        "Beside each, where the evidence for one object lies, that of the surest false detection, else of the least"
        " certain one (cam), on one scale per class."
    )
    nothing = replace(evaluation, predictions=[replace(found, threshold=0.95)], truths=[true([0])])
    assert looked(predictor, nothing, [0]) == ({}, "")


def test_of_regions_the_one_with_most_wrong_pixels_is_explained(tmp_path: Path) -> None:
    data = write_masks(tmp_path, train=2, val=2)
    predictor = network("conv5", task="segment", names=CLASS_NAMES)
    evaluation = evaluate(predictor, read(data, ignore=(9,)).split("val"), num_resamples=2)
    ids, truth = evaluation.truths[0].ids, np.zeros_like(evaluation.truths[0].ids)
    truth[:20], ids = 255, np.zeros_like(ids)  # ignored there, so that nothing is wrong
    ids[:20], ids[30:50, 10:40], ids[60:, 60:90] = 1, 2, 1
    predicted = ClassMap.of(ids, predictor.output.categories)
    changed = replace(evaluation, predictions=[predicted], truths=[replace(evaluation.truths[0], ids=truth)])
    maps, words = looked(predictor, changed, [0])
    assert maps[0].about == "map: blue", "the larger one of red lies where the ground truth is ignored"
    assert framed(maps[0]) == pytest.approx([100 * v for v in (10 / 96, 30 / 72, 40 / 96, 50 / 72)], abs=2)
    assert words.startswith("Beside each, where the evidence for one class lies, that with most wrong pixels, whose")


def test_the_page_tells_which_object_it_is(tmp_path: Path) -> None:
    predictor = network("conv5", task="detect", names=("blue", "red"), decode={"threshold": 0.001})
    evaluation = evaluate(predictor, read(write_voc(tmp_path, train=4, val=4)).split("val"), num_resamples=2)
    images, kind, words = examples(predictor, evaluation)
    assert kind == "mistakes" and words and len(images) == 4
    assert all(" · map: " in image.caption and image.looked is not None for image in images)


def test_a_wide_image_keeps_its_width_beside_a_map() -> None:
    image, drawn = np.zeros((100, 300, 3), np.uint8), np.zeros((90, 120, 3), np.uint8)
    assert Photo.of(CaptionedImage(image, "", "a.jpg", drawn)).wide
    assert not Photo.of(CaptionedImage(drawn, "", "a.jpg", drawn)).wide
