"""Datumaro's JSON: boxes by their upper left corner, groups, labels of images, splits by the documents' names."""

import pytest

from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.types.flags import Flag

LABELS = {"label": {"labels": [{"name": name, "parent": "", "attributes": []} for name in ("cat", "dog")]}}


def document(*items):
    return {"info": {}, "categories": LABELS, "items": list(items)}


def item(name, *annotations):
    return {"id": name, "annotations": list(annotations), "image": {"path": f"{name}.jpg", "size": [48, 64]}}


def box(label=1, **more):
    return {"id": 0, "type": "bbox", "attributes": {}, "group": 0, "label_id": label, "bbox": [5, 6, 15, 16], **more}


def test_a_document_per_split(lay, told):
    files = {f"images/{split}/{name}.jpg": 0 for split in ("train", "val") for name in "ab"}
    pages = {f"annotations/{split}.json": document(item("a", box()), item("b")) for split in ("train", "val")}
    catalog = read(lay({**files, **pages}))
    assert (catalog.format, catalog.categories.names) == ("datumaro", ("cat", "dog"))
    dog = ("dog", (5, 6, 20, 22), 0)
    assert told(catalog) == {
        "images/train/a.jpg": ("train", [dog]),
        "images/train/b.jpg": ("train", []),
        "images/val/a.jpg": ("val", [dog]),
        "images/val/b.jpg": ("val", []),
    }


def test_shapes_and_what_is_no_object(lay, told):
    ring = {"type": "polygon", "label_id": 0, "attributes": {"is_crowd": True, "by": "me"}, "group": 3}
    rle = {"size": [48, 64], "counts": [0, 48, 48 * 63]}
    things = [
        ring | {"points": [1, 1, 9, 1, 9, 9]},
        ring | {"points": [20, 1, 29, 1, 29, 9]},
        {"type": "mask", "label_id": 1, "rle": rle},
        {"type": "ellipse", "label_id": 1, "points": [10, 10, 20, 30]},
        {"type": "polyline", "label_id": 0, "points": [1, 1, 2, 2]},
        {"type": "caption", "caption": "a cat"},
        box(9),
        box(bbox=[1, 2]),
        box(type="cube"),
        7,
    ]
    catalog = read(lay({"a.jpg": 0, "a.json": document(item("a", *things))}))
    found = told(catalog)["a.jpg"][1]
    assert found[0] == ("cat", (1, 1, 29, 9), Flag.CROWD)
    assert catalog.objects[0][0].extras == {"datumaro": {"attributes": {"by": "me"}}}
    assert len(catalog.objects[0][0].segmentation) == 2
    assert found[1] == ("dog", (0, 0, 1, 48), 0)
    assert found[2][1] == pytest.approx((10, 10, 20, 30))
    assert sorted(repair.message for repair in catalog.repairs) == [
        "7 is not a JSON object",
        "bbox is [1, 2], not 4 numbers",
        "the label_id 9 does not exist",
        "the type 'cube' is none that is read",
    ]
    assert "1 polyline not read: no area." in catalog.notes
    assert "1 caption not read." in catalog.notes


def test_a_box_and_a_polygon_of_one_group_are_one_object(lay, told):
    ring = {"type": "polygon", "label_id": 1, "attributes": {}, "group": 3, "points": [1, 1, 9, 1, 9, 9]}
    things = [box(group=3), ring, box(label=0, group=3), box(group=4), box()]
    catalog = read(lay({"a.jpg": 0, "a.json": document(item("a", *things))}), bad="clip")
    found = [(title, where) for title, where, _ in told(catalog)["a.jpg"][1]]
    assert found == [("dog", (1, 1, 9, 9)), ("cat", (5, 6, 20, 22)), ("dog", (5, 6, 20, 22))]
    assert "1 box of the same group and class as a polygon or mask, which is read." in catalog.notes


def test_labels_of_images(lay):
    label = {"type": "label", "label_id": 0}
    document_ = document(item("a", label), item("b", label | {"label_id": 1}))
    catalog = read(lay({"images/a.jpg": 0, "images/b.jpg": 0, "annotations/default.json": document_}))
    assert (catalog.annotation, catalog.categories.names) == ("labels", ("cat", "dog"))
    assert [catalog.labels[at].tolist() for at in range(2)] == [[0], [1]]


def test_nothing_is_left(lay):
    with pytest.raises(DataError, match=r"no object has a class.*the label_id 9 does not exist"):
        read(lay({"a.jpg": 0, "a.json": document(item("a", box(9)), item("b"))}), format="datumaro")
