"""Objects cut out of their images: which, where, how large, and what is told."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from foveal.data.formats.crops import CropOptions, cut_objects
from foveal.data.formats.read import read
from foveal.errors import DataError, RunError

PNG = CropOptions(format="png")


@pytest.fixture
def detections(tmp_path):
    """Two splits; an image of one colour per object, another one lying on its side."""
    root = tmp_path / "set"
    boxes = {
        "train": [
            {"image_id": 1, "category_id": 1, "bbox": [10, 10, 10, 20]},
            {"image_id": 1, "category_id": 2, "bbox": [30, 5, 12, 12], "iscrowd": 1},
            {"image_id": 1, "category_id": 2, "bbox": [30, 20, 5, 30]},
            {"image_id": 1, "category_id": 2, "bbox": [40.5, 20.5, 12, 12]},
        ],
        "val": [{"image_id": 1, "category_id": 1, "bbox": [0, 40, 20, 20]}],
    }
    for split, rows in boxes.items():
        (root / split / "sub").mkdir(parents=True)
        pixels = np.zeros((48, 64, 3), np.uint8)
        pixels[10:30, 10:20] = (255, 0, 0)
        exif = Image.Exif()
        if split == "val":  # stored lying, displayed 48 wide and 64 high
            pixels[:] = (0, 0, 9)
            pixels[:20, 4:24] = (0, 255, 0)
            exif[0x0112] = 8
        Image.fromarray(pixels).save(root / split / "sub" / "image_0001.png", exif=exif)
        size = {"width": 64, "height": 48} if split == "train" else {"width": 48, "height": 64}
        document = {
            "images": [{"id": 1, "file_name": f"{split}/sub/image_0001.png", **size}],
            "annotations": [{"id": i, **row} for i, row in enumerate(rows)],
            "categories": [{"id": 1, "name": "red cell"}, {"id": 2, "name": "dog"}],
        }
        (root / "annotations").mkdir(exist_ok=True)
        (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(document))
    return read(root, format="coco")


def opened(file):
    return Image.open(io.BytesIO(file.read_bytes()))


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_objects_are_files_by_split_class_and_number(detections, tmp_path):
    done = cut_objects(detections, tmp_path / "out", PNG)
    assert files(tmp_path / "out") == [
        "train/dog/sub_image_0001_obj4.png",
        "train/red cell/sub_image_0001_obj1.png",
        "val/red cell/sub_image_0001_2_obj1.png",
    ]
    assert (done.images, done.splits) == (3, {"train": 2, "val": 1})
    assert {kept.field: (kept.count, kept.where) for kept in done.kept} == {
        "crowd object": (1, "left out"),
        "object below 8 px": (1, "left out"),
    }
    assert done.notes[0] == "Objects are cut out upright as PNG, with no margin."


def test_a_crop_is_what_its_box_shows(detections, tmp_path):
    cut_objects(detections, tmp_path / "out", PNG)
    red = np.asarray(opened(tmp_path / "out/train/red cell/sub_image_0001_obj1.png"))
    assert red.shape == (20, 10, 3)
    assert (red == (255, 0, 0)).all()
    between = opened(tmp_path / "out/train/dog/sub_image_0001_obj4.png")
    assert between.size == (13, 13)  # pixels that the box touches


def test_a_crop_is_upright(detections, tmp_path):
    cut_objects(detections, tmp_path / "out", PNG)
    crop = opened(tmp_path / "out/val/red cell/sub_image_0001_2_obj1.png")
    assert (np.asarray(crop) == (0, 255, 0)).all()
    assert not crop.getexif()


def test_a_margin_stays_within_the_image(detections, tmp_path):
    cut_objects(detections, tmp_path / "out", CropOptions(margin=0.5, format="png"))
    assert opened(tmp_path / "out/train/red cell/sub_image_0001_obj1.png").size == (20, 40)
    assert opened(tmp_path / "out/val/red cell/sub_image_0001_2_obj1.png").size == (30, 34)


def test_jpeg_is_of_the_quality_told(detections, tmp_path):
    high = cut_objects(detections, tmp_path / "high", CropOptions())
    cut_objects(detections, tmp_path / "low", CropOptions(quality=10))
    name = "train/dog/sub_image_0001_obj4.jpg"
    high_table, low_table = (opened(tmp_path / f / name).quantization[0] for f in ("high", "low"))
    assert sum(high_table) < sum(low_table)
    assert "JPEG of quality 95" in high.notes[0]


def test_nothing_left_is_an_error_and_leaves_nothing(detections, tmp_path):
    with pytest.raises(DataError, match=r"no object is left to cut out \(4 object below 500 px, 1 crowd object\)"):
        cut_objects(detections, tmp_path / "out", CropOptions(min_size=500))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]


def test_what_has_no_objects_is_refused(make_tree, tmp_path):
    with pytest.raises(DataError, match="has labels and no objects to cut out"):
        cut_objects(read(make_tree({"a": 2, "b": 2})), tmp_path / "out", PNG)


def test_the_data_set_is_read_only(detections):
    with pytest.raises(RunError, match="inside the data set"):
        cut_objects(detections, detections.root / "out", PNG)
