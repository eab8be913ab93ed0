"""Differences of two models on the same images.

Shapes: N images, R resamples.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from foveal.metrics.bootstrap import resample
from foveal.metrics.classification.single_label import SingleLabelMetric, SingleLabelVerdict
from foveal.metrics.contract import Metric, Scale, Verdict, Weights
from foveal.metrics.detection.metric import DetectionMetric
from foveal.metrics.paired.difference import difference_of, holm, side_of
from foveal.metrics.segmentation.metric import SegmentationMetric
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores
from foveal.types.predictions.detections import BoxTruth, Detections
from foveal.types.predictions.masks import ClassMap, MapTruth

NAMES = Categories(("a", "b", "c"))
Rng = np.random.Generator


class Coin(Verdict):
    """Images that are right or wrong, and nothing else."""

    scales: Mapping[str, Scale] = {"accuracy": Scale(whole=True, proportion=True)}

    def __init__(self, right: NDArray[np.bool_]) -> None:
        self.right, self.num_images = right.astype(np.float64), len(right)

    def score(self, weights: Weights) -> dict[str, Any]:
        return {"accuracy": self.right @ weights / weights.sum(0)}

    def shares(self) -> dict[str, Any]:
        return {"accuracy": self.right}


def coins(only_a: int, only_b: int, both: int, images: int) -> tuple[Verdict, Verdict]:
    a, b = np.zeros(images, bool), np.zeros(images, bool)
    a[: both + only_a] = True
    b[:both] = True
    b[both + only_a : both + only_a + only_b] = True
    return Coin(a), Coin(b)


def scores(rng: Rng) -> tuple[list[Any], list[list[Any]], Metric[Any, Any]]:
    truths = rng.integers(0, 3, 40).tolist()
    models = []
    for skill in (1.0, 1.4):
        odds = np.exp(rng.normal(size=(40, 3)) + skill * np.eye(3)[truths])
        rows = odds / odds.sum(1, keepdims=True)
        models.append([ClassScores(row, NAMES, (4, 4)) for row in rows])
    return truths, models, SingleLabelMetric(NAMES)


def boxes(rng: Rng) -> tuple[list[Any], list[list[Any]], Metric[Any, Any]]:
    truths, models = [], [list[Any](), list[Any]()]
    for _ in range(25):
        corners = rng.uniform(0, 60, (3, 2))
        there = np.concatenate([corners, corners + rng.uniform(10, 30, (3, 2))], 1)
        labels = rng.integers(0, 3, 3)
        truths.append(BoxTruth(there, labels.astype(np.int32), np.zeros(3, np.uint8), np.full(3, 400.0)))
        for found, off in zip(models, (3.0, 1.5), strict=True):
            moved = there + rng.normal(0, off, there.shape)
            moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
            found.append(Detections(moved, rng.uniform(0, 1, 3), labels, NAMES, (100, 100), 0.4))
    return truths, models, DetectionMetric(NAMES)


def maps(rng: Rng) -> tuple[list[Any], list[list[Any]], Metric[Any, Any]]:
    truths, models = [], [list[Any](), list[Any]()]
    for _ in range(15):
        ids = np.kron(rng.integers(0, 3, (3, 4)), np.ones((6, 6), int)).astype(np.uint8)
        truths.append(MapTruth(ids))
        for found, wrong in zip(models, (0.2, 0.1), strict=True):
            other = np.where(rng.random(ids.shape) < wrong, rng.integers(0, 3, ids.shape), ids)
            found.append(ClassMap.of(other, NAMES))
    return truths, models, SegmentationMetric(NAMES)


@pytest.mark.parametrize("make", [scores, boxes, maps])
def test_resampled_differences_are_those_of_the_drawn_images(make: Any) -> None:
    """Each resample, evaluated anew with every image as often as it was drawn, gives the same difference: bar C1."""
    truths, models, fresh = make(np.random.default_rng(3))
    verdicts = []
    for model in models:
        metric = type(fresh)(NAMES)
        for pair in zip(truths, model, strict=True):
            metric.update(*pair)
        verdicts.append(metric.verdict())
    a, b = (side_of([one], num_resamples=6, seed=5) for one in verdicts)
    weights = np.concatenate(list(resample(len(truths), 6, 5)), axis=1)
    for place in range(6):
        anew = []
        for model in models:
            metric = type(fresh)(NAMES)
            for image in np.repeat(np.arange(len(truths)), weights[:, place].astype(int)).tolist():
                metric.update(truths[image], model[image])
            anew.append(metric.compute(num_resamples=0).metrics)
        for name in a.values:
            direct = anew[1][name].value - anew[0][name].value
            got = b.samples[name][place] - a.samples[name][place]
            assert got == pytest.approx(direct, abs=1e-9, nan_ok=True), name


def test_three_images_of_49_are_never_better() -> None:
    a, b = (side_of([one]) for one in coins(0, 3, 40, 49))
    found = difference_of(a, b, "accuracy")
    assert (found.test, found.only_a, found.only_b, found.p) == ("mcnemar_exact", 0, 3, 0.25)
    assert found.difference == pytest.approx(3 / 49) and found.low <= 0 <= found.high
    assert found.smallest_visible == pytest.approx(0.157, abs=0.01)


def test_the_interval_does_not_contradict_the_exact_test() -> None:
    for only_b in range(1, 12):
        a, b = (side_of([one], num_resamples=200) for one in coins(1, only_b, 60, 100))
        found = difference_of(a, b, "accuracy")
        assert (found.low <= 0 <= found.high) == (found.p >= 0.05), only_b


def test_equal_models_differ_by_nothing() -> None:
    right = np.arange(60) % 7 > 0
    a, b = side_of([Coin(right)]), side_of([Coin(right)])
    found = difference_of(a, b, "accuracy")
    assert (found.difference, found.p) == (0.0, 1.0)
    assert found.low < 0 < found.high, "sixty images do not show that no seventieth would differ"


def test_copied_seeds_make_nothing_narrower() -> None:
    """Seeds are not images: bar C5."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 80)
    one, other = (
        SingleLabelVerdict(np.exp(s) / np.exp(s).sum(1, keepdims=True), truth, NAMES)
        for s in (rng.normal(size=(80, 3)) + k * np.eye(3)[truth] for k in (1.5, 1.8))
    )
    alone = [side_of([verdict]) for verdict in (one, other)]
    copied = [side_of([verdict] * 3) for verdict in (one, other)]
    for name in alone[0].values:
        single, several = difference_of(*alone, name), difference_of(*copied, name)
        assert several.high - several.low >= single.high - single.low - 1e-12, name
        assert several.test == "paired_bootstrap"


