import sys
from types import SimpleNamespace

import numpy as np
import pytest

from foveal.errors import MissingExtraError, ShapeError
from foveal.types.categories import Categories
from foveal.types.predictions.detections import Detections
from foveal.types.predictions.masks import Instances
from foveal.types.rle import Rle

CATEGORIES = Categories(("cat", "dog", "emu"), source_ids=(3, 200, 0))


def three(**changes) -> Detections:
    columns = {
        "boxes": np.array([[0, 0, 10, 20], [5.5, 6, 7, 8], [1, 2, 3, 4]]),
        "scores": np.array([0.9, 0.5, 0.2]),
        "labels": np.array([1, 0, 2]),
        "categories": CATEGORIES,
        "size": (640, 480),
        "threshold": 0.5,
    }
    return Detections(**{**columns, **changes})


def test_objects_one_by_one():
    first, *_, last = three()
    assert (first.name, first.score, first.box) == ("dog", 0.9, (0, 0, 10, 20))
    assert last.name == "emu"


def test_indexing_filters_every_column():
    for which in (slice(0, 2), np.array([0, 1]), np.array([True, True, False])):
        part = three()[which]
        assert (len(part), part.labels.tolist(), part.scores.tolist()) == (2, [1, 0], [0.9, 0.5])
        assert (part.size, part.threshold, part.categories) == ((640, 480), 0.5, CATEGORIES)
    assert len(three().shown()) == 2


def test_columns_are_its_own():
    """Frozen, while the arrays it was built from stay writable and change nothing in it."""
    scores = np.array([0.9, 0.5, 0.2])
    one = three(scores=scores)
    scores[0] = 0.1
    assert one.scores[0] == 0.9
    with pytest.raises(ValueError, match="read-only"):
        one.boxes[0, 0] = 1


def test_what_is_written():
    assert three().to_dict() == {
        "size": [640, 480],
        "objects": [
            {"name": "dog", "score": 0.9, "box": [0, 0, 10, 20]},
            {"name": "cat", "score": 0.5, "box": [5.5, 6, 7, 8]},
        ],
    }
    rows = three().to_coco(17)
    assert [r["category_id"] for r in rows] == [200, 3, 0]
    assert rows[1] == {"image_id": 17, "category_id": 3, "bbox": [5.5, 6, 1.5, 2], "score": 0.5}


def test_nothing_found():
    none = three(boxes=np.zeros((0, 4)), scores=np.zeros(0), labels=np.zeros(0, int))
    assert (len(none), list(none), none.to_coco(1), none.to_dict()["objects"]) == (0, [], [], [])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": np.zeros(2)}, "Detections got 3 boxes, 2 scores and 3 labels; pass one of each for every object."),
        ({"scores": np.array([0.1, np.nan, 0])}, "Detections got boxes or scores that are not finite."),
        ({"scores": np.array([0.1, 1.2, 0])}, "Detections got scores outside [0, 1]; pass probabilities."),
        ({"labels": np.array([0, 3, 1])}, "Detections got a class id outside 0 to 2."),
    ],
)
def test_columns_that_do_not_fit(changes, message):
    with pytest.raises(ShapeError) as caught:
        three(**changes)
    assert str(caught.value) == message


def test_to_supervision():
    sv = pytest.importorskip("supervision")
    got = three().to_supervision()
    assert isinstance(got, sv.Detections)
    assert got.xyxy.tolist() == [[0, 0, 10, 20], [5.5, 6, 7, 8]]
    assert got.confidence.tolist() == pytest.approx([0.9, 0.5])
    assert got.class_id.tolist() == [1, 0] and got["class_name"].tolist() == ["dog", "cat"]
    assert len(three(boxes=np.zeros((0, 4)), scores=np.zeros(0), labels=np.zeros(0, int)).to_supervision()) == 0


def test_supervision_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(MissingExtraError) as caught:
        three().to_supervision()
    assert str(caught.value) == (
        "To convert objects for supervision, Foveal needs the package 'supervision', which is not installed.\n"
        "Install it with: pip install supervision"
    )


def test_to_supervision_with_masks(monkeypatch):
    """A stand-in for the package shows what it is given."""
    monkeypatch.setitem(sys.modules, "supervision", SimpleNamespace(Detections=SimpleNamespace))
    pixels = np.zeros((3, 480, 640), bool)
    pixels[0, 2:5, 7:9] = pixels[1, :, 0] = True
    boxes = three()
    instances = Instances(
        boxes.boxes, boxes.scores, boxes.labels, CATEGORIES, boxes.size, 0.5, tuple(Rle.of(mask) for mask in pixels)
    )
    got = instances.to_supervision()
    assert got.confidence.tolist() == pytest.approx([0.9, 0.5]), "from the threshold on"
    assert got.mask.dtype == bool and np.array_equal(got.mask, pixels[:2])
    assert instances[:0].to_supervision().mask.shape == (0, 480, 640)
