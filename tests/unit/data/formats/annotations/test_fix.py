"""What lies partly outside the image: boxes, segmentations and areas after it is cut off."""

import json

from hypothesis import given
from hypothesis import strategies as st
from tests.annotated import IN_0, SIZE, WHERE, clean_document, plant

from foveal.data.catalog.catalog import Repair
from foveal.data.catalog.objects import Object
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.fix import TOLERANCE_PX, fix_boxes
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.convert import convert
from foveal.data.formats.read import read


def test_the_area_of_what_is_clipped(make_coco):
    """That of the box, or of what remains of the polygons; that of a mask, which cannot reach outside, stays."""
    document = clean_document()
    runs = {"size": [48, 64], "counts": [3000, 20, 52]}
    plant(bbox=[60, 40, 10, 4], area=40)(document)
    plant(bbox=[60, 30, 10, 4], area=17, id=10)(document)
    plant(bbox=[60, 20, 10, 4], area=20, id=11, segmentation=[[60, 20, 70, 20, 70, 24]])(document)
    plant(bbox=[60, 10, 10, 4], area=20, id=12, segmentation=runs)(document)
    assert [o.area for o in read(make_coco(document)).objects[0]] == [400, 16, 16, 3.2, 20]


def test_a_box_around_its_segmentation_stays_around_it(make_coco, make_yolo, tmp_path):
    triangle = [54, 8, 74, 8, 74, 28]
    document = clean_document()
    plant(bbox=[54, 8, 26, 32], area=200, segmentation=[triangle, [70, 30, 80, 30, 80, 40]])(document)
    plant(bbox=[54, 8, 20, 30], id=10, area=200, segmentation=[triangle])(document)
    plant(bbox=[64, 38, 20, 20], id=11, segmentation=[[64, 38, 84, 38, 84, 58]])(document)
    line = "0 " + " ".join(str(v / s) for v, s in zip(triangle, SIZE * 3, strict=True))
    root = make_coco(document)
    catalog = read(root)
    _, own, another = catalog.objects[0]
    assert (own.box, own.segmentation, own.area) == ((54, 8, 64, 18), [[54, 8, 64, 8, 64, 18]], 50)
    assert (another.box, another.segmentation, another.area) == ((54, 8, 64, 38), own.segmentation, 50)
    assert [r.action for r in catalog.repairs] == ["clipped", "clipped", "dropped"]
    (read_back,) = read(make_yolo({"train/a": [line], "val/b": []})).objects[0]
    assert (read_back.box, read_back.segmentation, read_back.area) == (own.box, own.segmentation, own.area)
    convert(catalog, tmp_path / "coco2", to="coco")
    written = json.loads((tmp_path / "coco2/annotations/instances.json").read_text())["annotations"]
    assert (written[1]["bbox"], written[1]["area"]) == ([54, 8, 10, 10], 50)
    assert read(tmp_path / "coco2", bad="error").repairs == ()


def test_a_clipped_polygon_is_written_inside_the_image(make_coco, tmp_path):
    """And so is one that reaches outside by less than what counts as a fault."""
    document = clean_document()
    document["annotations"] = [
        {"id": 1, "image_id": 0, "category_id": 1, "bbox": [54, 8, 20, 20], "segmentation": [[54, 8, 74, 8, 74, 28]]},
        {"id": 2, "image_id": 0, "category_id": 1, "bbox": [9, 9, 55, 9], "segmentation": [[9, 9, 64.01, 9, 64, 18]]},
    ]
    catalog = read(make_coco(document))
    convert(catalog, tmp_path / "yolo2", to="yolo")
    for line in (tmp_path / "yolo2/labels/train/0.txt").read_text().splitlines():
        assert len(line.split()) == 7 and all(0 <= float(v) <= 1 for v in line.split()[1:])
    assert read(tmp_path / "yolo2", bad="error").objects[0][1].segmentation == [[9, 9, 64.01, 9, 64, 18]]


def test_a_segmentation_outside_leaves_the_box(make_coco):
    document = clean_document()
    plant(segmentation=[[70, 30, 90, 30, 90, 40]], area=30)(document)
    root = make_coco(document)
    catalog = read(root)
    message = "the segmentation of the box 30, 30, 35, 35 lies outside the image of 64 x 48"
    assert catalog.repairs == (Repair(IN_0, WHERE, "outside", message, "segmentation dropped"),)
    _, thing = catalog.objects[0]
    assert (thing.box, thing.segmentation, thing.area) == ((30, 30, 35, 35), None, 25)
    assert len(read(root, bad="drop").objects[0]) == 1


@given(st.lists(st.tuples(*[st.floats(-100, 200)] * 4), max_size=20), st.sampled_from(["clip", "drop"]))
def test_what_remains_lies_inside(boxes, policy):
    """Every object that remains is inside the image and was there; those that were fine are untouched."""
    draft = Draft("a.jpg", "x", seen=SIZE)
    for at, box in enumerate(boxes):
        draft.add(Object(box, 0), str(at), str(at))
    repairs = Repairs(policy)
    (row,) = fix_boxes([draft], repairs)
    for thing in row:
        x1, y1, x2, y2 = thing.box
        assert -TOLERANCE_PX <= x1 < x2 <= SIZE[0] + TOLERANCE_PX and -TOLERANCE_PX <= y1 < y2 <= SIZE[1] + TOLERANCE_PX
    fine = [b for b in dict.fromkeys(boxes) if 0 <= b[0] < b[2] <= SIZE[0] and 0 <= b[1] < b[3] <= SIZE[1]]
    kept = [thing.box for thing in row]
    assert all(box in kept for box in fine)
    assert len(repairs._found) == sum(1 for b in boxes) - len(row) + sum(box not in boxes for box in kept)
