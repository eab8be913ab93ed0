from dataclasses import replace

import numpy as np
import pytest

from foveal.errors import DataError, ShapeError
from foveal.metrics.detection.instance import InstanceMetric
from foveal.metrics.detection.metric import DetectionMetric
from foveal.types.categories import Categories
from foveal.types.flags import Flag
from foveal.types.predictions.masks import Instances, InstanceTruth
from foveal.types.rle import Rle

NAMES = Categories(("car", "dog", "cat"))
CAR, DOG, CAT = range(3)
WIDTH, HEIGHT = SIZE = (60, 40)
NONE = Rle.of(np.zeros((HEIGHT, WIDTH), bool))


def box_mask(*boxes) -> Rle:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for x1, y1, x2, y2 in boxes:
        mask[y1:y2, x1:x2] = True
    return Rle.of(mask)


def truth_of(*rows) -> InstanceTruth:
    """(label, box, mask) or (label, box, mask, flags)."""
    boxes = np.array([r[1] for r in rows], np.float64).reshape(-1, 4)
    flags = np.array([r[3] if len(r) > 3 else 0 for r in rows], np.uint8)
    areas = np.array([r[2].area for r in rows], np.float64)
    return InstanceTruth(boxes, np.array([r[0] for r in rows], np.int32), flags, areas, [r[2] for r in rows])


def detections(*rows, threshold=0.5) -> Instances:
    """(label, score, box, mask)."""
    boxes = np.array([r[2] for r in rows], np.float64).reshape(-1, 4)
    scores, labels = np.array([r[1] for r in rows], np.float64), np.array([r[0] for r in rows], np.int64)
    return Instances(boxes, scores, labels, NAMES, SIZE, threshold, tuple(r[3] for r in rows))


def evaluate(truths, predictions, *, num_resamples=0, seed=0):
    metric = InstanceMetric(NAMES)
    for truth, prediction in zip(truths, predictions, strict=True):
        metric.update(truth, prediction)
    return metric.compute(num_resamples=num_resamples, seed=seed)


def values(results) -> dict[str, float]:
    return {name: i.value for name, i in results.metrics.items()}


A, B = (0, 0, 10, 10), (20, 0, 30, 10)
LEFT, UPPER = (0, 0, 5, 10), (20, 0, 30, 6)
STREET = [truth_of((CAR, A, box_mask(A)), (DOG, B, box_mask(B))), truth_of((CAR, A, box_mask(A, B)))]
PREDICTED = [
    detections((DOG, 0.9, B, box_mask(UPPER)), (CAR, 0.8, A, box_mask(LEFT)), (CAT, 0.7, A, box_mask(A))),
    detections((CAR, 0.6, A, box_mask(A, B))),
]


def test_a_street_by_hand():
    """Boxes are right throughout; one car's mask fits to a half, the dog's to six tenths."""
    results = evaluate(STREET, PREDICTED)
    got = values(results)
    assert got["mAP"] == got["AP50"] == 1
    # Cars: IoU 0.5 (right at 0.5 alone) and 1; above it the first is wrong, so half of them at a precision of a half.
    car = (1 + 9 * 0.5 * 51 / 101) / 10
    assert got["mask_AP50"] == 1 and got["mask_AP75"] == pytest.approx(0.5 * 51 / 101 / 2)
    assert got["mask_mAP"] == pytest.approx((car + 0.3) / 2)
    assert (got["mask_precision"], got["mask_recall"], got["precision"]) == pytest.approx((3 / 4, 1, 3 / 4))
    row = results.per_class["car"]
    assert (row["mask_AP"], row["mask_AP50"], row["AP"], row["objects"]) == pytest.approx((car, 1, 1, 2))
    assert list(row)[:4] == ["mask_AP", "mask_AP50", "AP", "AP50"] and results.images == 2


