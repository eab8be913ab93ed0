"""From candidates to objects: NMS, source pixels, thresholds, differences, tiles."""

import json

import numpy as np
import pytest
import torch

from foveal.errors import ConfigError
from foveal.tasks.detect.config import DetectConfig
from foveal.tasks.detect.decode import DetectOptions, detections
from foveal.tasks.detect.output import DetectOutput
from foveal.tasks.detect.task import Detect
from foveal.tasks.detect.tiles import join, to_image, touches_inner_border
from foveal.types.categories import Categories
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.detections import BoxTruth, Detections
from foveal.types.view import View

CATS = Categories(("cat", "dog"), (17, 3))
SPEC = InputSpec(size=100, train_size=100, fit="letterbox")


def output(**options: object) -> DetectOutput:
    return DetectOutput(CATS, DetectOptions(**options))


def activate(raw: dict[str, torch.Tensor], **options: object) -> dict[str, torch.Tensor]:
    return Detect(DetectConfig(), output(**options)).activate(raw)


def found(rows: list[tuple[float, float, float, float, float, int]], size: tuple[int, int] = (200, 100)) -> Detections:
    """(x1, y1, x2, y2, score, label) rows."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4], table[:, 5].astype(int), CATS, size, 0.3)


def test_assembled_in_source_pixels_suppressed_and_clipped() -> None:
    geometry = SPEC.geometry(200, 100)  # halved, 25 rows of padding above
    boxes = np.array(
        [[10, 35, 30, 55], [11, 35, 31, 55], [10, 35, 30, 55], [-9, 20, 20, 40], [0, 0, 90, 20]], np.float32
    )
    scores = np.array([0.9, 0.8, 0.7, 0.5, 0.95], np.float32)
    labels = np.array([0, 0, 1, 1, 0], np.float32)
    got = detections(boxes, scores, labels, geometry, CATS, DetectOptions(min_score=0.1))
    # The second is the first again, the last lies in the padding.
    assert got.boxes.tolist() == [[20, 20, 60, 60], [20, 20, 60, 60], [0, 0, 40, 30]]
    assert got.scores.tolist() == pytest.approx([0.9, 0.7, 0.5]) and got.labels.tolist() == [0, 1, 1]
    assert got.size == (200, 100)
    none = detections(boxes, scores * 0, labels, geometry, CATS, DetectOptions())
    assert len(none) == 0 and none.to_dict() == {"size": [200, 100], "objects": []}


def test_voting_moves_boxes_alone_and_models_from_before_it_do_not_vote() -> None:
    geometry = SPEC.geometry(200, 100)
    boxes = np.array([[10, 35, 30, 55], [11, 35, 31, 55], [10, 35, 30, 55]], np.float32)
    scores, labels = np.array([0.9, 0.8, 0.7], np.float32), np.array([0, 0, 1], np.float32)
    each = [detections(boxes, scores, labels, geometry, CATS, DetectOptions(box_voting=v)) for v in (False, True)]
    assert DetectConfig().box_voting and not DetectOptions().box_voting
    assert each[0].scores.tolist() == each[1].scores.tolist() and each[0].labels.tolist() == each[1].labels.tolist()
    moved = each[1].boxes - each[0].boxes
    assert (moved[0, [0, 2]] > 0).all() and (moved[0, [0, 2]] < 2).all() and abs(moved[0, [1, 3]]).max() < 1e-9
    assert abs(moved[1]).max() < 1e-9, "another class has no vote"


def test_most_objects() -> None:
    grid = np.array([[x, 30, x + 4, 34] for x in range(0, 100, 5)], np.float32)
    scores = np.linspace(0.9, 0.2, len(grid)).astype(np.float32)
    got = detections(grid, scores, np.zeros(len(grid)), SPEC.geometry(200, 100), CATS, DetectOptions(max_objects=7))
    assert got.scores.tolist() == pytest.approx(scores[:7].tolist())


def test_activation_takes_the_best_pairs() -> None:
    logits = torch.tensor([[[0.0, -9.0], [2.0, 1.0], [-9.0, 3.0]]])
    boxes = torch.arange(12.0).view(1, 3, 4)
    out = activate({"logits": logits, "boxes": boxes}, candidates=4)
    torch.testing.assert_close(out["scores"], torch.tensor([[3.0, 2.0, 1.0, 0.0]]).sigmoid())
    assert out["labels"].tolist() == [[1, 0, 1, 0]]
    assert out["boxes"][0, :, 0].tolist() == [8, 4, 4, 0]
    with_objectness = activate(
        {"logits": logits, "boxes": boxes, "objectness": torch.tensor([[9.0, 9.0, -9.0]])}, candidates=2
    )
    assert with_objectness["labels"].tolist() == [[0, 1]]
    softmax = torch.tensor([[[0.0, 2.0, 1.0], [3.0, 0.0, 5.0]]])
    shares = activate({"logits": softmax, "boxes": boxes[:, :2]}, candidates=9, softmax=True)
    assert shares["scores"].shape == (1, 4)
    torch.testing.assert_close(shares["scores"][0, 0], softmax.softmax(-1)[0, 0, 1])


def test_the_threshold_of_the_best_f1_is_kept() -> None:
    geometry = SPEC.geometry(100, 100)
    boxes = np.array([[[10, 10, 30, 30], [50, 50, 80, 80], [0, 60, 20, 90]]], np.float32)
    arrays = {"boxes": boxes, "scores": np.array([[0.8, 0.6, 0.5]], np.float32), "labels": np.zeros((1, 3))}
    truth = BoxTruth(boxes[0, :2].astype(float), np.zeros(2, np.int32), np.zeros(2, np.uint8), np.array([400.0, 900]))
    options = output().calibrate(arrays, [geometry], [truth]).options
    assert 0.5 < options.threshold <= 0.6


def test_shown_from_the_threshold_on() -> None:
    got = found([(10, 10, 50, 50, 0.9, 0), (20, 20, 30, 30, 0.2, 1)])
    task = output()
    assert got.rows() == [{"name": "cat", "score": 0.9, "x1": 10, "y1": 10, "x2": 50, "y2": 50}]
    assert json.dumps(got.to_dict()) == (
        '{"size": [200, 100], "objects": [{"name": "cat", "score": 0.9, "box": [10.0, 10.0, 50.0, 50.0]}]}'
    )
    assert [row["category_id"] for row in got.to_coco(7)] == [17, 3]
    assert got.to_coco(7)[0]["bbox"] == [10, 10, 40, 40]
    image = np.full((100, 200, 3), 90, np.uint8)
    drawn = task.draw(image, got)
    assert drawn.shape == image.shape and (drawn != image).any() and (image == 90).all()
    truth = BoxTruth(got.boxes, got.labels.astype(np.int32), np.zeros(2, np.uint8), np.ones(2))
    assert task.prediction_row(truth, got) == {
        "objects": 2,
        "predicted": 1,
        "prediction": "cat 0.900 10.0 10.0 50.0 50.0",
    }


def test_differences_of_two_paths() -> None:
    task = output()
    ours = found([(10, 10, 50, 50, 0.9, 0), (20, 20, 40, 40, 0.5, 1), (60, 60, 90, 90, 0.1, 1)])
    assert task.differences(ours, ours) == {"box_px": 0.0, "score": 0.0}
    near = found([(10.2, 10, 50, 50, 0.9004, 0), (20, 20, 40, 40, 0.5, 1), (60, 60, 90, 90, 0.1, 1)])
    assert task.differences(ours, near) == pytest.approx({"box_px": 0.2, "score": 0.0004})
    lost = found([(10, 10, 50, 50, 0.9, 0), (60, 60, 90, 90, 0.1, 1)])
    assert task.differences(ours, lost)["score"] == task.differences(lost, ours)["score"] == 1
    other = found([(10, 10, 50, 50, 0.9, 1), (20, 20, 40, 40, 0.5, 1), (60, 60, 90, 90, 0.1, 1)])
    assert task.differences(ours, other)["score"] == pytest.approx(0.8)
    assert (task.top_label(ours), task.top_label(other), task.top_label(found([]))) == ("cat", "dog", "")


def test_only_the_end_of_a_list_may_differ() -> None:
    task = output()
    rows = [(10 * i, 10, 10 * i + 9, 19, 0.9 - i / 20, 0) for i in range(4)]
    ours, last = found([*rows, (0, 50, 9, 59, 0.05, 1)]), (60, 50, 69, 59, 0.05 + 2e-5, 1)
    assert task.differences(ours, found([*rows, last])) == pytest.approx({"box_px": 0, "score": 2e-5}, abs=1e-8)
    assert task.differences(ours, found(rows))["score"] == 1
    higher = [*rows, (60, 50, 69, 59, 0.058, 1)]  # within what half precision may do to a score, not float32
    assert task.differences(ours, found(higher))["score"] == pytest.approx(0.008)
    assert task.differences(found(higher), ours)["score"] == pytest.approx(0.008)
    assert task.differences(ours, found([last, *rows[1:], (0, 50, 9, 59, 0.05, 1)]))["score"] == pytest.approx(0.85)
    close = [(10, 10, 19, 19, 0.9, 0), (40, 10, 49, 19, 0.8995, 0)]
    moved = [(x1 + 4, y1, x2 + 4, y2, score, label) for x1, y1, x2, y2, score, label in close]
    assert task.differences(found(close), found(moved))["score"] == 1
    assert task.differences(found(close), found([]))["score"] == 1


def test_pieces_at_tile_borders_become_the_object() -> None:
    size, views = (180, 100), [View((0, 0, 180, 100)), View((0, 0, 100, 100)), View((80, 0, 180, 100))]
    whole = found([], size)
    # One object inside the overlap, seen by both tiles; one that the second tile sees whole and the first cuts.
    left = found([(82, 40, 95, 60, 0.8, 0), (84, 10, 100, 30, 0.9, 1)], (100, 100))
    right = found([(2, 40, 15, 60, 0.7, 0), (4, 10, 40, 30, 0.6, 1)], (100, 100))
    got = join([whole, left, right], views, size, DetectOptions())[0]
    assert sorted(zip(got.labels.tolist(), got.boxes.tolist(), strict=True)) == [
        (0, [82, 40, 95, 60]),
        (1, [84, 10, 120, 30]),
    ]
    assert got.size == size and got.threshold == 0.3


def test_a_large_image_may_hold_more_than_a_view() -> None:
    size, views = (200, 100), [View((0, 0, 100, 100)), View((100, 0, 200, 100))]
    three = found([(10, 10, 20, 20, 0.9, 0), (30, 10, 40, 20, 0.8, 0), (50, 10, 60, 20, 0.7, 0)], (100, 100))
    assert len(join([three, three], views, size, DetectOptions(max_objects=3))[0]) == 6


def test_a_large_object_comes_from_the_whole_image() -> None:
    size, views = (180, 100), [View((0, 0, 180, 100)), View((0, 0, 100, 100)), View((80, 0, 180, 100))]
    whole = found([(10, 10, 170, 90, 0.5, 0)], size)
    left, right = found([(10, 10, 100, 90, 0.9, 0)], (100, 100)), found([(0, 10, 90, 90, 0.8, 0)], (100, 100))
    got = join([whole, left, right], views, size, DetectOptions())[0]
    assert got.boxes.tolist() == [[10, 10, 170, 90]]


def test_borders_of_the_image_are_no_inner_borders() -> None:
    boxes = np.array([[0.0, 5, 20, 30], [70, 5, 100, 30], [70, 5, 90, 30]])
    tiles = np.array([[0.0, 0, 100, 100]] * 3)
    assert touches_inner_border(boxes, tiles, (180, 100)).tolist() == [False, True, False]
    assert touches_inner_border(boxes, tiles, (100, 100)).tolist() == [False, False, False]
    beyond = np.array([[-2.0, -2, 102, 102]] * 3)
    assert touches_inner_border(boxes, beyond, (100, 100)).tolist() == [False, False, False]


def seen(*rows: tuple[float, float, float, float, float, int]) -> dict[str, np.ndarray]:
    """Candidates as the network gives them for one view: (x1, y1, x2, y2, score, label) rows in input pixels."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return {"boxes": table[:, :4], "scores": table[:, 4], "labels": table[:, 5]}


