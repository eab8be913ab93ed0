from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.errors import DataError, ShapeError
from foveal.metrics.detection import verdict as object_verdict
from foveal.metrics.detection.metric import DetectionMetric
from foveal.metrics.detection.objects import flatten
from foveal.metrics.detection.threshold import best_f1_threshold
from foveal.metrics.detection.verdict import ObjectVerdict
from foveal.types.categories import Categories
from foveal.types.flags import Flag
from foveal.types.predictions.detections import BoxTruth, Detections

NAMES = Categories(("car", "dog", "cat"))
CAR, DOG, CAT = range(3)


def truth_of(*rows) -> BoxTruth:
    """(label, box) or (label, box, flags)."""
    boxes = np.array([r[1] for r in rows], np.float64).reshape(-1, 4)
    flags = np.array([r[2] if len(r) > 2 else 0 for r in rows], np.uint8)
    return BoxTruth(
        boxes, np.array([r[0] for r in rows], np.int32), flags, np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    )


def detections(*rows, threshold=0.5) -> Detections:
    """(label, score, box)."""
    boxes = np.array([r[2] for r in rows], np.float64).reshape(-1, 4)
    scores, labels = np.array([r[1] for r in rows], np.float64), np.array([r[0] for r in rows], np.int64)
    return Detections(boxes, scores, labels, NAMES, (400, 400), threshold)


STREET = [
    truth_of((CAR, [0, 0, 10, 10]), (DOG, [20, 0, 30, 10])),
    truth_of((CAR, [0, 0, 20, 20]), (DOG, [50, 50, 70, 70], Flag.DIFFICULT), (DOG, [100, 0, 200, 100], Flag.CROWD)),
]
PREDICTED = [
    detections(
        (CAR, 0.9, [0, 0, 10, 10]),
        (CAR, 0.8, [0, 0, 10, 9]),  # detected already
        (CAT, 0.7, [20, 0, 30, 10]),  # a dog
        (DOG, 0.6, [24, 0, 34, 10]),  # IoU 6 / 14
    ),
    detections(
        (DOG, 0.95, [50, 50, 70, 70]),  # difficult
        (DOG, 0.94, [100, 0, 150, 50]),  # in the crowd
        (DOG, 0.93, [150, 50, 200, 100]),  # in the crowd
        (CAR, 0.55, [300, 300, 320, 320]),  # no object at this location
        (CAT, 0.5, [0, 8, 20, 28]),  # a car, IoU 240 / 560
        (CAR, 0.4, [200, 300, 220, 320]),  # not shown
    ),
]


def evaluate(truths, predictions, *, num_resamples=0, seed=0):
    metric = DetectionMetric(NAMES)
    for truth, prediction in zip(truths, predictions, strict=True):
        metric.update(truth, prediction)
    return metric.compute(num_resamples=num_resamples, seed=seed)


def panels(results) -> dict:
    return {p.title: p for p in results.panels}


def test_a_street_by_hand():
    results = evaluate(STREET, PREDICTED)
    got = {name: i.value for name, i in results.metrics.items()}
    assert results.images == 2
    assert (got["precision"], got["recall"], got["f1"]) == pytest.approx((1 / 6, 1 / 3, 2 / 9))
    # One of two cars first of all, no dog; there is no cat.
    assert [got[n] for n in ("mAP", "AP50", "AP75")] == pytest.approx([51 / 101 / 2] * 3)
    assert got["voc2007_AP50"] == pytest.approx(6 / 11 / 2)
    assert got["voc2010_AP50"] == pytest.approx(0.5 / 2)
    assert got["AR1"] == got["AR100"] == got["AR_small"] == pytest.approx(0.25)
    assert np.isnan(got["AP_large"]) and np.isnan(got["AR_large"])
    car, dog, cat = results.per_class.values()
    assert car == pytest.approx(
        {"AP": 51 / 101, "AP50": 51 / 101, "AR100": 0.5, "precision": 1 / 3, "recall": 0.5, "f1": 0.4, "objects": 2}
    )
    assert dog == {"AP": 0, "AP50": 0, "AR100": 0, "precision": 0, "recall": 0, "f1": 0, "objects": 1}
    assert cat.pop("objects") == 0 and np.isnan(list(cat.values())).all()