def test_the_names():
    names = list(evaluate(STREET, PREDICTED).metrics)
    boxes = names[len(names) // 2 :]
    assert names == [f"mask_{n}" for n in boxes] + boxes
    assert boxes[:6] == ["mAP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"]
    assert {"mask_AP_small", "mask_AR100", "mask_AR_large", "mask_f1"} < set(names)


def test_boxes_are_evaluated_as_boxes_alone_are():
    alone = DetectionMetric(NAMES)
    for truth, prediction in zip(STREET, PREDICTED, strict=True):
        alone.update(truth, prediction)
    want, got = alone.compute(num_resamples=20), evaluate(STREET, PREDICTED, num_resamples=20)
    for name, i in want.metrics.items():
        of_masks = got.metrics[name]
        assert (of_masks.value, of_masks.low, of_masks.high) == pytest.approx((i.value, i.low, i.high), nan_ok=True)
    for name, row in want.per_class.items():
        assert {n: got.per_class[name][n] for n in row} == pytest.approx(row, nan_ok=True)


def test_panels_and_mistakes_are_those_of_the_masks():
    bad = [
        PREDICTED[0],
        detections((CAR, 0.6, A, box_mask((0, 0, 10, 9)))),
    ]  # the right box, but half of the car's mask
    results = evaluate(STREET, bad)
    panels = {p.title: p for p in results.panels}
    assert list(panels)[:5] == [
        "Precision-recall curve",
        "F1 by threshold",
        "F1 by threshold and class",
        "Confusion matrix",
        "IoU of the masks",
    ]
    assert panels["IoU of the masks"].note == (
        "Of 3 objects 2 have a detection of their class with an IoU of 0.5 or more; its median is 0.550."
    )
    assert panels["Confusion matrix"].values.tolist() == [[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 1, 0]]
    assert [(m.position, m.caption) for m in results.worst] == [
        (1, "missed 1 car; false 1 car 0.60"),
        (0, "false 1 cat 0.70"),
    ]
    rows = {row[0]: row for row in panels["Errors behind the AP50 of 0.752"].rows}
    assert rows["localisation"][2] == 1


def test_an_object_without_a_mask_is_evaluated_by_its_box_alone():
    """Among masks it need not be detected; a detection is no mistake, whatever its mask; a second one is."""
    truths = [truth_of((CAR, A, NONE), (DOG, B, box_mask(B)))]
    missed = values(evaluate(truths, [detections((DOG, 0.9, B, box_mask(B)))]))
    assert (missed["mask_AP50"], missed["mask_recall"], missed["recall"]) == (1, 1, 0.5)
    predicted = [detections((DOG, 0.9, B, box_mask(B)), (CAR, 0.8, A, box_mask(LEFT)), (CAR, 0.7, A, box_mask(A)))]
    results = evaluate(truths, predicted)
    got = values(results)
    assert (got["mask_precision"], got["precision"], got["recall"]) == pytest.approx((0.5, 2 / 3, 1))
    assert np.isnan(results.per_class["car"]["mask_AP"]) and results.per_class["car"]["AP"] == 1
    aside = values(evaluate(truths, [detections((CAR, 0.8, (40, 0, 50, 10), box_mask(A)))]))
    assert aside["mask_precision"] == 0


def test_a_crowd_matches_any_number():
    """The crowd's box holds both, its mask but one of them."""
    crowd, inside, beside = (0, 0, 30, 30), (2, 2, 8, 8), (20, 20, 28, 28)
    mask = box_mask((0, 0, 10, 30), (10, 0, 30, 10))
    truths = [truth_of((DOG, crowd, mask, Flag.CROWD), (CAR, (40, 0, 50, 10), box_mask((40, 0, 50, 10))))]
    predicted = [detections(*[(DOG, s, b, box_mask(b)) for s, b in ((0.9, inside), (0.8, inside), (0.7, beside))])]
    results = evaluate(truths, predicted)
    assert np.isnan(results.metrics["precision"].value)
    assert results.metrics["mask_precision"].value == 0
    assert [m.caption for m in results.worst] == ["missed 1 car; false 1 dog 0.70"]


def test_sizes_are_those_of_the_masks():
    """A small object in a large box, as the source declares it; the detection beside it has a small mask too."""
    thin = box_mask((0, 0, 50, 2))
    truths = [truth_of((CAR, (0, 0, 50, 40), thin))]
    predicted = [detections((CAR, 0.9, (0, 0, 50, 40), box_mask((0, 30, 50, 32))), (CAR, 0.8, (0, 0, 50, 40), thin))]
    got = values(evaluate(truths, predicted))
    assert got["mask_AP_small"] == pytest.approx(0.5) and np.isnan(got["mask_AP_medium"])


def test_the_order_of_objects_and_images_does_not_matter():
    one = values(evaluate(STREET, PREDICTED))
    turned = [
        replace(
            t, boxes=t.boxes[::-1], labels=t.labels[::-1], flags=t.flags[::-1], areas=t.areas[::-1], masks=t.masks[::-1]
        )
        for t in STREET
    ]
    assert values(evaluate(turned[::-1], [p[::-1] for p in PREDICTED][::-1])) == pytest.approx(one, nan_ok=True)


def test_no_object_and_no_detection():
    results = evaluate([truth_of()], [detections()], num_resamples=5)
    assert all(np.isnan(i.value) for i in results.metrics.values()) and results.worst == []
    assert values(evaluate([truth_of()], [detections((CAR, 0.9, A, box_mask(A)))]))["mask_precision"] == 0
    only_truth = values(evaluate([truth_of((CAR, A, box_mask(A)))], [detections()]))
    assert only_truth["mask_recall"] == only_truth["mask_AP50"] == 0
    empty = values(evaluate([truth_of((CAR, A, box_mask(A)))], [detections((CAR, 0.9, A, NONE))]))
    assert (empty["mask_precision"], empty["precision"]) == (0, 1)


def test_inputs_that_do_not_match():
    with pytest.raises(DataError, match=r"^There are no images to evaluate\."):
        InstanceMetric(NAMES).compute()
    truth = STREET[0]
    with pytest.raises(
        ShapeError, match=r"^The metric got 1 masks for the 2 objects of an image; pass one for each\.$"
    ):
        InstanceMetric(NAMES).update(replace(truth, masks=truth.masks[:1]), PREDICTED[0])
    small = Rle.of(np.ones((3, 4), bool))
    with pytest.raises(ShapeError, match=r"^The metric got a mask of 4 x 3 for an image of 60 x 40\.$"):
        InstanceMetric(NAMES).update(truth_of((CAR, A, small)), detections())
    with pytest.raises(ShapeError, match=r"^The metric got class id 3 for 3 classes; pass 0 to 2\.$"):
        InstanceMetric(NAMES).update(truth_of((3, A, box_mask(A))), detections())
