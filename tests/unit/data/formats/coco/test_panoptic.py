"""COCO panoptic: PNG files of segments become objects with masks."""

import json

import numpy as np
import pytest
from PIL import Image

from foveal.data.catalog.class_maps import read_mask
from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.types.predictions.masks import IGNORE

SKY, BOLT = 300, 26
"""Ids of segments; the first needs two bytes."""


@pytest.fixture
def panoptic(tmp_path, draw):
    """Write one image with a bolt below the sky, and its lower rows of no segment."""

    def make(*, folder="panoptic_val2017", png="a.png", annotation=None):
        root = tmp_path / "set"
        draw(root / "val2017/a.jpg")
        ids = np.zeros((48, 64), np.int32)
        ids[:20], ids[20:30, 10:30] = SKY, BOLT
        (root / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.stack([ids % 256, ids // 256, ids * 0], 2).astype(np.uint8)).save(root / folder / png)
        infos = [
            {"id": SKY, "category_id": 2, "area": 1280, "bbox": [0, 0, 64, 20], "iscrowd": 0},
            {"id": BOLT, "category_id": 1, "area": 200, "bbox": [10, 20, 20, 10], "iscrowd": 1},
        ]
        document = {
            "images": [{"id": 7, "file_name": "a.jpg", "width": 64, "height": 48}],
            "annotations": [{"image_id": 7, "file_name": "a.png", "segments_info": infos, **(annotation or {})}],
            "categories": [{"id": 1, "name": "bolt", "isthing": 1}, {"id": 2, "name": "sky", "isthing": 0}],
        }
        (root / "annotations").mkdir(exist_ok=True)
        (root / "annotations/panoptic_val2017.json").write_text(json.dumps(document))
        return root

    return make


NOTE = "2 PNG segments read as objects with masks, those of stuff, too."


def test_masks(panoptic):
    catalog = read(panoptic(), bad="error")
    assert catalog.annotation == "masks" and catalog.categories.names == ("bolt", "sky")
    assert catalog.why == "annotations/panoptic_val2017.json has segments of COCO panoptic"
    assert catalog.notes[-1] == NOTE
    mask = read_mask(catalog, 0)
    assert (mask[:20] == 1).all() and (mask[20:30, 10:30] == 0).all()
    assert (mask == IGNORE).sum() == 48 * 64 - 20 * 64 - 200, "no segment is no class, not background"


@pytest.mark.parametrize("folder", ["annotations/panoptic_val2017", "annotations", "masks"])
def test_boxes_and_where_the_png_files_lie(panoptic, folder):
    catalog = read(panoptic(folder=folder), bad="error", annotations=("boxes",))
    assert catalog.annotation == "boxes"
    sky, bolt = catalog.objects[0]
    assert (sky.box, sky.label, sky.area) == ((0, 0, 64, 20), 1, 1280)
    assert (bolt.box, bolt.label, bolt.area, bolt.flags) == ((10, 20, 30, 30), 0, 200, 1)


def test_a_box_that_is_missing_is_that_around_the_segment(panoptic):
    infos = [{"id": BOLT, "category_id": 1}]
    (bolt,) = read(panoptic(annotation={"segments_info": infos}), annotations=("boxes",)).objects[0]
    assert (bolt.box, bolt.area) == ((10, 20, 30, 30), 200)


def test_a_segment_without_pixels(panoptic):
    infos = [{"id": BOLT, "category_id": 1}, {"id": 99, "category_id": 1}, {"category_id": 1}]
    catalog = read(panoptic(annotation={"segments_info": infos}))
    assert [(r.path, r.where, r.message) for r in catalog.repairs] == [
        (
            "val2017/a.jpg",
            "annotations/panoptic_val2017.json, annotations[0]",
            f"its segment {key} has no pixels in panoptic_val2017/a.png",
        )
        for key in (99, None)
    ]


def test_no_png_file_is_there(panoptic):
    root = panoptic(png="b.png")
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}/annotations/panoptic_val2017.json: not one of its segments can be read. The first: its PNG file"
        " 'a.png' does not exist (annotations[0]).\n"
        "Put its PNG files into the folder panoptic_val2017, beside the file or beside the images."
    )


@pytest.mark.parametrize("odd", [None, 7, "x", [], [7], [{"id": "x"}], [{"id": BOLT, "category_id": None}]])
def test_odd_values_are_named(panoptic, odd):
    with pytest.raises(DataError):
        read(panoptic(annotation={"segments_info": odd, "file_name": "a.png"}), bad="error")


def test_a_file_of_objects_is_preferred(panoptic):
    root = panoptic()
    record = {"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4]}
    document = json.loads((root / "annotations/panoptic_val2017.json").read_text()) | {"annotations": [record]}
    (root / "annotations/instances_val2017.json").write_text(json.dumps(document))
    assert "Not read: panoptic_val2017.json (COCO panoptic)." in read(root).notes