def test_the_streets_mistakes():
    results = evaluate(STREET, PREDICTED)
    assert [(m.position, m.badness, m.caption) for m in results.worst] == [
        (0, 4, "missed 1 dog; false 1 car 0.80, 1 dog 0.60, 1 cat 0.70"),
        (1, 3, "missed 1 car; false 1 car 0.55, 1 cat 0.50"),
    ]
    matrix = panels(results)["Confusion matrix"]
    assert matrix.labels == ["car", "dog", "cat", "background"]
    assert matrix.values.tolist() == [[1, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0], [2, 1, 1, 0]]


def test_what_each_kind_of_mistake_costs():
    half, now = 51 / 101, 51 / 101 / 2
    table = panels(evaluate(STREET, PREDICTED))["Errors behind the AP50 of 0.252"]
    assert table.header == ("error", "meaning", "objects", "AP50 if fixed", "gain")
    assert {row[0]: (row[2], pytest.approx(row[3], abs=5e-4)) for row in table.rows} == {
        "classification": (1, (half + 1) / 2),  # the cat becomes the dog
        "localisation": (1, (half + 1) / 2),
        "both": (1, now),
        "duplicate": (1, now),
        "background": (1, now),
        "missed": (1, 0.5),  # the second car need not be detected
    }
    assert [row[4] for row in table.rows] == ["+0.500", "+0.500", "+0.000", "+0.000", "+0.000", "+0.248"]


def test_a_corrected_error_counts_once_per_object():
    """Two cats on one dog that is a dog's already: renaming them gains nothing but their absence."""
    truths = [truth_of((DOG, [0, 0, 10, 10]), (CAT, [50, 0, 60, 10]))]
    predicted = [
        detections(
            (DOG, 0.9, [0, 0, 10, 10]),
            (CAT, 0.8, [0, 0, 10, 10]),
            (CAT, 0.7, [0, 0, 10, 10]),
            (CAT, 0.6, [50, 0, 60, 10]),
        )
    ]
    rows = {row[0]: row for row in panels(evaluate(truths, predicted))["Errors behind the AP50 of 0.667"].rows}
    assert rows["classification"][2:] == (2, 1.0, "+0.333")
    assert rows["missed"][2] == 0


def test_the_curves():
    drawn = panels(evaluate(STREET, PREDICTED))
    curve = drawn["Precision-recall curve"].curves
    assert list(curve) == ["all classes", "car", "dog"]
    assert curve["car"][1].tolist() == [1.0] * 51 + [0.0] * 50
    assert curve["all classes"][1].mean() == pytest.approx(51 / 101 / 2)
    f1 = drawn["F1 by threshold"]
    assert f1.note == "Best F1 0.500 at a threshold of 0.85; the model's threshold is 0.50."
    x, y = f1.curves["F1"]
    assert y[x == 0.5] == pytest.approx(2 / 9) and y[x == 0.85] == pytest.approx(0.5) and np.isnan(y).sum() == 0
    assert np.isnan(f1.curves["precision"][1][-1])
    by_class = drawn["F1 by threshold and class"]
    assert list(by_class.curves) == ["car", "dog"] and by_class.note == "Best threshold: car 0.85."
    x, y = by_class.curves["car"]
    assert y[x == 0.85] == pytest.approx(2 / 3), "one of two cars, and nothing else"
    fit = drawn["IoU of the boxes"]
    assert fit.note == (
        "Of 3 objects 1 have a detection of their class with an IoU of 0.5 or more; its median is 1.000."
    )
    x, y = fit.curves["objects"]
    assert y[1] == pytest.approx(1 / 3) and y[np.searchsorted(x, 0.4, "right")] == pytest.approx(1 / 3)
    assert y.sum() / 2 == pytest.approx(1) and fit.shares == "xy"


