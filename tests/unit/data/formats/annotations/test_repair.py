"""Every fault planted once, in every format that can express it, is found, treated by the policy and reported."""

import copy
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.annotated import GOOD, IN_0, WHERE, clean_document, plant, voc_object

from foveal.data.catalog.catalog import Repair
from foveal.data.formats.read import read
from foveal.data.inspection.check import check
from foveal.errors import DataError
from foveal.imaging.decode import decode

COCO_FAULTS = {
    "partly outside": (
        plant(bbox=[50, 40, 30, 20.5]),
        Repair(IN_0, WHERE, "outside", "the box 50, 40, 80, 60.5 reaches outside the image of 64 x 48", "clipped"),
    ),
    "wholly outside": (
        plant(bbox=[70, 10, 5, 5]),
        Repair(IN_0, WHERE, "outside", "the box 70, 10, 75, 15 lies outside the image of 64 x 48", "dropped"),
    ),
    "no width": (
        plant(bbox=[5, 5, 0, 9]),
        Repair(IN_0, WHERE, "no_area", "the box 5, 5, 5, 14 is 0 wide and 9 high", "dropped"),
    ),
    "negative height": (
        plant(bbox=[5, 5, 4, -2]),
        Repair(IN_0, WHERE, "no_area", "the box 5, 5, 9, 3 is 4 wide and -2 high", "dropped"),
    ),
    "not a number": (
        plant(bbox=[5, 5, math.nan, 2]),
        Repair(IN_0, WHERE, "not_finite", "the box 5, 5, nan, 7 has coordinates that are not finite", "dropped"),
    ),
    "infinite": (
        plant(bbox=[5, 5, math.inf, 2]),
        Repair(IN_0, WHERE, "not_finite", "the box 5, 5, inf, 7 has coordinates that are not finite", "dropped"),
    ),
    "three numbers": (
        plant(bbox=[5, 5, 2]),
        Repair(IN_0, WHERE, "malformed", "bbox is [5, 5, 2], not four numbers", "dropped"),
    ),
    "no box": (plant(bbox=None), Repair(IN_0, WHERE, "malformed", "bbox is missing, not four numbers", "dropped")),
    "unknown class": (
        plant(category_id=77),
        Repair(IN_0, WHERE, "unknown_class", "its category_id 77 is unknown", "dropped"),
    ),
    "unknown image": (
        plant(image_id=5),
        Repair("", WHERE, "unknown_image", "no image has its image_id 5", "dropped"),
    ),
    "class true": (
        plant(category_id=True),
        Repair(IN_0, WHERE, "malformed", "its category_id true is not a number", "dropped"),
    ),
    "image true": (
        plant(image_id=True),
        Repair("", WHERE, "unknown_image", "no image has its image_id true", "dropped"),
    ),
    "crowd in words": (
        plant(iscrowd="false"),
        Repair(IN_0, WHERE, "malformed", 'iscrowd is "false", neither 0 nor 1', "dropped"),
    ),
    "segmentation outside": (
        plant(bbox=[30, 30, 20, 10], segmentation=[[30, 30, 90, 30, 90, 40, 30, 40]]),
        Repair(
            IN_0,
            WHERE,
            "outside",
            "the segmentation of the box 30, 30, 50, 40 reaches outside the image of 64 x 48",
            "clipped",
        ),
    ),
    "one box twice": (
        plant(bbox=GOOD),
        Repair(IN_0, WHERE, "twice", "the box 10, 10, 30, 30 is given twice with the same class", "dropped"),
    ),
    "one id twice": (
        plant(id=1),
        Repair(
            IN_0,
            "annotations/instances.json, annotations[2]",
            "duplicate_id",
            "another object has the same id 1",
            "now 2",
        ),
    ),
    "one image id twice": (
        lambda d: d["images"].append({"id": 1, "file_name": "2.jpg", "width": 64, "height": 48}),
        Repair(
            "images/2.jpg",
            "annotations/instances.json, images[2]",
            "duplicate_id",
            "its id 1 is that of annotations/instances.json, images[1], images/1.jpg",
            "dropped",
        ),
    ),
    "one class id twice": (
        lambda d: d["categories"].append({"id": 2, "name": "dog"}),
        Repair("", "{root}: categories[2]", "duplicate_id", "the class 'dog' is listed twice with the id 2", "dropped"),
    ),
    "one image twice": (
        lambda d: d["images"].append({"id": 5, "file_name": "1.jpg", "width": 64, "height": 48}),
        Repair("images/1.jpg", "annotations/instances.json, images[2]", "listed_twice", "is listed twice", "merged"),
    ),
    "another size": (
        lambda d: d["images"][0].update(width=65),
        Repair(
            IN_0,
            "annotations/instances.json, images[0]",
            "size",
            "the annotation declares 65 x 48 pixels, the file has 64 x 48",
            "kept",
        ),
    ),
    "size turned without EXIF": (
        lambda d: d["images"][0].update(width=48, height=64),
        Repair(
            IN_0,
            "annotations/instances.json, images[0]",
            "size",
            "the annotation declares 48 x 64 pixels, the file has 64 x 48",
            "kept",
        ),
    ),
}


