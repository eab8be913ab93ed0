import json

import numpy as np
import pytest
from PIL import Image

from foveal.config.schema import parse_config
from foveal.data.catalog.split import with_splits
from foveal.data.formats.read import read
from foveal.errors import CategoryError
from foveal.runs.data import data_facts, read_data
from foveal.tasks.table import get_spec


@pytest.fixture
def segmentations(tmp_path):
    """A COCO set of one image with a polygon."""
    Image.new("RGB", (20, 16)).save(tmp_path / "a.png")
    document = {
        "images": [{"id": 0, "file_name": "a.png", "width": 20, "height": 16}],
        "annotations": [
            {"id": 1, "image_id": 0, "category_id": 3, "bbox": [2, 2, 4, 4], "segmentation": [[2, 2, 6, 2, 6, 6, 2, 6]]}
        ],
        "categories": [{"id": 3, "name": "cat"}],
    }
    (tmp_path / "instances.json").write_text(json.dumps(document))
    return tmp_path


@pytest.mark.parametrize(
    ("task", "annotation", "classes"),
    [("auto", "boxes", 1), ("detect", "boxes", 1), ("classify", "boxes", 1), ("segment", "masks", 2)],
)
def test_a_task_gets_what_it_learns_from(segmentations, task, annotation, classes):
    catalog = read_data(parse_config({"task": task, "data": {"path": str(segmentations)}}, where="here"))
    assert (catalog.annotation, len(catalog.categories)) == (annotation, classes)


def test_settings_of_masks_arrive(tmp_path):
    for folder, pixels in (("images", np.zeros((2, 3, 3), np.uint8)), ("masks", np.array([[0, 1, 9]] * 2, np.uint8))):
        (tmp_path / folder).mkdir()
        Image.fromarray(pixels).save(tmp_path / folder / "a.png")
    data = {"path": str(tmp_path), "classes": "road,tree"}
    with pytest.raises(CategoryError, match="the pixel value 9 is not a class"):
        read_data(parse_config({"data": data}, where="here"))
    config = parse_config({"data": {**data, "ignore": [9]}}, where="here")
    catalog = read_data(config)
    assert data_facts(config, catalog)["reason"] == "masks has masks of images in images"
    assert catalog.categories.names == ("road", "tree") and catalog.categories.ignore_ids == (9,)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("hymenoptera", "classify"),
        ("bccd", "detect"),
        ("coco80", "classify"),
        ("coco80", "detect"),
        ("coco80", "segment"),
        ("coco80", "instance"),
    ],
)
def test_a_model_reads_the_data_set_as_training_did(real_data, name, task):
    """So that the split of training can be made again from the model file alone."""
    config = parse_config({"task": task, "data": {"path": str(real_data / name)}}, where="here")
    trained_on = with_splits(read_data(config), val_fraction=0.3, seed=5)
    later = read(real_data / name, categories=trained_on.categories, annotations=get_spec(task).annotations)
    assert with_splits(later, val_fraction=0.3, seed=5).fingerprint() == trained_on.fingerprint()
