"""Other thresholds, limits and classes than the model's own, and limits that are told when they are reached."""

import numpy as np
import pytest

from foveal.errors import CategoryError, ConfigError
from foveal.tasks.detect.decode import DetectOptions
from foveal.tasks.detect.output import DetectOutput
from foveal.tasks.table import AnyOutput, get_spec
from foveal.types.categories import Categories
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.detections import BoxTruth, Detections
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
