import json

from foveal.data.formats.read import read
from foveal.data.inspection.inspect import inspect


def test_what_is_seen(make_tree, make_image):
    root = make_tree({"train/a": 2, "train/b": 1, "val/b": 1})
    make_image(root / "train" / "a" / "wide.png", 50, (40, 10))
    make_image(root / "train" / "a" / "photo.jpg", 51, (12, 10))
    (root / "train" / "a" / "photo.jpg").rename(root / "train" / "a" / "photo.png")
    (root / "train" / "b" / "text.jpg").write_text("not an image")
    seen = inspect(read(root))
    assert seen.to_dict() == {
        "path": str(root),
        "format": "image_folder",
        "why": "2 class folders with images in train and val",
        "annotation": "labels",
        "multi_label": False,
        "images": 7,
        "splits": {"train": 6, "val": 1},
        "classes": {"a": {"train": 4, "val": 0}, "b": {"train": 2, "val": 1}},
        "width": {"min": 12, "median": 12, "max": 40},
        "height": {"min": 10, "median": 10, "max": 10},
        "formats": {"PNG colour": 5, "JPEG colour": 1},
        "odd": [
            {"path": "train/a/photo.png", "reason": "is a JPEG file with another suffix"},
            {"path": "train/b/text.jpg", "reason": "is not an image (starts with b'not an image')"},
        ],
        "notes": [],
    }
    json.dumps(seen.to_dict())


def test_no_readable_image(make_tree):
    root = make_tree({"a": 0, "b": 0})
    for name in "ab":
        (root / name / "x.png").touch()
    seen = inspect(read(root))
    assert seen.width is None and seen.formats == {} and seen.splits == {"unassigned": 2}


def test_objects_are_counted(make_coco, coco_document):
    coco_document["annotations"].append({"id": 7, "image_id": 17, "category_id": 0, "bbox": [5, 5, 0, 5]})
    seen = inspect(read(make_coco(coco_document))).to_dict()
    assert seen["classes"]["cat"] == {"unassigned": 1}, "images"
    assert seen["objects"] == {
        "count": 3,
        "classes": {"dog": {"unassigned": 1}, "cat": {"unassigned": 1}, "car": {"unassigned": 1}},
        "flags": {"crowd": 1},
        "segmentations": {"polygons": 1, "masks": 1},
        "sizes": {"small": 2, "medium": 1, "large": 0},
        "per_image": {"min": 0, "median": 1.0, "mean": 1.0, "max": 2},
        "empty": 1,
        "repairs": {"no_area": 1},
    }
    json.dumps(seen)


def test_masks_are_counted(make_masks):
    root = make_masks({"a": [[0, 1, 1, 255]], "b": [[1, 1, 1, 1]]})
    seen = inspect(read(root)).to_dict()
    assert seen["annotation"] == "masks" and seen["classes"] == {"0": {"unassigned": 1}, "1": {"unassigned": 2}}
    assert seen["masks"] == {
        "pixels": {"0": {"unassigned": 1}, "1": {"unassigned": 6}},
        "shares": {"0": 0.142857, "1": 0.857143},
        "median_px": {"0": 1, "1": 3},
        "ignored": 0.125,
    }
    json.dumps(seen)