def test_a_mirrored_view_is_put_back() -> None:
    boxes = np.array([[10.0, 5, 30, 20]])
    assert to_image(boxes, View((100, 50, 200, 90))).tolist() == [[110, 55, 130, 70]]
    assert to_image(boxes, View((100, 50, 200, 90), flipped=True)).tolist() == [[170, 55, 190, 70]]


def test_views_of_the_whole_are_suppressed_together() -> None:
    size, wide = (200, 100), (400, 200)
    views = [View((0, 0, *size)), View((0, 0, *size), flipped=True), View((-100, -50, 300, 150))]
    geometries = [SPEC.geometry(*size), SPEC.geometry(*size), SPEC.geometry(*wide)]  # a half, a half, a quarter
    arrays = [
        seen((10, 35, 30, 55, 0.6, 0), (60, 40, 70, 50, 0.5, 1)),
        seen((70, 35, 90, 55, 0.9, 0), (70, 36, 90, 55, 0.8, 0)),  # the first of the plain view, surer, and again
        seen((0, 30, 20, 40, 0.7, 1), (30, 42.5, 40, 52.5, 0.3, 0)),  # in the gray border; the first once more
    ]
    got = output().merge(arrays, geometries, views, size)
    assert got.boxes.tolist() == [[20, 20, 60, 60], [120, 30, 140, 50]]
    assert got.scores.tolist() == pytest.approx([0.9, 0.5]) and got.labels.tolist() == [0, 1]
    assert got.size == size and got.threshold == 0.3
    most = output(max_objects=1).merge(arrays, geometries, views, size)
    assert most.boxes.tolist() == [[20, 20, 60, 60]]


