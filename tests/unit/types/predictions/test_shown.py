"""Predictions in one line, drawn, and as tables."""

import io
import pickle
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image

from foveal.errors import ConfigError, ImageError, MissingExtraError
from foveal.inference.drawing import Drawing
from foveal.tasks.classify.decode import ClassifyOptions
from foveal.tasks.classify.output import ClassifyOutput
from foveal.tasks.detect.decode import DetectOptions
from foveal.tasks.detect.output import DetectOutput
from foveal.types.categories import Categories
from foveal.types.predictions.class_scores import ClassScores
from foveal.types.predictions.detections import Detections
from foveal.types.predictions.masks import ClassMap, Instances
from foveal.types.rle import Rle

CATS = Categories(("rose", "tulip", "daisy"))
SIZE = (40, 30)
SCORES = ClassScores(np.array([0.7, 0.2, 0.1]), CATS, SIZE)
BOXES = np.array([[1, 2, 20, 20], [5, 5, 30, 25], [0, 0, 9, 9]], float)
FOUND = Detections(BOXES, np.array([0.9, 0.8, 0.1]), np.array([1, 1, 0]), CATS, SIZE, 0.5)
MASKS = tuple(Rle.of(np.ones((30, 40), bool)) for _ in range(3))
MASKED = Instances(BOXES, FOUND.scores, FOUND.labels, CATS, SIZE, 0.5, MASKS)
MAP = ClassMap.of(np.repeat([[0, 0, 1, 2]], 30, 0).repeat(10, 1), CATS)


def test_one_line_each() -> None:
    assert repr(SCORES) == "ClassScores(rose 70.0%, tulip 20.0%, daisy 10.0%; 40 x 30 px)"
    assert repr(FOUND) == "Detections(2 tulip; 40 x 30 px)"
    assert repr(MASKED) == "Instances(2 tulip; 40 x 30 px)"
    assert repr(MAP) == "ClassMap(rose 50.0%, tulip 25.0%, daisy 25.0%; 40 x 30 px)"
    assert repr(FOUND[:0]) == "Detections(nothing; 40 x 30 px)"


def test_no_line_is_long_whatever_the_names() -> None:
    many = Categories(tuple(str(i) + "long\nname " * 30 for i in range(80)))
    scores = ClassScores(np.full(80, 1 / 80), many, SIZE, multi_label=True, threshold=0.0)
    boxes = np.tile(BOXES[:1], (80, 1))
    found = Detections(boxes, np.full(80, 0.9), np.arange(80), many, SIZE)
    for shown in (repr(scores), repr(found)):
        assert len(shown) < 200 and "\n" not in shown and "more" in shown


def test_as_pandas() -> None:
    assert list(SCORES.to_pandas().name) == ["rose", "tulip", "daisy"]
    table = MASKED.to_pandas()
    assert list(table.columns) == ["name", "score", "x1", "y1", "x2", "y2", "mask_px"] and len(table) == 2
    assert isinstance(MAP.to_pandas(), pandas.DataFrame)


def test_without_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingExtraError) as error:
        SCORES.to_pandas()
    assert error.value.hint == "Install it with: pip install pandas"


def photo() -> np.ndarray:
    return np.full((30, 40, 3), 90, np.uint8)


def drawn(source: object) -> Detections:
    output = DetectOutput(CATS, DetectOptions())
    return Detections(BOXES, FOUND.scores, FOUND.labels, CATS, SIZE, 0.5).drawn_by(Drawing(output, source))


def test_drawn_on_its_image_and_saved(tmp_path: Path) -> None:
    found = drawn(photo())
    image = found.draw()
    assert image.size == SIZE and np.any(np.asarray(image) != 90)
    assert np.array_equal(np.asarray(found.draw(photo())), np.asarray(image)), "another copy of the image"
    assert found.save(tmp_path / "a.png") == tmp_path / "a.png"
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), np.asarray(image))
    found.save(tmp_path / "a.JPG")
    png = found._repr_png_()
    assert png is not None and Image.open(io.BytesIO(png)).size == SIZE
    assert found[:1].draw().size == SIZE, "a part of the objects is still of that image"


def test_a_notebook_gets_a_small_image() -> None:
    size = (2400, 1200)
    output = ClassifyOutput(CATS, ClassifyOptions())
    scores = ClassScores(np.array([0.7, 0.2, 0.1]), CATS, size)
    png = scores.drawn_by(Drawing(output, np.zeros((1200, 2400, 3), np.uint8)))._repr_png_()
    assert png is not None and Image.open(io.BytesIO(png)).size == (900, 450)


def test_what_cannot_be_drawn_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="was not made by `predict`"):
        FOUND.draw()
    assert FOUND._repr_png_() is None
    with pytest.raises(ConfigError, match="came from a generator or a stream"):
        drawn(None).draw()
    with pytest.raises(ConfigError, match="8 x 8 px instead of 40 x 30"):
        drawn(None).draw(np.zeros((8, 8, 3), np.uint8))
    gone = drawn(tmp_path / "gone.png")
    with pytest.raises(ImageError):
        gone.draw()
    assert gone._repr_png_() is None
    with pytest.raises(ConfigError, match=r"\.txt is not an image format that can be written"):
        drawn(photo()).save(tmp_path / "a.txt")


def test_a_prediction_travels_between_processes(tmp_path: Path) -> None:
    Image.fromarray(photo()).save(tmp_path / "p.png")
    again = pickle.loads(pickle.dumps(drawn(tmp_path / "p.png")))
    assert repr(again) == repr(FOUND) and again.draw().size == SIZE
