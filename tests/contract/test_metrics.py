"""Every metric keeps the contract of ``metrics.contract``: verdicts on the same images share their weights."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from foveal.errors import DataError
from foveal.metrics.bootstrap import bootstrap, resample
from foveal.metrics.classification.multi_label import MultiLabelMetric
from foveal.metrics.classification.single_label import SingleLabelMetric
from foveal.metrics.contract import Metric
from foveal.metrics.detection.instance import InstanceMetric
from foveal.metrics.detection.metric import DetectionMetric
from foveal.metrics.segmentation.metric import SegmentationMetric
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores
from foveal.types.predictions.detections import BoxTruth, Detections
from foveal.types.predictions.masks import ClassMap, Instances, InstanceTruth, MapTruth
from foveal.types.rle import Rle

NAMES = Categories(("car", "dog", "cat"))
NUM_IMAGES, SIDE = 8, 40
Scene = tuple[Any, Any, Any]
"""The truth of one image, and what two models predict."""


def single_label(rng: np.random.Generator) -> Scene:
    scores = rng.dirichlet(np.ones(3), 2).round(2)
    return int(rng.integers(3)), *(ClassScores(row / row.sum(), NAMES, (SIDE, SIDE)) for row in scores)


def multi_label(rng: np.random.Generator) -> Scene:
    scores = rng.random((2, 3)).round(1)
    return rng.integers(0, 2, 3), *(ClassScores(row, NAMES, (SIDE, SIDE), multi_label=True) for row in scores)


def segmentation(rng: np.random.Generator) -> Scene:
    truth = np.zeros((SIDE, SIDE), np.uint8)
    truth[:, rng.integers(5, 35) :] = 1
    predictions = []
    for _ in range(2):
        ids = np.roll(truth, rng.integers(-4, 5), axis=1)
        ids[rng.random(ids.shape) < 0.02] = 2
        predictions.append(ClassMap.of(ids, NAMES))
    truth[: rng.integers(0, 5)] = 255
    return MapTruth(truth), *predictions


def boxes(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    corners = rng.integers(0, SIDE // 2, (count, 2))
    return np.concatenate([corners, corners + rng.integers(4, SIDE // 2, (count, 2))], 1).astype(float), rng.integers(
        0, 3, count
    )


def near(rng: np.random.Generator, truth: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Each object detected about where it is, mostly by its name, and one object more.

    No two scores are equal: copies of one image with equal scores interleave, which weights do not.
    """
    extra, kind = boxes(rng, 1)
    predicted = np.concatenate([(truth + rng.integers(-1, 2, truth.shape)).clip(0, SIDE), extra])
    kinds = np.where(rng.random(len(predicted)) < 0.8, np.concatenate([labels, kind]), 0)
    return predicted, rng.random(len(predicted)), kinds


def detection(rng: np.random.Generator) -> Scene:
    place, labels = boxes(rng, int(rng.integers(0, 4)))
    flags = (rng.random(len(labels)) < 0.1).astype(np.uint8)
    truth = BoxTruth(place, labels.astype(np.int32), flags, np.prod(place[:, 2:] - place[:, :2], axis=1))
    return truth, *(Detections(*near(rng, place, labels), NAMES, (SIDE, SIDE), 0.4) for _ in range(2))


def filled(places: np.ndarray) -> tuple[Rle, ...]:
    masks = np.zeros((len(places), SIDE, SIDE), bool)
    for mask, (x1, y1, x2, y2) in zip(masks, places.astype(int), strict=True):
        mask[y1:y2, x1:x2] = True
        mask[y1 : (y1 + y2) // 2, x1 : (x1 + x2) // 2] = False
    return tuple(Rle.of(mask) for mask in masks)


def instance(rng: np.random.Generator) -> Scene:
    truth, *predictions = detection(rng)
    columns = (truth.boxes, truth.labels, truth.flags, truth.areas)
    return InstanceTruth(*columns, filled(truth.boxes)), *(
        Instances(p.boxes, p.scores, p.labels, NAMES, p.size, p.threshold, filled(p.boxes)) for p in predictions
    )


METRICS: dict[type, Callable[[np.random.Generator], Scene]] = {
    SingleLabelMetric: single_label,
    MultiLabelMetric: multi_label,
    DetectionMetric: detection,
    InstanceMetric: instance,
    SegmentationMetric: segmentation,
}


@pytest.fixture(params=METRICS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


def scenes(kind: type) -> list[Scene]:
    rng = np.random.default_rng(4)
    return [METRICS[kind](rng) for _ in range(NUM_IMAGES)]


def collect(kind: type, images: list[Scene], model: int) -> Metric[Any, Any]:
    metric = kind(NAMES)
    for scene in images:
        metric.update(scene[0], scene[model])
    return metric


def test_a_paired_difference_equals_that_of_drawn_images(kind: type) -> None:
    images = scenes(kind)
    first, second = (collect(kind, images, model).verdict() for model in (1, 2))
    assert first.num_images == second.num_images == NUM_IMAGES
    (weights,) = resample(NUM_IMAGES, 12, 3)
    ours, theirs = first.score(weights), second.score(weights)
    assert any(not np.array_equal(ours[name], theirs[name], equal_nan=True) for name in ours)
    for column, times in enumerate(weights.T.astype(int)):
        drawn = [scene for scene, count in zip(images, times, strict=True) for _ in range(count)]
        one, other = (collect(kind, drawn, model).compute(num_resamples=0).metrics for model in (1, 2))
        assert list(one) == list(ours) == list(theirs)
        for name in one:
            difference = ours[name][column] - theirs[name][column]
            np.testing.assert_allclose(difference, one[name].value - other[name].value, rtol=0, atol=1e-9, err_msg=name)


def test_results_are_the_bootstrap_of_the_score(kind: type) -> None:
    metric = collect(kind, scenes(kind), 1)
    verdict = metric.verdict()
    metrics = metric.compute(num_resamples=30, seed=5).metrics
    want = bootstrap(verdict.score, NUM_IMAGES, num_resamples=30, seed=5)
    assert list(metrics) == list(want)
    for name, interval in want.items():
        np.testing.assert_equal(vars(metrics[name]), vars(interval))


def test_results_cover_the_images_so_far(kind: type) -> None:
    images = scenes(kind)
    metric = collect(kind, images[:4], 1)
    before = metric.verdict()
    metric.update(images[4][0], images[4][1])
    want = collect(kind, images[:4], 1).compute(num_resamples=0)
    got = before.results(num_resamples=0)
    assert got.images == 4
    np.testing.assert_equal({n: i.value for n, i in got.metrics.items()}, {n: i.value for n, i in want.metrics.items()})
    assert repr(got.panels) == repr(want.panels) and got.worst == want.worst


def test_there_must_be_an_image(kind: type) -> None:
    for evaluate in (kind(NAMES).verdict, kind(NAMES).compute):
        with pytest.raises(DataError) as caught:
            evaluate()
        assert str(caught.value) == (
            "There are no images to evaluate.\nCheck that the data set and the split contain images."
        )