def test_one_view_of_the_full_image_is_the_plain_prediction() -> None:
    rows = [(10, 35, 30, 55, 0.6, 0), (11, 35, 31, 55, 0.7, 0), (60, 20, 120, 50, 0.5, 1)]
    geometry = SPEC.geometry(200, 100)
    merged = output().merge([seen(*rows)], [geometry], [View((0, 0, 200, 100))], (200, 100))
    batch = {name: column[None] for name, column in seen(*rows).items()}
    (plain,) = output().assemble(batch, [geometry])
    assert merged.boxes.tolist() == plain.boxes.tolist() and merged.to_dict() == plain.to_dict()


def test_mirrored_tiles_are_put_back_and_joined() -> None:
    size = (180, 100)
    boxes = [(0, 0, 180, 100), (0, 0, 100, 100), (80, 0, 180, 100)]
    views = [View(box, flipped) for box in boxes for flipped in (False, True)]
    geometries = [SPEC.geometry(x2 - x1, y2 - y1) for x1, y1, x2, y2 in boxes for _ in (0, 1)]
    none = seen()
    # At 84 to 120 of the image: the left tile sees a piece of it, the right one all, each plain and mirrored.
    left, left_mirrored = seen((84, 10, 100, 30, 0.9, 1)), seen((0, 10, 16, 30, 0.8, 1))
    right, right_mirrored = seen((4, 10, 40, 30, 0.6, 1)), seen((60, 10, 96, 30, 0.7, 1))
    arrays = [none, none, left, left_mirrored, right, right_mirrored]
    got = output().merge(arrays, geometries, views, size)
    assert got.boxes.tolist() == [[84, 10, 120, 30]] and got.scores.tolist() == pytest.approx([0.7])


def test_boxes_are_no_masks() -> None:
    with pytest.raises(ConfigError) as error:
        output().mask_png(found([]))
    assert str(error.value) == "This model has no masks.\nLeave out --masks."
