"""Objects cut out of their images."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from foveal.errors import ConfigError
from foveal.imaging.header import read_size
from foveal.inference.crops import folders_of, save_crops
from foveal.tasks.detect.output import whole_pixels
from foveal.tasks.instance.decode import InstanceOptions
from foveal.tasks.instance.output import InstanceOutput
from foveal.tasks.table import get_spec
from foveal.types.categories import Categories
from foveal.types.predictions.detections import Detections
from foveal.types.predictions.masks import Instances
from foveal.types.reading import AS_STORED
from foveal.types.rle import Rle

CATS = Categories(("cat", "dog"))


def model(task: str) -> Any:
    """What of a predictor cuts objects out."""
    return SimpleNamespace(output=get_spec(task).open(CATS, {}), spec=SimpleNamespace(reading=AS_STORED))


def test_objects_are_cut_out_by_class(tmp_path: Path) -> None:
    pixels = np.arange(40 * 60 * 3, dtype=np.uint8).reshape(40, 60, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    boxes = np.array([[10.2, 5, 20.5, 15], [-3, 30, 70, 50], [0, 0, 5, 5.0]])
    found = Detections(boxes, np.array([0.9, 0.8, 0.1]), np.array([1, 0, 0]), CATS, (60, 40), 0.3)
    save_crops(model("detect"), [tmp_path / "a.png", pixels], [found, found], tmp_path / "out")
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
        save_crops(model("classify"), [], [], tmp_path)
    assert str(error.value) == "This model predicts no objects to cut out.\nLeave out --crops."


def test_pixels_and_folders() -> None:
    assert whole_pixels(np.array([29.9, -4, 40, 0.0]), (30, 20)) == (29, 0, 30, 1)
    assert folders_of(["a/b", "a:b", "..", "A_B", "caf\u00e9"]) == ["a_b", "a_b-2", "_", "A_B-3", "caf\u00e9"]
