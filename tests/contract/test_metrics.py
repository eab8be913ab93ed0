"""Every metric keeps the contract of ``metrics.contract``: verdicts on the same images share their weights."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from foveal.errors import DataError
from foveal.metrics.bootstrap import bootstrap, evidence, resample
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


LOSSES = {"log_loss", "brier", "ece", "hamming_loss"}
HEADLINE = {
    SingleLabelMetric: "accuracy",
    MultiLabelMetric: "average_precision",
    DetectionMetric: "mAP",
    InstanceMetric: "mask_mAP",
    SegmentationMetric: "mIoU",
}
MEAN = {**HEADLINE, SingleLabelMetric: "f1_macro"}
COLUMN = {
    SingleLabelMetric: "f1",
    MultiLabelMetric: "average_precision",
    DetectionMetric: "AP",
    InstanceMetric: "mask_AP",
    SegmentationMetric: "iou",
}


def right_class(rng: np.random.Generator) -> tuple[Any, Any]:
    truth = int(rng.integers(3))
    return truth, ClassScores(np.eye(3)[truth], NAMES, (SIDE, SIDE))


def right_labels(rng: np.random.Generator) -> tuple[Any, Any]:
    truth = rng.integers(0, 2, 3)
    return truth, ClassScores(truth.astype(float), NAMES, (SIDE, SIDE), multi_label=True)


def right_map(rng: np.random.Generator) -> tuple[Any, Any]:
    ids = np.sort(rng.integers(0, 3, (SIDE // 10, SIDE // 10)), axis=1).repeat(10, 0).repeat(10, 1).astype(np.uint8)
    return MapTruth(ids), ClassMap.of(ids, NAMES)


def right_boxes(rng: np.random.Generator) -> tuple[Any, Any]:
    place, labels = boxes(rng, 3)
    truth = BoxTruth(place, labels.astype(np.int32), np.zeros(3, np.uint8), np.prod(place[:, 2:] - place[:, :2], 1))
    return truth, Detections(place, np.array([0.9, 0.8, 0.7]), labels, NAMES, (SIDE, SIDE), 0.4)


def right_instances(rng: np.random.Generator) -> tuple[Any, Any]:
    truth, prediction = right_boxes(rng)
    masks = filled(truth.boxes)
    columns = (prediction.boxes, prediction.scores, prediction.labels, NAMES, prediction.size, prediction.threshold)
    return InstanceTruth(truth.boxes, truth.labels, truth.flags, truth.areas, masks), Instances(*columns, masks)


PERFECT: dict[type, Callable[[np.random.Generator], tuple[Any, Any]]] = {
    SingleLabelMetric: right_class,
    MultiLabelMetric: right_labels,
    DetectionMetric: right_boxes,
    InstanceMetric: right_instances,
    SegmentationMetric: right_map,
}


def without_cats(truth: Any) -> Any:
    """The same truth with a dog for each cat."""
    if isinstance(truth, int):
        return min(truth, 1)
    if isinstance(truth, MapTruth):
        return MapTruth(np.minimum(truth.ids, 1))
    if isinstance(truth, BoxTruth):
        return replace(truth, labels=np.minimum(truth.labels, 1))
    return truth * np.array([1, 1, 0])


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
    want = bootstrap(verdict, num_resamples=30, seed=5)
    assert list(metrics) == list(want)
    for name, interval in want.items():
        np.testing.assert_equal(vars(metrics[name]), vars(interval))


def test_every_metric_has_a_scale_a_direction_and_evidence(kind: type) -> None:
    verdict = collect(kind, scenes(kind), 1).verdict()
    results = verdict.results(num_resamples=0)
    assert list(verdict.scales) == list(results.better) or set(verdict.scales) >= set(results.metrics)
    assert {name for name, better in results.better.items() if better == "less"} == LOSSES & set(results.metrics)
    for pairs_of in (np.arange(NUM_IMAGES), np.arange(NUM_IMAGES) // 2):
        for one in evidence(verdict, pairs_of).values():
            assert 1 <= one.units <= pairs_of[-1] + 1 and 1 <= one.freedom <= max(1, pairs_of[-1])


@pytest.mark.parametrize("groups", [None, np.arange(NUM_IMAGES) // 2], ids=["images", "groups"])
def test_a_perfect_score_has_an_interval(kind: type, groups: Any) -> None:
    metric, rng = kind(NAMES), np.random.default_rng(4)
    for _ in range(NUM_IMAGES):
        metric.update(*PERFECT[kind](rng))
    results = metric.compute(num_resamples=20, groups=groups)
    defined = {name: i for name, i in results.metrics.items() if np.isfinite(i.value)}
    assert len(defined) > 3
    for name, i in defined.items():
        assert i.low <= i.value <= i.high and i.high - i.low > 0.01, (name, i)
    headline = results.metrics[HEADLINE[kind]]
    assert headline.value == 1 and 0.05 < headline.high - headline.low < 0.8


def test_a_class_without_images_is_undefined(kind: type) -> None:
    """Of three classes the last has none, whether or not it was predicted."""
    metric, rng = kind(NAMES), np.random.default_rng(4)
    for _ in range(NUM_IMAGES):
        truth, prediction = PERFECT[kind](rng)
        metric.update(without_cats(truth), prediction)
    results = metric.compute(num_resamples=5)
    absent = dict(results.per_class["cat"])
    assert [absent.pop(name) for name in ("support", "objects", "pixels") if name in absent] == [0]
    assert np.isnan(list(absent.values())).all()
    assert not any(np.isnan(results.per_class[name][COLUMN[kind]]) for name in ("car", "dog"))
    of_class = [results.per_class[name][COLUMN[kind]] for name in ("car", "dog")]
    assert results.metrics[MEAN[kind]].value == pytest.approx(np.mean(of_class))


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