def test_sizes_and_numbers_of_objects():
    results = evaluate(STREET, PREDICTED)
    drawn = panels(results)
    assert results.sizes == {"car": pytest.approx(15 / 400), "dog": pytest.approx(10 / 400)}
    by_size = drawn["Recall by object size"]
    sides, recall = by_size.curves["recall"]
    assert (sides * 400).tolist() == pytest.approx([10, 10, 20]) and recall.tolist() == [1, 0, 0]
    assert by_size.bars is not None and by_size.bars[1].sum() == 3
    counts = drawn["Objects per image"]
    assert sorted(zip(*map(list, counts.curves["images"]), strict=True)) == [(1, 5), (2, 4)] and counts.dots


def test_without_a_mistake_the_least_certain_images_are_named():
    truths = [truth_of((CAR, [0, 0, 10, 10])) for _ in range(3)]
    found = [detections((CAR, score, [0, 0, 10, 10])) for score in (0.9, 0.55, 0.7)]
    results = evaluate(truths, found)
    assert results.worst == [] and [m.position for m in results.uncertain] == [1, 2, 0]
    assert results.uncertain[0].caption == "least certain: car 0.55"
    assert [m.position for m in evaluate([*truths, truth_of()], [*found, found[0]]).uncertain] == [1, 2, 0]


def test_the_order_of_images_does_not_matter():
    one, other = evaluate(STREET, PREDICTED), evaluate(STREET[::-1], PREDICTED[::-1])
    assert {n: i.value for n, i in one.metrics.items()} == pytest.approx(
        {n: i.value for n, i in other.metrics.items()}, nan_ok=True
    )
    assert [m.position for m in other.worst] == [1, 0]


def test_no_object_and_no_detection():
    results = evaluate([truth_of()], [detections()], num_resamples=10)
    assert all(np.isnan(i.value) for i in results.metrics.values())
    assert results.worst == []
    only_detected = evaluate([truth_of()], [detections((CAR, 0.9, [0, 0, 5, 5]))])
    assert only_detected.metrics["precision"].value == 0 and np.isnan(only_detected.metrics["AP50"].value)
    only_truth = evaluate([truth_of((CAR, [0, 0, 5, 5]))], [detections()])
    assert only_truth.metrics["recall"].value == only_truth.metrics["AP50"].value == 0
    assert np.isnan(only_truth.metrics["precision"].value)


def test_the_seed_decides_the_interval():
    truths, predicted = STREET * 10, PREDICTED * 5 + [detections()] * 10
    one, same = (
        evaluate(truths, predicted, num_resamples=50, seed=1),
        evaluate(truths, predicted, num_resamples=50, seed=1),
    )
    assert (
        one.metrics["AP50"]
        == same.metrics["AP50"]
        != evaluate(truths, predicted, num_resamples=50, seed=2).metrics["AP50"]
    )
    assert all(i.low <= i.value <= i.high for i in one.metrics.values() if np.isfinite(i.value))


def test_fewer_resamples_for_very_many_objects_are_owned_up_to(monkeypatch):
    note = evaluate(STREET, PREDICTED, num_resamples=300).panels[0].note
    assert note == "At IoU 0.5. Intervals are from 300 resamples of 2 images."
    monkeypatch.setattr(object_verdict, "MAX_DRAWS", 1500)
    note = evaluate(STREET, PREDICTED, num_resamples=300).panels[0].note
    assert note == (
        "At IoU 0.5. Intervals are from 150 resamples of 2 images. 300 were requested;"
        " 10 detections would take too long."
    )


def test_a_large_class_is_resampled_in_pieces(monkeypatch):
    truths, predicted = STREET * 4, PREDICTED * 4
    whole = evaluate(truths, predicted, num_resamples=40)
    monkeypatch.setattr("foveal.metrics.detection.coco.BLOCK_ROWS", 50)
    assert evaluate(truths, predicted, num_resamples=40).metrics["mAP"] == whole.metrics["mAP"]