@pytest.mark.parametrize("name", COCO_FAULTS)
def test_coco_fault_by_fault(make_coco, name):
    change, expected = COCO_FAULTS[name]
    document = clean_document()
    change(document)
    root = make_coco(document)
    expected = replace(expected, where=expected.where.replace("{root}", f"{root}/annotations/instances.json"))
    catalog = read(root)
    assert catalog.repairs == (expected,)
    assert {"images/0.jpg", "images/1.jpg"} <= {catalog.names[i] for i in range(len(catalog))}, "no image is lost"
    assert catalog.objects[0][0].box == (10, 10, 30, 30), "the good box stays as it is"
    told = [p for p in check(catalog) if p.action]
    assert [(p.path, p.where, p.kind, p.message, p.action) for p in told] == [tuple(expected.to_dict().values())]
    with pytest.raises(DataError) as caught:
        read(root, bad="error")
    path = f"{expected.path}: " if expected.path else ""
    assert caught.value.what == f"{expected.where}: {path}{expected.message}."
    dropped = read(root, bad="drop")
    assert len(dropped.repairs) == 1 and len(dropped.objects[0]) == 1
    assert dropped.repairs[0].action in ("dropped", "kept", "merged")


SEGMENTATION_FAULTS = {
    "two points": ([[30, 30, 35, 35]], "its segmentation has a polygon of 2 points; at least 3 are needed"),
    "mask of another size": (
        {"size": [64, 48], "counts": [1000, 12, 2060]},
        "its mask is 48 x 64, the image 64 x 48",
    ),
    "mask that is not filled": (
        {"size": [48, 64], "counts": [1000, 12]},
        "the runs of its mask do not fill 64 x 48 pixels",
    ),
}


@pytest.mark.parametrize("name", SEGMENTATION_FAULTS)
def test_an_invalid_segmentation(make_coco, name):
    """Its object stays, whatever the policy, as a box."""
    segmentation, message = SEGMENTATION_FAULTS[name]
    document = clean_document()
    plant(segmentation=segmentation, area=7)(document)
    root = make_coco(document)
    for policy in ("clip", "drop"):
        catalog = read(root, bad=policy)
        assert catalog.repairs == (Repair(IN_0, WHERE, "segmentation", message, "segmentation dropped"),)
        _, thing = catalog.objects[0]
        assert (thing.box, thing.segmentation, thing.area) == ((30, 30, 35, 35), None, 7)
    assert catalog.notes == (
        "1 fault in the annotations: 1 x invalid segmentation (segmentation dropped). `foveal data check` lists them.",
    )
    assert [(p.kind, p.message) for p in check(catalog)] == [("segmentation", message)]
    with pytest.raises(DataError) as caught:
        read(root, bad="error")
    assert caught.value.what == f"{WHERE}: {IN_0}: {message}."


def test_coco_images_missing_and_unlisted(make_coco, draw):
    document = clean_document()
    root = make_coco(document)
    (root / "images/1.jpg").rename(root / "images/stray.jpg")
    (root / "images/notes.txt").write_text("no image")
    file = "annotations/instances.json"
    assert read(root).repairs == (
        Repair("images/1.jpg", f"{file}, images[1]", "missing", "is listed but does not exist", "dropped"),
        Repair("images/stray.jpg", file, "unlisted", "is in coco but not listed", "left out"),
    )


def test_images_that_are_none(make_coco):
    root = make_coco(clean_document())
    (root / "images/1.jpg").write_bytes(b"hello")
    (fault,) = read(root).repairs
    assert (fault.kind, fault.message, fault.action) == (
        "unreadable",
        "is not an image (starts with b'hello')",
        "dropped",
    )


