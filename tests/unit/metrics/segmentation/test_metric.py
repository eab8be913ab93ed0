import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.errors import DataError, ShapeError
from foveal.metrics.segmentation.metric import SegmentationMetric
from foveal.types.categories import Categories
from foveal.types.predictions.masks import IGNORE, ClassMap, MapTruth

NAMES = Categories(("sky", "road", "pole", "car"))
SKY, ROAD, POLE, CAR = range(4)
HEADLINES = ["mIoU", "pixel_accuracy", "mean_accuracy", "dice", "fw_iou", "boundary_f1"]

TRUE = [[0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 255]]
PREDICTED = [[0, 0, 0, 2], [0, 0, 0, 2], [1, 1, 1, 1], [0, 1, 1, 3]]
"""Eight of sky, two of them predicted as pole; seven of road, one predicted as sky; the car where nothing is known."""


def evaluate(*pairs, categories=NAMES, num_resamples=0, seed=0):
    metric = SegmentationMetric(categories)
    for truth, predicted in pairs:
        metric.update(MapTruth(np.array(truth, np.uint8)), ClassMap.of(np.array(predicted), categories))
    return metric.compute(num_resamples=num_resamples, seed=seed)


def values(results) -> dict[str, float]:
    return {name: i.value for name, i in results.metrics.items()}


def panels(results) -> dict:
    return {p.title: p for p in results.panels}


