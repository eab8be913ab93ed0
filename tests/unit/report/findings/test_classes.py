import numpy as np

from foveal.metrics.contract import Matrix, Results
from foveal.report.findings.classes import absent, confused, few_images, never_predicted
from foveal.report.findings.contract import Evidence, listed

NAMES = ("daisy", "rose", "tulip")


def confusion(values, *, of="images", per_class=None, **more) -> Evidence:
    panel = Matrix("Confusion matrix", np.array(values, float), NAMES, of=of)
    return Evidence(Results(10, {}, per_class or {}, (panel,)), "accuracy", **more)


def test_many_mistakes_are_one_pair():
    (one,) = confused(confusion([[50, 9, 8], [4, 40, 10], [4, 5, 40]]))
    assert one.text == "15 of 40 mistakes are rose and tulip taken for each other."


def test_mistakes_are_spread():
    assert confused(confusion([[50, 7, 7], [7, 40, 7], [7, 7, 40]])) != [], "a third each"
    assert confused(confusion([[50, 1, 0], [0, 40, 2], [0, 1, 40]])) == [], "too few"
    assert confused(confusion([[50, 0, 0], [0, 40, 0], [0, 0, 40]])) == []
    assert confused(Evidence(Results(1, {}, {}), "accuracy")) == []


def test_pixels_of_one_class_go_to_another():
    (one,) = confused(confusion([[90, 5, 5], [10, 90, 0], [62, 8, 30]], of=""))
    assert one.text == "62% of the pixels of tulip are predicted as daisy."
    assert confused(confusion([[90, 5, 5], [10, 90, 0], [12, 8, 80]], of="")) == []


def test_a_class_is_never_predicted():
    (one,) = never_predicted(confusion([[5, 1, 0], [0, 6, 0], [2, 1, 0]]))
    assert (one.severity, one.text) == ("problem", "Never predicted, though in the data: tulip (of 3 classes).")
    assert never_predicted(confusion([[5, 1, 0], [0, 6, 0], [0, 0, 0]])) == [], "it is not in the data"
    assert never_predicted(confusion([[5, 1, 1], [0, 6, 0], [2, 1, 0]])) == []


def test_a_class_is_not_in_the_data():
    rows = {"daisy": {"pixels": 0.7}, "rose": {"pixels": 0.3}, "tulip": {"pixels": 0.0}}
    (one,) = absent(Evidence(Results(10, {}, rows), "mIoU"))
    assert one.text == "tulip has no pixels here, so nothing is known about it (1 of 3 classes)."
    many = {name: {"support": float(k == 0)} for k, name in enumerate("abcde")}
    (one,) = absent(Evidence(Results(10, {}, many), "accuracy"))
    assert one.text == "b, c, d and 1 more have no images here, so nothing is known about them (4 of 5 classes)."
    assert absent(Evidence(Results(10, {}, {"a": {"support": 3.0}}), "accuracy")) == []


def test_a_class_has_few_training_images():
    (one,) = few_images(Evidence(Results(1, {}, {}), "accuracy", trained={"a": 200, "b": 300, "c": 7, "d": 2}))
    assert one.text == "Very few training images: d (2) and c (7); the median class has 103.5. Add some."
    assert few_images(Evidence(Results(1, {}, {}), "accuracy", trained={"a": 9, "b": 8, "c": 7})) == []
    assert few_images(Evidence(Results(1, {}, {}), "accuracy", trained={"a": 4, "b": 4, "c": 4})) == [], "all are small"


def test_lists():
    assert [listed(list("abcde"[:n])) for n in (1, 2, 3, 4, 5)] == [
        "a",
        "a and b",
        "a, b and c",
        "a, b, c and 1 more",
        "a, b, c and 2 more",
    ]
