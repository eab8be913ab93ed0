"""The metric of class maps against scikit-learn, pixel by pixel, and its boundaries against distances one by one."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from foveal.metrics.bootstrap import resample
from foveal.metrics.segmentation.boundary_f1 import boundary_f1
from foveal.metrics.segmentation.metric import SegmentationMetric
from foveal.types.categories import Categories
from foveal.types.predictions.masks import IGNORE, ClassMap, MapTruth

CLOSE = {"rtol": 0, "atol": 1e-6, "equal_nan": True}


def collect(pairs, num_classes: int) -> SegmentationMetric:
    categories = Categories(tuple(f"c{k}" for k in range(num_classes)))
    metric = SegmentationMetric(categories)
    for truth, predicted in pairs:
        metric.update(MapTruth(truth.astype(np.uint8)), ClassMap.of(predicted, categories))
    return metric


def evaluate(pairs, num_classes: int, *, num_resamples: int = 0, seed: int = 0):
    return collect(pairs, num_classes).compute(num_resamples=num_resamples, seed=seed)


def values(results) -> dict[str, float]:
    return {name: i.value for name, i in results.metrics.items()}


def draw(seed: int, num_images: int, num_classes: int, *, side: int = 40, step: int = 5):
    """Blocks, shifted and sprinkled with mistakes; some classes occur in no truth, some in no prediction."""
    rng = np.random.default_rng(seed)
    there = rng.choice(num_classes, max(1, num_classes // 2), replace=False)
    drawn = rng.choice(num_classes, max(1, num_classes // 2), replace=False)
    pairs = []
    for _ in range(num_images):
        height, width = rng.integers(2, side + 1, 2)
        truth = rng.choice(there, (height // step + 2, width // step + 2)).repeat(step, 0).repeat(step, 1)
        down, right = rng.integers(0, 3, 2)
        predicted = truth[down : down + height, right : right + width].copy()
        truth = truth[:height, :width].copy()
        spots = rng.random(predicted.shape) < rng.choice([0.0, 0.05, 0.4])
        predicted[spots] = rng.choice(drawn, int(spots.sum()))
        truth[rng.random(truth.shape) < rng.choice([0.0, 0.02, 0.2])] = IGNORE
        pairs.append((truth, predicted))
    return pairs


cases = st.builds(draw, st.integers(0, 10**9), st.integers(1, 5), st.just(6))


def flat(pairs):
    truth, predicted = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
    return truth[truth != IGNORE], predicted[truth != IGNORE]


def slow_boundary(ids) -> np.ndarray:
    out = np.zeros(ids.shape, bool)
    for y, x in np.ndindex(ids.shape):
        for j, i in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            inside = 0 <= j < ids.shape[0] and 0 <= i < ids.shape[1]
            if inside and ids[y, x] != IGNORE != ids[j, i] and ids[y, x] != ids[j, i]:
                out[y, x] = True
    return out


def slow_f1(truth, predicted, labels) -> list[float]:
    """Csurka et al. 2013, by the distances of all pairs of boundary pixels."""
    predicted = np.where(truth == IGNORE, IGNORE, predicted)
    boundaries = slow_boundary(predicted), slow_boundary(truth)
    limit = 0.0075 * float(np.hypot(*truth.shape))
    out = []
    for label in labels:
        ours, theirs = (np.argwhere(o & (ids == label)) for o, ids in zip(boundaries, (predicted, truth), strict=True))
        if not len(ours) or not len(theirs):
            out.append(0.0 if len(ours) or len(theirs) else np.nan)
            continue
        near = np.hypot(*(ours[:, None] - theirs[None]).transpose(2, 0, 1)) < limit
        precision, recall = near.any(1).mean(), near.any(0).mean()
        out.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
    return out


def slow_boundary_f1(pairs, num_classes: int) -> float:
    by_image = []
    for pair in pairs:
        known = [v for v in slow_f1(*pair, range(num_classes)) if not np.isnan(v)]
        if known:
            by_image.append(np.mean(known))
    return float(np.mean(by_image)) if by_image else np.nan


def reference(pairs) -> dict[str, float]:
    truth, predicted = flat(pairs)
    if not len(truth):
        return dict.fromkeys(("mIoU", "pixel_accuracy", "mean_accuracy", "dice", "fw_iou"), np.nan)
    labels = np.unique(truth)
    share = np.array([(truth == k).mean() for k in labels])
    with warnings.catch_warnings():
        # It says that some classes are predicted and not there.
        warnings.simplefilter("ignore")
        balanced = sk.balanced_accuracy_score(truth, predicted)
    return {
        "mIoU": sk.jaccard_score(truth, predicted, labels=labels, average="macro", zero_division=0),
        "pixel_accuracy": sk.accuracy_score(truth, predicted),
        "mean_accuracy": balanced,
        "dice": sk.f1_score(truth, predicted, labels=labels, average="macro", zero_division=0),
        "fw_iou": float((share * sk.jaccard_score(truth, predicted, average=None, labels=labels)).sum()),
    }


@given(cases)
@settings(max_examples=60, deadline=None)
def test_equals_scikit_learn(pairs):
    got, want = values(evaluate(pairs, 6)), reference(pairs)
    np.testing.assert_allclose([got[name] for name in want], list(want.values()), **CLOSE)


def test_frequency_weighted_is_scikit_learns_weighted():
    pairs = draw(3, 4, 6)
    truth, predicted = flat(pairs)
    want = sk.jaccard_score(truth, predicted, average="weighted", zero_division=0)
    assert values(evaluate(pairs, 6))["fw_iou"] == pytest.approx(want, abs=1e-9)


def test_by_class_equals_scikit_learn():
    pairs = draw(7, 5, 9)
    truth, predicted = flat(pairs)
    every = list(range(9))
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        truth, predicted, labels=every, zero_division=np.nan
    )
    overlap = sk.jaccard_score(truth, predicted, labels=every, average=None, zero_division=0)
    there, drawn = np.isin(every, truth), np.isin(every, predicted)
    table = list(evaluate(pairs, 9).per_class.values())
    columns = {name: [row[name] for row in table] for name in table[0]}
    np.testing.assert_allclose(columns["iou"], np.where(there, overlap, np.nan), **CLOSE)
    np.testing.assert_allclose(columns["dice"], np.where(there, f1, np.nan), **CLOSE)
    np.testing.assert_allclose(columns["accuracy"], np.where(there, recall, np.nan), **CLOSE)
    np.testing.assert_allclose(columns["precision"], np.where(there & drawn, precision, np.nan), **CLOSE)
    np.testing.assert_allclose(columns["pixels"], support / support.sum(), **CLOSE)
    slow = np.transpose([slow_f1(*pair, every) for pair in pairs])
    want = [np.mean([v for v in row if not np.isnan(v)] or [np.nan]) for row in slow]
    np.testing.assert_allclose(columns["boundary_f1"], np.where(there, want, np.nan), **CLOSE)


def test_the_confusion_matrix_equals_scikit_learns():
    pairs = draw(11, 5, 6)
    truth, predicted = flat(pairs)
    want = sk.confusion_matrix(truth, predicted, normalize="true")
    panel = evaluate(pairs, 6).panels[0]
    assert panel.labels == [f"c{k}" for k in np.unique([truth, predicted])]
    np.testing.assert_allclose(panel.values, want * 100, rtol=0, atol=0.5 + 1e-9)


@given(cases)
@settings(max_examples=25, deadline=None)
def test_boundaries_equal_distances(pairs):
    np.testing.assert_allclose(values(evaluate(pairs, 6))["boundary_f1"], slow_boundary_f1(pairs, 6), **CLOSE)


@pytest.mark.parametrize("shape", [(60, 520), (1, 900), (900, 2), (6, 1200), (450, 80)])
def test_boundaries_equal_distances_where_the_tolerance_is_wide(shape):
    """Of thin images the tolerance is wider than the image is high."""
    rng = np.random.default_rng(5)
    step = max(shape) // 6
    truth = rng.integers(0, 3, (7, 7)).repeat(step, 0).repeat(step, 1)[: shape[0], : shape[1]]
    predicted = np.roll(truth, (2, 3), (0, 1))
    truth[: shape[0] // 5, : shape[1] // 5] = IGNORE
    labels = np.arange(3)
    got = boundary_f1(truth.astype(np.uint8), predicted.astype(np.uint8), labels)
    want = slow_f1(truth, predicted, labels)
    assert np.isfinite(want).any()
    np.testing.assert_allclose(got, want, **CLOSE)


def test_resampling_by_weights_equals_evaluating_copies():
    """The bootstrap against scikit-learn and slow boundaries on images drawn out one by one."""
    pairs = draw(3, 8, 5, side=16)
    by_image = [slow_boundary_f1([pair], 5) for pair in pairs]
    rows = []
    for block in resample(8, 40, 7):
        for column in block.T:
            drawn = np.repeat(np.arange(8), column.astype(int))
            boundaries = np.array(by_image)[drawn]
            mean = boundaries[np.isfinite(boundaries)].mean() if np.isfinite(boundaries).any() else np.nan
            rows.append([*reference([pairs[i] for i in drawn]).values(), mean])
    got = collect(pairs, 5).verdict().score(np.concatenate(list(resample(8, 40, 7)), axis=1))
    for (name, ours), samples in zip(got.items(), np.array(rows).T, strict=True):
        np.testing.assert_allclose(ours, samples, **CLOSE, err_msg=name)