VOC_FAULTS = {
    "reaches outside": (voc_object("cat", (50, 40, 80, 60)), "outside", "clipped"),
    "counted from 0": (voc_object("cat", (0, 0, 9, 9)), "outside", "clipped"),
    "lies outside": (voc_object("cat", (70, 1, 80, 9)), "outside", "dropped"),
    "no area": (voc_object("cat", (9, 9, 8, 20)), "no_area", "dropped"),
    "negative": (voc_object("cat", (9, 20, 30, 10)), "no_area", "dropped"),
    "nan": (voc_object("cat", ("nan", 9, 20, 20)), "not_finite", "dropped"),
    "no number": (voc_object("cat", ("left", 9, 20, 20)), "malformed", "dropped"),
    "no class": (voc_object("", (9, 9, 20, 20)), "unknown_class", "dropped"),
    "twice": (voc_object("cat", (11, 11, 30, 30), pose="Left"), "twice", "dropped"),
}


@pytest.mark.parametrize("name", VOC_FAULTS)
def test_voc_fault_by_fault(make_voc, name):
    element, kind, action = VOC_FAULTS[name]
    root = make_voc({"a": [voc_object("cat", (11, 11, 30, 30)), element], "b": [voc_object("dog", (1, 1, 9, 9))]})
    catalog = read(root)
    (fault,) = catalog.repairs
    assert (fault.path, fault.where, fault.kind, fault.action) == (
        "JPEGImages/a.jpg",
        "Annotations/a.xml, object 2",
        kind,
        action,
    )
    assert len(catalog) == 2 and catalog.objects[0][0].box == (10, 10, 30, 30)
    assert len(catalog.objects[0]) == (2 if action == "clipped" else 1)
    with pytest.raises(DataError):
        read(root, bad="error")


def test_voc_images_and_sizes(make_voc):
    cat = [voc_object("cat", (1, 1, 9, 9))]
    root = make_voc(dict.fromkeys("abcd", cat), sizes={"b": (10, 10)})
    (root / "JPEGImages/c.jpg").unlink()
    (root / "Annotations/d.xml").unlink()
    assert [(r.path, r.kind, r.action) for r in read(root).repairs] == [
        ("JPEGImages/b.jpg", "size", "kept"),
        ("JPEGImages/c.jpg", "missing", "dropped"),
        ("JPEGImages/d.jpg", "unlisted", "left out"),
    ]


YOLO_FAULTS = {
    "reaches outside": ("0 0.9 0.5 0.4 0.2", "outside", "clipped"),
    "lies outside": ("0 1.5 0.5 0.4 0.2", "outside", "dropped"),
    "no width": ("0 0.5 0.5 0 0.2", "no_area", "dropped"),
    "negative": ("0 0.5 0.5 0.2 -0.2", "no_area", "dropped"),
    "nan": ("0 nan 0.5 0.2 0.2", "not_finite", "dropped"),
    "unknown class": ("2 0.5 0.5 0.2 0.2", "unknown_class", "dropped"),
    "no whole class": ("0.5 0.5 0.5 0.2 0.2", "unknown_class", "dropped"),
    "twice": ("0 0.5 0.5 0.25 0.25", "twice", "dropped"),
    "polygon outside": ("0 0.5 0.5 1.5 0.5 0.5 0.9", "outside", "clipped"),
}


@pytest.mark.parametrize("name", YOLO_FAULTS)
def test_yolo_fault_by_fault(make_yolo, name):
    line, kind, action = YOLO_FAULTS[name]
    root = make_yolo({"train/a": ["0 0.5 0.5 0.25 0.25", line], "val/b": []})
    catalog = read(root)
    (fault,) = catalog.repairs
    assert (fault.path, fault.where, fault.kind, fault.action) == (
        "images/train/a.jpg",
        "labels/train/a.txt, line 2",
        kind,
        action,
    )
    assert len(catalog) == 2 and len(catalog.objects[0]) == (2 if action == "clipped" else 1)
    with pytest.raises(DataError):
        read(root, bad="error")


