"""Other thresholds, limits and classes than the model's own, and limits that are told when they are reached."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foveal.data.formats.read import read
from foveal.errors import CategoryError, ConfigError
from foveal.imaging.decode import read_size
from foveal.inference.crops import folders_of, save_crops
from foveal.tasks.detect.config import DetectConfig
from foveal.tasks.detect.decode import DetectOptions
from foveal.tasks.detect.output import DetectOutput, whole_pixels
from foveal.tasks.detect.spec import learn_limits
from foveal.tasks.instance.config import InstanceConfig
from foveal.tasks.instance.decode import InstanceOptions
from foveal.tasks.instance.output import InstanceOutput
from foveal.tasks.table import AnyOutput, get_spec
from foveal.types.categories import Categories
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.detections import BoxTruth, Detections
from foveal.types.predictions.masks import Instances
from foveal.types.rle import Rle
from foveal.types.selection import Selection
from foveal.types.view import View

CATS = Categories(("cat", "dog"))
GEOMETRY = InputSpec(size=100, train_size=100, fit="letterbox").geometry(100, 100)


def arrays(count: int, *, low: float = 0.4) -> dict[str, np.ndarray]:
    """Boxes side by side, cats and dogs by turns, by falling score."""
    boxes = np.array([[[i * 4, 0, i * 4 + 3, 9] for i in range(count)]], np.float32)
    scores = np.linspace(0.9, low, count, dtype=np.float32)[None]
    return {"boxes": boxes, "scores": scores, "labels": np.arange(count)[None] % 2}


def predict(output: DetectOutput, count: int, *, low: float = 0.4) -> Detections:
    return output.assemble(arrays(count, low=low), [GEOMETRY])[0]


def test_a_selection_is_applied() -> None:
    output = DetectOutput(CATS, DetectOptions(threshold=0.3))
    assert len(predict(output, 10).shown()) == 10
    assert len(predict(output.select(Selection(threshold=0.65)), 10).shown()) == 5
    assert predict(output.select(Selection(only=("dog",))), 10).labels.tolist() == [1] * 5
    limited = predict(output.select(Selection(max_objects=3, only=("cat",))), 10)
    assert limited.labels.tolist() == [0] * 3 and limited.full
    low = output.select(Selection(threshold=0.001))
    assert len(predict(low, 10, low=0.002).shown()) == 10, "the least score follows"
    views = output.select(Selection(only=("dog",))).merge(
        [{name: values[0] for name, values in arrays(6).items()}], [GEOMETRY], [View((0, 0, 100, 100))], (100, 100)
    )
    assert views.labels.tolist() == [1] * 3


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"top": 3}, ConfigError, "--top is for classes of full images, which this model does not predict.\nLeave out"),
        ({"only": ("dgo",)}, CategoryError, "--only: unknown class 'dgo'.\nDid you mean 'dog'? Known classes"),
        (
            {"max_objects": 600},
            ConfigError,
            "--max-objects 600 is above the 500 candidates that this model gives.",
        ),
        ({"max_objects": 0}, ConfigError, "--max-objects 0 is not possible.\nUse --max-objects 1 or more."),
        ({"threshold": 1.5}, ConfigError, "A threshold of 1.5 is out of range.\nUse --threshold 0 to 1."),
    ],
)
def test_what_a_detector_refuses(given: dict[str, object], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as error:
        DetectOutput(CATS, DetectOptions()).select(Selection(**given))  # type: ignore[arg-type]
    assert str(error.value).startswith(message)


def test_a_segmenter_has_nothing_to_select() -> None:
    output: AnyOutput = get_spec("segment").open(CATS, {})
    for given in ({"threshold": 0.5}, {"max_objects": 3}, {"only": ("cat",)}, {"top": 2}):
        with pytest.raises(ConfigError, match="which this model does not predict"):
            output.select(Selection(**given))  # type: ignore[arg-type]


def test_a_list_is_full_where_the_limit_hides_what_would_be_shown() -> None:
    output = DetectOutput(CATS, DetectOptions(threshold=0.5, max_objects=6))
    full = predict(output, 10, low=0.5)
    assert full.full and output.limit_reached(full) == 6 and full.to_dict()["full"] is True
    assert full[full.labels == 0].full, "a part of it as well"
    for count, low in ((6, 0.55), (10, 0.1), (5, 0.6)):
        found = predict(output, count, low=low)
        assert found.full == (count == 6), "the best six fit, or the sixth is not shown"
    few = DetectOutput(CATS, DetectOptions(threshold=0.5, candidates=10))
    assert predict(few, 10, low=0.5).full, "the network has more"
    assert not predict(few, 10, low=0.4).full and not predict(few, 9, low=0.5).full


def test_limits_leave_room_above_the_training_images(tmp_path: Path) -> None:
    boxes = [{"id": i + 1, "image_id": 1, "category_id": 1, "bbox": [i, 0, 2, 2], "area": 4} for i in range(144)]
    boxes += [{**boxes[0], "id": 200 + i, "iscrowd": 1} for i in range(50)]
    Image.new("RGB", (200, 8)).save(tmp_path / "1.png")
    image = {"id": 1, "file_name": "1.png", "width": 200, "height": 8}
    document = {"images": [image], "annotations": boxes, "categories": [{"id": 1, "name": "cell"}]}
    (tmp_path / "instances.json").write_text(json.dumps(document))
    catalog = read(tmp_path)
    learnt = learn_limits(DetectConfig(), catalog)
    assert (learnt.own.max_objects, learnt.own.candidates) == (216, 648)
    assert learnt.notes == ("Up to 144 objects in a training image; the model detects up to 216 (max_objects).",)
    given = learn_limits(DetectConfig(max_objects=50, candidates=70), catalog)
    assert (given.own.max_objects, given.own.candidates) == (50, 70)
    assert given.notes == ("A training image has 144 objects, more than max_objects 50 allows to detect.",)
    few = learn_limits(InstanceConfig(), catalog.take(np.array([], np.int64)))
    assert (few.own.max_objects, few.own.candidates, few.own.num_proposals, few.notes) == (100, 500, 100, ())


def test_remarks_on_an_evaluation() -> None:
    before = DetectOutput(CATS, DetectOptions(threshold=0.3))
    selected = before.select(Selection(threshold=0.5, max_objects=6, only=("cat",)))
    truth = BoxTruth(np.ones((120, 4)), np.zeros(120, np.int32), np.zeros(120, np.uint8), np.ones(120))
    found = predict(selected, 20, low=0.6)
    assert selected.remarks([truth], [found], before=before) == [
        "Threshold 0.5 in place of the model's 0.3: it changes precision, recall, F1 and confusions; mAP, AP and AR"
        " count all scores.",
        "At most 6 objects per image in place of 100.",
        "Only objects of these classes are evaluated: cat.",
        "1 image reached the limit of 6 objects; --max-objects raises it.",
        "Images with more than 100 objects: 1 of 1 (up to 120 in one); mAP, AP and AR count the best 100 detections"
        " per image, as COCO does.",
    ]
    assert before.remarks([], [], before=before) == []


def test_objects_are_cut_out_by_class(tmp_path: Path) -> None:
    pixels = np.arange(40 * 60 * 3, dtype=np.uint8).reshape(40, 60, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    boxes = np.array([[10.2, 5, 20.5, 15], [-3, 30, 70, 50], [0, 0, 5, 5.0]])
    found = Detections(boxes, np.array([0.9, 0.8, 0.1]), np.array([1, 0, 0]), CATS, (60, 40), 0.3)
    output: AnyOutput = get_spec("detect").open(CATS, {})
    save_crops(output, [tmp_path / "a.png", pixels], [found, found], tmp_path / "out")
    names = sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.jpg"))
    assert names == ["cat/a-2.jpg", "cat/image-2-2.jpg", "dog/a-1.jpg", "dog/image-2-1.jpg"]
    assert read_size(tmp_path / "out" / "dog" / "a-1.jpg") == (11, 10)
    assert read_size(tmp_path / "out" / "cat" / "a-2.jpg") == (60, 10)


def test_objects_with_masks_are_cut_out_along_them() -> None:
    pixels = np.full((20, 30, 3), 7, np.uint8)
    mask = np.zeros((20, 30), bool)
    mask[2:5, 3:9] = True
    one = np.array([[3, 2, 10, 6.0]])
    found = Instances(one, np.array([0.9]), np.array([0]), CATS, (30, 20), 0.3, (Rle.of(mask),))
    ((label, cut),) = InstanceOutput(CATS, InstanceOptions()).cutouts(lambda: pixels, found)
    assert label == 0 and cut.shape == (4, 7, 4)
    assert (cut[..., 3] == 255 * mask[2:6, 3:10]).all()


def test_a_classifier_has_no_objects_to_cut_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        save_crops(get_spec("classify").open(CATS, {}), [], [], tmp_path)
    assert str(error.value) == "This model predicts no objects to cut out.\nLeave out --crops."


def test_pixels_and_folders() -> None:
    assert whole_pixels(np.array([29.9, -4, 40, 0.0]), (30, 20)) == (29, 0, 30, 1)
    assert folders_of(["a/b", "a:b", "..", "A_B", "caf\u00e9"]) == ["a_b", "a_b-2", "_", "A_B-3", "caf\u00e9"]