def test_seeds_that_differ_widen_the_interval() -> None:
    rng = np.random.default_rng(2)
    base = rng.random(400) < 0.8
    near = [Coin(base ^ (rng.random(400) < 0.02)) for _ in range(3)]
    far = [Coin(base & (rng.random(400) < keep)) for keep in (1.0, 0.9, 0.8)]
    widths = []
    for seeds in (near, far):
        found = difference_of(side_of([Coin(base)]), side_of(seeds), "accuracy")
        widths.append(found.high - found.low)
    assert widths[1] > 3 * widths[0]


class Share(Coin):
    """The same without its images' outcomes, so that nothing is exact."""

    def shares(self) -> dict[str, Any]:
        return {}


def test_pairs_of_coins() -> None:
    """Coverage of 93 to 97% and at most 6.5% false alarms over 500 pairs: bar C2."""
    rng = np.random.default_rng(0)
    held, alarms, images = 0, 0, 200
    for seed in range(500):
        for chances, truth in (((0.05, 0.09, 0.76, 0.10), 0.04), ((0.07, 0.07, 0.76, 0.10), 0.0)):
            cells = rng.choice(4, images, p=chances)
            sides = [side_of([Share((cells == k) | (cells == 2))], num_resamples=100, seed=seed) for k in (0, 1)]
            found = difference_of(*sides, "accuracy")
            held += found.low <= truth <= found.high
            alarms += truth == 0 and found.p < 0.05
    assert 0.93 <= held / 1000 <= 0.97
    assert alarms / 500 <= 0.065


def test_groups_are_resampled_as_one() -> None:
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(20), 10)
    a = np.repeat(rng.random(20) < 0.7, 10)
    b = np.repeat(rng.random(20) < 0.7, 10)
    apart = [difference_of(*(side_of([Coin(one)], groups=given) for one in (a, b)), "accuracy")
             for given in (None, groups)]  # fmt: skip
    assert apart[0].test == "mcnemar_exact" and apart[1].test == "paired_bootstrap"
    assert apart[1].high - apart[1].low > 2 * (apart[0].high - apart[0].low)


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    adjusted = holm([math.nan, 0.02])
    assert math.isnan(adjusted[0]) and adjusted[1] == 0.02


def test_an_undefined_metric_has_no_decision() -> None:
    class Nothing(Coin):
        def score(self, weights: Weights) -> dict[str, Any]:
            return {"accuracy": np.full(weights.shape[1], np.nan)}

    found = difference_of(*(side_of([Nothing(np.ones(20, bool))]) for _ in range(2)), "accuracy")
    assert math.isnan(found.p) and math.isnan(found.low)