def test_all_faults_at_once_are_reported_one_by_one(make_coco):
    """The first is named and the others counted under ``error``; the notes count them by kind."""
    document = clean_document()
    for at, name in enumerate(("partly outside", "no width", "not a number", "unknown class", "one box twice")):
        COCO_FAULTS[name][0](document)
        document["annotations"][-1]["id"] = 90 + at
    root = make_coco(document)
    catalog = read(root)
    kinds = ["outside", "no_area", "not_finite", "unknown_class", "twice"]
    assert sorted(r.kind for r in catalog.repairs) == sorted(kinds)
    assert catalog.notes == (
        "5 faults in the annotations: 1 x unknown class (dropped), 1 x box outside the image (clipped),"
        " 1 x box without area (dropped), 1 x box that is not finite (dropped), 1 x duplicate object (dropped)."
        " `foveal data check` lists them.",
    )
    with pytest.raises(DataError) as caught:
        read(root, bad="error")
    assert str(caught.value) == (
        "annotations/instances.json, annotation 93: images/0.jpg: its category_id 77 is unknown."
        f" And 4 more faults.\n`foveal data check {root}` lists all; the policy 'clip' fixes what can be fixed and"
        " drops the rest."
    )


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
@pytest.mark.parametrize("form", ["coco", "voc"])
def test_boxes_in_stored_pixels_of_a_rotated_file(make_coco, make_voc, orientation, form):
    """A mark is painted in stored pixels where the annotation is; upright it must be where the catalog has it."""
    if form == "coco":
        document = clean_document()
        document["annotations"][0].update(segmentation=[[10, 10, 30, 10, 30, 30]], area=200)
        root = make_coco(document)
        path = root / "images/0.jpg"
    else:
        root = make_voc({"0": [voc_object("cat", (11, 11, 30, 30))], "1": []})
        path = root / "JPEGImages/0.jpg"
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[10:30, 10:30] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif, quality=100)
    catalog = read(root)
    (fault,) = catalog.repairs
    assert (fault.kind, fault.action) == ("turned", "turned")
    assert fault.message == (
        f"the annotation is in the 64 x 48 pixels that the file stores; as displayed (EXIF orientation {orientation})"
        " it is 48 x 64"
    )
    upright = decode(path).pixels
    assert catalog.sizes[0].tolist() == [upright.shape[1], upright.shape[0]] == [48, 64]
    (thing,) = catalog.objects[0]
    x1, y1, x2, y2 = map(int, thing.box)
    assert upright[y1:y2, x1:x2].min() > 128 and (upright > 128).sum() == 3 * 400
    if form == "coco":
        xs, ys = thing.segmentation[0][::2], thing.segmentation[0][1::2]
        assert (min(xs), min(ys), max(xs), max(ys)) == thing.box and thing.area == 200
    with pytest.raises(DataError):
        read(root, bad="error")


def test_boxes_of_a_rotated_file_as_seen_are_left_alone(make_coco):
    document = clean_document()
    document["images"][0].update(width=48, height=64)
    root = make_coco(document)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(root / "images/0.jpg", exif=exif)
    catalog = read(root, bad="error")
    assert catalog.objects[0][0].box == (10, 10, 30, 30) and catalog.sizes[0].tolist() == [48, 64]


def test_a_clean_set_is_reported_clean(make_coco, make_voc, make_yolo):
    cat, dog = voc_object("cat", (1, 1, 64, 48)), voc_object("dog", (1, 1, 64, 48))
    roots = (
        make_coco(clean_document()),
        make_voc({"a": [cat, dog], "b": []}, {"train": ["a"], "val": ["b"]}),
        make_yolo({"train/a": ["0 0.5 0.5 1 1", "1 0.5 0.5 1 1"], "val/b": []}),
    )
    for root in roots:
        assert check(read(root, bad="error")) == []


def test_twice_means_the_same_segmentation(make_coco):
    document = clean_document()
    plant(bbox=GOOD, segmentation=[[10, 10, 30, 10, 30, 30]])(document)
    assert read(make_coco(document), bad="error").objects.labels.tolist() == [0, 0, 0]


@pytest.mark.parametrize(("area", "said"), [("x", '"x"'), (-5, "-5"), (math.nan, "NaN"), (math.inf, "Infinity")])
def test_an_area_that_is_none(make_coco, area, said):
    """Its object stays, whatever the policy, with the area of its box."""
    document = clean_document()
    plant(area=area)(document)
    root = make_coco(document)
    for policy in ("clip", "drop"):
        catalog = read(root, bad=policy)
        message = f"its area {said} is not a number of pixels"
        assert catalog.repairs == (Repair(IN_0, WHERE, "malformed", message, "area dropped"),)
        assert [o.area for o in catalog.objects[0]] == [400, 25]
    with pytest.raises(DataError):
        read(root, bad="error")


def test_a_second_image_is_not_touched(make_coco):
    document = copy.deepcopy(clean_document())
    plant(bbox=[70, 10, 5, 5])(document)
    before = read(make_coco(clean_document()))
    after = read(make_coco(document))
    assert json.dumps(before.objects.boxes.tolist()) == json.dumps(after.objects.boxes.tolist())
