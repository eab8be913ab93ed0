import numpy as np
import pytest

from foveal.metrics.classification.panels import confused_pairs, label_errors, ranking_panels, reliability_panel
from foveal.metrics.contract import Interval
from foveal.types.categories import Categories

ABC = Categories(("a", "b", "c"))


def test_confused_pairs_come_worst_first_without_the_diagonal():
    table = confused_pairs(np.array([[9, 1, 0], [3, 1, 0], [0, 0, 4]]), ABC)
    assert table.rows == [("b", "a", 3, "75%"), ("a", "b", 1, "10%")]


def test_label_errors():
    predicted = np.array([[1, 0, 0], [1, 0, 1]], bool)
    true = np.array([[0, 1, 0], [0, 1, 1]], bool)
    assert label_errors(predicted, true, ABC).rows == [("a", 0, 2), ("b", 2, 0)]


def test_a_class_without_a_true_image_gets_no_curve():
    positive = np.eye(3, dtype=bool)[[0, 1, 0, 1]]
    roc, precision_recall = ranking_panels(np.random.default_rng(0).random((4, 3)), positive, ABC)
    assert set(roc.curves) == set(precision_recall.curves) == {"a", "b"}


def test_images_of_one_class_leave_no_roc():
    positive = np.eye(3, dtype=bool)[[0, 0]]
    assert [p.title for p in ranking_panels(np.ones((2, 3)), positive, ABC)] == ["Precision-recall curves"]


def test_many_classes_get_no_curves():
    many = Categories(tuple(str(k) for k in range(21)))
    assert ranking_panels(np.ones((2, 21)), np.eye(21, dtype=bool)[[0, 1]], many) == []


def test_reliability_notes_the_error():
    panel = reliability_panel(np.array([0.9]), np.array([1.0]), Interval(0.1, 0.05, 0.2), of="images")
    assert panel.diagonal
    assert panel.note.startswith("Expected calibration error 0.100 (0.050 to 0.200) over 15 bins of 1 images.")
    assert panel.curves["model"][0] == pytest.approx([0.9])