def test_masks_are_evaluated_by_the_same_lines():
    """Another measure of overlap, here counted pixels, and nothing else."""

    def pixels(boxes):
        masks = np.zeros((len(boxes), 330, 330), bool)
        for mask, (x1, y1, x2, y2) in zip(masks, boxes.astype(int), strict=True):
            mask[y1:y2, x1:x2] = True
        return masks

    columns, truth, _ = flatten(STREET, PREDICTED)
    scores, labels = (np.concatenate([getattr(p, n) for p in PREDICTED]) for n in ("scores", "labels"))
    order = np.lexsort((-scores, labels, [0] * 4 + [1] * 6))
    mine = pixels(np.concatenate([p.boxes for p in PREDICTED])[order])
    theirs = pixels(np.concatenate([t.boxes for t in STREET]))

    def overlap(f, t):
        common, both = (mine[f] & theirs[t]).sum((1, 2)), (mine[f] | theirs[t]).sum((1, 2))
        return common / np.where(truth.crowd[t], mine[f].sum((1, 2)), both)

    verdict = ObjectVerdict(columns, truth, overlap, NAMES, [0.5, 0.5])
    got = verdict.results(num_resamples=0).metrics
    assert {n: i.value for n, i in got.items()} == pytest.approx(
        {n: i.value for n, i in evaluate(STREET, PREDICTED).metrics.items()}, nan_ok=True
    )


def test_inputs_that_do_not_match():
    with pytest.raises(DataError, match=r"^There are no images to evaluate\.") as caught:
        DetectionMetric(NAMES).compute()
    assert caught.value.hint == "Check that the data set and the split contain images."
    with pytest.raises(ShapeError, match=r"^The metric got class id 3 for 3 classes; pass 0 to 2\.$"):
        DetectionMetric(NAMES).update(truth_of((3, [0, 0, 1, 1])), detections())
    with pytest.raises(
        ShapeError,
        match=r"^The metric got objects of 3 classes that are not its own 2; evaluate with the model's classes\.$",
    ):
        DetectionMetric(Categories(("car", "dog"))).update(truth_of(), detections())


def test_the_best_threshold():
    assert best_f1_threshold(STREET, PREDICTED) == pytest.approx(0.85)
    assert best_f1_threshold([], []) == 0.5
    assert best_f1_threshold([truth_of()], [detections((CAR, 0.9, [0, 0, 5, 5]))]) == 0.5
    assert best_f1_threshold([truth_of((CAR, [0, 0, 5, 5]))], [detections()]) == 0.5
    # Everything is right from 0.2 on: the middle of what lies below it, nearest to a half.
    assert best_f1_threshold([truth_of((CAR, [0, 0, 5, 5]))], [detections((CAR, 0.2, [0, 0, 5, 5]))]) == pytest.approx(
        0.1
    )
    assert best_f1_threshold([truth_of((CAR, [0, 0, 5, 5]))], [detections((CAR, 0.7, [0, 0, 5, 5]))]) == 0.5


@given(st.integers(0, 10**6), st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_no_other_threshold_is_better(seed, num_images):
    rng = np.random.default_rng(seed)
    truths, predicted = [], []
    for _ in range(num_images):
        rows = [(int(k), [30 * i, 0, 30 * i + 20, 20]) for i, k in enumerate(rng.integers(0, 3, rng.integers(0, 4)))]
        truths.append(truth_of(*rows))
        scores = np.round(rng.random(4), 1)
        predicted.append(
            detections(*[(int(rng.integers(0, 3)), s, [30 * i, 0, 30 * i + 20, 20]) for i, s in enumerate(scores)])
        )

    def f1(threshold):
        shown = [replace(p, threshold=threshold) for p in predicted]
        return evaluate(truths, shown).metrics["f1"].value

    if any(len(t) for t in truths):
        best = best_f1_threshold(truths, predicted)
        assert 0 <= best <= 1
        assert f1(best) == pytest.approx(max(f1(t) for t in (0, *np.linspace(0.05, 0.95, 10))), abs=1e-9)
