import numpy as np

from foveal.tasks.detect.outcomes import FALSE, IGNORED, KEY, MISSED, RIGHT, outcomes
from foveal.tasks.detect.show import draw_truth_and_detections
from foveal.types.categories import Categories
from foveal.types.flags import Flag
from foveal.types.predictions.detections import BoxTruth, Detections

NAMES = Categories(("car", "dog"))
BOXES = np.array([[10, 10, 60, 60], [100, 10, 150, 60], [10, 100, 60, 150]], float)
TRUTH = BoxTruth(BOXES, np.array([0, 0, 1], np.int32), np.array([0, 0, Flag.DIFFICULT], np.uint8), np.full(3, 2500.0))
FOUND = Detections(
    np.array([[100, 100, 150, 150], [10, 10, 60, 58], [10, 100, 60, 150], [10, 10, 60, 60]], float),
    np.array([0.9, 0.8, 0.7, 0.6]),
    np.array([0, 0, 1, 1]),
    NAMES,
    (160, 160),
    0.5,
)


def test_each_object_has_its_outcome():
    got = outcomes(TRUTH, FOUND)
    assert got.right.tolist() == [False, True, False, False]
    assert got.false.tolist() == [True, False, False, True], "the third lies on an ignored object"
    assert got.missed.tolist() == [False, True, False] and got.ignored.tolist() == [False, False, True]
    assert got.of_detections() == ([FALSE, RIGHT, IGNORED, FALSE], [True, False, False, True])
    assert got.of_truth() == ([RIGHT, MISSED, IGNORED], [False, False, True], [False, True, False])


def test_colours_and_lines_differ():
    assert len({color for _, color, _ in KEY}) == len({line for _, _, line in KEY}) == 3


def test_the_drawing_tells_them_apart():
    drawn = draw_truth_and_detections(np.zeros((160, 160, 3), np.uint8), TRUTH, FOUND)
    half = drawn.shape[1] // 2

    def share(color, part, box) -> float:
        """Of the box's left edge, how much has the colour."""
        top = drawn.shape[0] - 160
        return float((part[top + box[1] : top + box[3], box[0]] == color).all(-1).mean())

    left, right = drawn[:, :half], drawn[:, -160:]
    solid, dotted = share(RIGHT, left, (10, 10, 60, 60)), share(MISSED, left, (100, 10, 150, 60))
    dashed = share(FALSE, right, (100, 100, 150, 150))
    assert solid > 0.95 and 0.3 < dotted < 0.75 and 0.3 < dashed < 0.8

    def pieces(column) -> int:
        on = (column == MISSED).all(-1) | (column == FALSE).all(-1)
        return int((np.diff(on.astype(int)) == 1).sum())

    top = drawn.shape[0] - 160
    assert pieces(left[top + 10 : top + 60, 100]) > 1.5 * pieces(right[top + 100 : top + 150, 100]), "dots and dashes"


def test_nothing_to_match():
    empty = Detections(np.empty((0, 4)), np.empty(0), np.empty(0, int), NAMES, (160, 160), 0.5)
    got = outcomes(TRUTH, empty)
    assert got.missed.tolist() == [True, True, False] and len(got.right) == 0