def draw(seed: int, num_images: int, *, side=12, num_classes=4, wrong=0.3, unknown=0.1):
    """Blocks of classes, some pixels predicted wrongly, some unknown."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(num_images):
        height, width = rng.integers(4, side + 1, 2)
        truth = rng.integers(0, num_classes, (height // 4 + 1, width // 4 + 1)).repeat(4, 0).repeat(4, 1)
        truth = truth[:height, :width]
        predicted = np.where(rng.random(truth.shape) < wrong, rng.integers(0, num_classes, truth.shape), truth)
        pairs.append((np.where(rng.random(truth.shape) < unknown, IGNORE, truth), predicted))
    return pairs


def test_an_image_by_hand():
    results = evaluate((TRUE, PREDICTED))
    got = values(results)
    assert results.images == 1 and list(got) == HEADLINES
    # Sky: 6 right, 7 predicted, 8 true. Road: 6, 6, 7. Pole: 0, 2, 0: there is none, so it has no IoU, and sky is
    # missed where it was predicted. The car lies where nothing is known.
    sky, road = 6 / 9, 6 / 7
    assert got["mIoU"] == pytest.approx((sky + road) / 2)
    assert got["pixel_accuracy"] == pytest.approx(12 / 15)
    assert got["mean_accuracy"] == pytest.approx((6 / 8 + 6 / 7) / 2)
    assert got["dice"] == pytest.approx((12 / 15 + 12 / 13) / 2)
    assert got["fw_iou"] == pytest.approx(8 / 15 * sky + 7 / 15 * road)
    # Four pixels a side: only the same pixel is near. Sky ends in row 1, road in row 2.
    # Sky is predicted to end at (0, 2), (1, 0 to 2) and (3, 0): 3 of 5 are right, 3 of 4 matched.
    # Road is predicted to end in row 2 and at (3, 1): 4 of 5 are right, 4 of 4 matched. There is no pole, whose
    # predicted boundary is wrong in this image.
    f1 = {"sky": 2 * 3 / 9, "road": 2 * 4 / 9}
    assert got["boundary_f1"] == pytest.approx((sum(f1.values()) + 0) / 3)
    table = results.per_class
    assert {name: table[name]["boundary_f1"] for name in f1} == pytest.approx(f1)
    del table["sky"]["boundary_f1"]
    assert table["sky"] == pytest.approx(
        {"iou": sky, "dice": 12 / 15, "accuracy": 6 / 8, "precision": 6 / 7, "pixels": 8 / 15}
    )
    for name in ("pole", "car"):
        assert table[name].pop("pixels") == 0
        assert np.isnan(list(table[name].values())).all()


def test_report_panels():
    results = evaluate((TRUE, PREDICTED), (TRUE, np.minimum(TRUE, 3)))
    shown = panels(results)
    assert list(shown) == ["Confusion matrix", "Most confused pairs", "IoU per image"]
    matrix = shown["Confusion matrix"]
    assert matrix.labels == ["sky", "road", "pole"] and matrix.row_title == "truth, % of its pixels"
    # 14 of 16 pixels of sky are right, 2 are predicted as pole; 13 of 14 of road are right.
    assert matrix.values.tolist() == [[88, 0, 12], [7, 93, 0], [0, 0, 0]]
    table = shown["Most confused pairs"]
    assert table.header == ("truth", "predicted", "pixels", "share of truth")
    assert table.rows == [("sky", "pole", 2, "12%"), ("road", "sky", 1, "7%")]
    curve = shown["IoU per image"]
    assert curve.curves["images"][1][[0, -1]] == pytest.approx([(6 / 9 + 6 / 7) / 3, 1])
    assert curve.note == (
        "Mean IoU over the classes that occur in an image: worst image 0.51, median 0.75, best 1.00; 2 images."
    )


def test_the_worst_images_come_first_and_perfect_ones_not_at_all():
    half = np.where(np.arange(16).reshape(4, 4) < 8, SKY, ROAD)
    results = evaluate((half, half), (TRUE, PREDICTED), (half, np.full((4, 4), SKY)), (np.full((4, 4), IGNORE), half))
    assert [(m.position, m.caption) for m in results.worst] == [
        (2, "mIoU 0.25; road 0.00, sky 0.50"),
        (1, "mIoU 0.51; pole 0.00, sky 0.67, road 0.86"),
    ]
    assert [m.badness for m in results.worst] == pytest.approx([0.75, 1 - (6 / 9 + 6 / 7) / 3])


def test_pixels_are_counted_over_the_set_and_not_image_by_image():
    much, little = np.full((8, 8), SKY), np.full((1, 2), SKY)
    got = values(evaluate((much, much), (little, np.full((1, 2), ROAD))))
    assert got["mIoU"] == pytest.approx(64 / 66)
    assert got["pixel_accuracy"] == pytest.approx(64 / 66)


def test_absent_classes_do_not_count():
    truth = np.array([[SKY, SKY, ROAD, ROAD]])
    assert values(evaluate((truth, truth))) == dict.fromkeys(HEADLINES, 1.0)


def test_predictions_on_unknown_pixels_are_ignored():
    predicted = np.array(PREDICTED)
    other = predicted.copy()
    other[3, 3] = POLE
    assert evaluate((TRUE, predicted)).metrics == evaluate((TRUE, other)).metrics


@pytest.mark.parametrize("num_resamples", [0, 20])
def test_nothing_is_known(num_resamples):
    nothing = np.full((3, 5), IGNORE)
    results = evaluate((nothing, np.zeros((3, 5))), num_resamples=num_resamples)
    assert all(np.isnan([i.value, i.low, i.high]).all() for i in results.metrics.values())
    assert all(np.isnan(list(row.values())).all() for row in results.per_class.values())
    assert results.images == 1 and results.worst == [] and list(panels(results)) == ["Most confused pairs"]


def test_an_image_of_which_nothing_is_known_changes_nothing():
    nothing = (np.full((3, 5), IGNORE), np.full((3, 5), CAR))
    with_it, without = evaluate((TRUE, PREDICTED), nothing), evaluate((TRUE, PREDICTED))
    assert with_it.metrics == without.metrics and with_it.images == 2
    for row, same in zip(with_it.per_class.values(), without.per_class.values(), strict=True):
        np.testing.assert_equal(row, same)


def test_an_image_of_one_class_has_no_boundary():
    whole = np.full((6, 6), SKY)
    assert np.isnan(values(evaluate((whole, whole)))["boundary_f1"])
    assert (
        values(evaluate((whole, whole), (TRUE, PREDICTED)))["boundary_f1"]
        == values(evaluate((TRUE, PREDICTED)))["boundary_f1"]
    )


def test_a_boundary_may_be_off_by_less_than_the_tolerance():
    """Of 300 x 400 pixels the diagonal is 500 and the tolerance 3.75."""

    def f1(shift):
        truth, predicted = np.zeros((300, 400), int), np.zeros((300, 400), int)
        truth[:, 200:], predicted[:, 200 + shift :] = ROAD, ROAD
        return values(evaluate((truth, predicted)))["boundary_f1"]

    assert [f1(shift) for shift in (-4, -3, 0, 3, 4)] == [0, 1, 1, 1, 0]


def test_the_tolerance_itself_is_too_far():
    """Of 480 x 640 pixels the diagonal is 800 and the tolerance 6."""
    truth, predicted = np.zeros((480, 640), int), np.zeros((480, 640), int)
    truth[:, 200:], predicted[:, 206:] = ROAD, ROAD
    assert values(evaluate((truth, predicted)))["boundary_f1"] == 0
    predicted[:, 205] = ROAD
    assert values(evaluate((truth, predicted)))["boundary_f1"] == 1


@given(st.integers(0, 10**6), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_order_does_not_matter(seed, num_images):
    pairs = draw(seed, num_images)
    one, other = evaluate(*pairs), evaluate(*pairs[::-1])
    np.testing.assert_allclose(list(values(one).values()), list(values(other).values()), rtol=1e-12)
    assert sorted(m.caption for m in one.worst) == sorted(m.caption for m in other.worst)


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_mirrored_and_turned_images_are_evaluated_alike(seed):
    pairs = draw(seed, 2)
    turned = [(t.T[::-1], s.T[::-1]) for t, s in pairs]
    np.testing.assert_allclose(
        list(values(evaluate(*pairs)).values()), list(values(evaluate(*turned)).values()), rtol=1e-12
    )


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_truth_and_prediction_may_change_places(seed):
    """IoU, dice and boundary F1 are symmetric where the same classes occur in both."""
    every = np.arange(4).repeat(4).reshape(4, 4)
    pairs = [*draw(seed, 3, unknown=0), (every, every)]
    one, other = values(evaluate(*pairs)), values(evaluate(*[(s, t) for t, s in pairs]))
    for name in ("mIoU", "dice", "pixel_accuracy", "boundary_f1"):
        assert one[name] == pytest.approx(other[name], nan_ok=True)


def test_weights_are_repeated_images():
    pairs = draw(1, 5)
    times = [3, 0, 1, 2, 1]
    metric = SegmentationMetric(NAMES)
    for truth, predicted in pairs:
        metric.update(MapTruth(truth.astype(np.uint8)), ClassMap.of(predicted, NAMES))
    weighted = metric.verdict().score(np.array(times, np.float32)[:, None])
    repeated = evaluate(*[pair for pair, n in zip(pairs, times, strict=True) for _ in range(n)])
    assert {name: float(v[0]) for name, v in weighted.items()} == pytest.approx(values(repeated))


def test_intervals_hold_their_values_and_the_seed_decides_them():
    pairs = draw(2, 30)
    one, same = evaluate(*pairs, num_resamples=200, seed=1), evaluate(*pairs, num_resamples=200, seed=1)
    assert one.metrics == same.metrics != evaluate(*pairs, num_resamples=200, seed=2).metrics
    assert all(i.low < i.value < i.high for i in one.metrics.values())


def test_what_is_kept_of_an_image_does_not_grow_with_it():
    metric = SegmentationMetric(NAMES)
    for side in (4, 400):
        ids = np.arange(side * side).reshape(side, side) % 4
        metric.update(MapTruth(ids.astype(np.uint8)), ClassMap.of(ids, NAMES))
    assert [p.nbytes for p in metric._images] == [4 * 33] * 2


def test_more_classes_than_bits():
    """255 classes, each a bar; all of them, and one more than fits into one pass, are compared."""
    many = Categories(tuple(f"c{k}" for k in range(255)))
    ids = np.arange(255).repeat(4)[None].repeat(3, axis=0)
    assert values(evaluate((ids, ids), categories=many)) == dict.fromkeys(HEADLINES, 1.0)
    predicted = ids.copy()
    predicted[:, -4:] = 0
    table = evaluate((ids, predicted), categories=many).per_class
    assert table["c254"]["boundary_f1"] == 0 and table["c253"]["boundary_f1"] == 1
    assert 0 < table["c0"]["boundary_f1"] < 1


def test_no_image():
    with pytest.raises(
        DataError,
        match=r"^There are no images to evaluate\.\nCheck that the data set and the split contain images\.$",
    ):
        SegmentationMetric(NAMES).compute()


def test_maps_of_two_sizes():
    with pytest.raises(
        ShapeError,
        match=r"^The metric got a truth of shape \(4, 6\) and a prediction of \(4, 5\); pass maps of one image,"
        r" \(rows, columns\)\.$",
    ):
        evaluate((np.zeros((4, 6)), np.zeros((4, 5))))


def test_an_id_that_is_no_class():
    with pytest.raises(
        ShapeError, match=r"^The metric got class id 4 for 4 classes; pass 0 to 3, or 255 where it is unknown\.$"
    ):
        evaluate(([[0, 4, 254]], [[0, 0, 0]]))


def test_classes_of_another_model():
    others = Categories(("dog", "cat"))
    with pytest.raises(
        ShapeError,
        match=r"^The metric got a map of 2 classes that are not its own 4; evaluate with the model's classes\.$",
    ):
        SegmentationMetric(NAMES).update(MapTruth(np.zeros((2, 2), np.uint8)), ClassMap.of(np.zeros((2, 2)), others))
