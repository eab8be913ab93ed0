"""Values of another type that can only mean one thing are taken and told; others are named."""

import json

import pytest
from tests.annotated import clean_document, voc_object

from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError

FIRST = "annotations/instances.json, annotation 0"
RING = [10, 10, 30, 10, 30, 30]


def entry(document, **changes):
    """Change the first annotation; None removes a key."""
    record = document["annotations"][0]
    record.update(changes)
    for key in [key for key, value in changes.items() if value is None]:
        del record[key]


def texts(document, name, key):
    for record in document[name]:
        record[key] = str(record[key])


TAKEN = {
    "image_id as text": (
        lambda d: texts(d, "annotations", "image_id"),
        "2 entries: image_id is of another type than the image's id (the first: annotations/instances.json,"
        " annotations[0]).",
    ),
    "ids of images as text": (
        lambda d: texts(d, "images", "id"),
        "2 entries: image_id is of another type than the image's id (the first: annotations/instances.json,"
        " annotations[0]).",
    ),
    "category_id as text": (
        lambda d: entry(d, category_id="1"),
        "1 entry: category_id is of another type than the class's id (the first: annotations/instances.json,"
        " annotations[0]).",
    ),
    "bbox as text": (
        lambda d: entry(d, bbox=["10", "10", " 20", "2e1"]),
        f"1 entry: bbox holds text, read as numbers (the first: {FIRST}).",
    ),
    "bbox as an object": (
        lambda d: entry(d, bbox={"x": 10, "y": 10, "width": 20, "height": 20}),
        f"1 entry: bbox is an object, read as x, y, width and height (the first: {FIRST}).",
    ),
    "bbox as two corners": (
        lambda d: entry(d, bbox={"x1": 10, "y1": 10, "x2": 30, "y2": 30}),
        f"1 entry: bbox is an object with two corners, read as such (the first: {FIRST}).",
    ),
    "bbox as one text": (
        lambda d: entry(d, bbox="10, 10 20 20"),
        f"1 entry: bbox holds text, read as numbers (the first: {FIRST}).",
    ),
    "bbox missing beside a polygon": (
        lambda d: entry(d, bbox=None, segmentation=[[10, 10, 30, 10, 30, 30, 10, 30]]),
        f"1 entry: bbox is missing, the box is that around the segmentation (the first: {FIRST}).",
    ),
    "bbox empty beside a mask": (
        lambda d: entry(d, bbox=[], segmentation={"size": [48, 64], "counts": [490, *[20, 28] * 19, 20, 1650]}),
        f"1 entry: bbox is missing, the box is that around the segmentation (the first: {FIRST}).",
    ),
    "flat polygon": (
        lambda d: entry(d, segmentation=RING),
        f"1 entry: segmentation is one flat list, read as one polygon (the first: {FIRST}).",
    ),
    "list of points": (
        lambda d: entry(d, segmentation=[[10, 10], [30, 10], [30, 30]]),
        f"1 entry: segmentation is a list of points, read as polygons (the first: {FIRST}).",
    ),
    "polygon of points": (
        lambda d: entry(d, segmentation=[[[10, 10], [30, 10], [30, 30]]]),
        f"1 entry: segmentation is a list of points, read as polygons (the first: {FIRST}).",
    ),
    "polygon of text": (
        lambda d: entry(d, segmentation=[list(map(str, RING))]),
        f"1 entry: segmentation holds text, read as numbers (the first: {FIRST}).",
    ),
    "empty polygon beside a good one": (
        lambda d: entry(d, segmentation=[RING, []]),
        f"1 entry: segmentation holds an empty polygon, left out (the first: {FIRST}).",
    ),
    "empty polygon alone": (
        lambda d: entry(d, segmentation=[[]]),
        f"1 entry: segmentation holds an empty polygon, left out (the first: {FIRST}).",
    ),
    "area as text": (lambda d: entry(d, area="400"), f"1 entry: area is text, read as a number (the first: {FIRST})."),
    "width as text": (
        lambda d: d["images"][0].update(width="64"),
        "1 entry: width or height of the image is text, read as a number (the first: annotations/instances.json,"
        " images[0]).",
    ),
    "id of a class as text": (
        lambda d: d["categories"][0].update(id="1"),
        "1 entry: id of the class is not a whole number, read as one (the first: annotations/instances.json,"
        " categories[0]).",
    ),
    "name in filename": (
        lambda d: d["images"][0].update(filename=d["images"][0].pop("file_name")),
        "1 entry: name of the image's file is not in file_name but in filename (the first: annotations/instances.json,"
        " images[0]).",
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_taken_and_told(make_coco, name):
    change, note = TAKEN[name]
    document = clean_document()
    root = make_coco(document)
    change(document)
    (root / "annotations/instances.json").write_text(json.dumps(document))
    catalog = read(root, bad="error")
    assert [note for note in catalog.notes if not note.startswith("Kept")] == [note]
    for i in range(2):
        (thing,) = catalog.objects[i]
        assert (thing.box, thing.label) == ((10, 10, 30, 30), 0)
    (thing, _) = (*catalog.objects[0], *catalog.objects[1])
    if "polygon" in name or "points" in name:
        expected = {"empty polygon alone": None, "bbox missing beside a polygon": [[*RING, 10, 30]]}
        assert thing.segmentation == expected.get(name, [RING])


def test_the_name_of_a_class_is_a_number(make_coco):
    document = clean_document()
    document["categories"][0]["name"] = 1
    catalog = read(make_coco(document))
    assert catalog.categories.names == ("1", "dog")
    assert catalog.notes == (
        "1 entry: name of the class is a number, read as text (the first: annotations/instances.json, categories[0]).",
    )


@pytest.mark.parametrize("name", [True, None, [], {}, "", 10**400])
def test_the_name_of_a_class_is_none(make_coco, name):
    document = clean_document()
    document["categories"][0]["name"] = name
    with pytest.raises(CategoryError, match=r"categories\[0\] has (no|the) name"):
        read(make_coco(document))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (7, "images[0] is 7, not an object."),
        ({"file_name": None}, "images[0] has no file_name."),
        ({"file_name": ["a.jpg"]}, 'images[0]: file_name is ["a.jpg"], not text.'),
        ({"file_name": "a\0.jpg"}, r"images[0]: 'a\x00.jpg' is not a valid file name."),
        ({"id": None}, "images[0] (0.jpg) has no id."),
        ({"id": True}, "images[0] (0.jpg) has the id true, neither a number nor text."),
    ],
)
def test_an_image_s_entry_is_invalid(make_coco, change, what):
    document = clean_document()
    root = make_coco(document)
    document["images"][0] = document["images"][0] | change if isinstance(change, dict) else change
    path = root / "annotations/instances.json"
    path.write_text(json.dumps(document))
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what == f"{path}: {what}"


LEFT = "Correct the annotations, or name those that belong to the images with --data.labels."


@pytest.mark.parametrize(
    ("change", "kind", "first"),
    [
        ({"image_id": 7}, "object of an unknown image", "no image has its image_id 7"),
        ({"category_id": None}, "malformed object", "images/0.jpg its category_id null is not a number"),
        ({"category_id": 9}, "unknown class", "images/0.jpg its category_id 9 is unknown"),
        ({"bbox": [1, 2, "left", 4]}, "malformed object", 'images/0.jpg bbox is [1, 2, "left", 4], not four numbers'),
        ({"bbox": [99, 99, 4, 4]}, "box outside the image", "images/0.jpg the box 99, 99, 103, 103 lies outside"),
    ],
)
def test_annotations_that_all_fall_away_are_an_error(make_coco, change, kind, first):
    document = clean_document()
    for record in document["annotations"]:
        record.update(change)
    root = make_coco(document)
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what.startswith(f"{root}: not one object is left: 2 of 2 dropped ({kind}). The first: {first}")
    assert caught.value.hint == LEFT


def test_images_without_objects_are_no_error(make_coco):
    assert len(read(make_coco(clean_document() | {"annotations": []})).objects.labels) == 0


@pytest.mark.parametrize("unit", [[0.1, 0.1, 0.3, 0.3], [0, 0, 0.5, 1.0]])
def test_boxes_in_parts_of_the_image_are_refused(make_coco, unit):
    document = clean_document()
    for record in document["annotations"]:
        record["bbox"] = unit
    root = make_coco(document)
    with pytest.raises(DataError) as caught:
        read(root)
    shown = ", ".join(f"{value:.3g}" for value in (unit[0], unit[1], unit[0] + unit[2], unit[1] + unit[3]))
    assert str(caught.value) == (
        f"{root}: all 2 boxes lie in the first pixel of their images (such as {shown}), so the numbers are likely parts"
        " of the image's width and height, not pixels.\n"
        "Multiply them by the width and height of each image, or convert the data set again (the first is"
        " images/0.jpg)."
    )
    document["annotations"][0]["bbox"] = [10, 10, 20, 20]
    assert len(read(make_coco(document)).objects.labels) == 2


def test_boxes_in_parts_of_the_image_in_voc(make_voc):
    root = make_voc({name: [voc_object("cat", (0.1, 0.1, 0.4, 0.5))] for name in "ab"})
    with pytest.raises(DataError, match="all 2 boxes lie in the first pixel of their images"):
        read(root)
    root = make_voc({name: [voc_object("cat", (1, 1, 1, 1))] for name in "ab"})
    assert len(read(root).objects.labels) == 2


@pytest.mark.parametrize(
    ("written", "there", "how"),
    [
        ("a", "images/a.jpg", "a missing suffix"),
        ("a.JPG", "images/a.jpg", "case"),
        ("my%20bolt%20%231.jpg", "images/my bolt #1.jpg", "percent-encoding"),
        ("a.jpg", "images/x/a.jpg", "its folder"),
        (r"C:\data\images\a.jpg", "images/a.jpg", "its folder"),
        ("images\\a.jpg", "images/a.jpg", "slashes"),
        ("cafe\u0301.jpg", "images/caf\u00e9.jpg", "Unicode form"),
    ],
)
def test_spellings_of_a_file_s_name(tmp_path, draw, written, there, how):
    document = clean_document()
    document["images"] = [{"id": 0, "file_name": written, "width": 64, "height": 48}]
    del document["annotations"][1]
    draw(tmp_path / there)
    (tmp_path / "a.json").write_text(json.dumps(document))
    catalog = read(tmp_path / "a.json", bad="error")
    assert [catalog.names[i] for i in range(len(catalog))] == [there]
    assert [note for note in catalog.notes if how in note]


def test_a_file_in_another_encoding_has_its_place(make_coco):
    root = make_coco(clean_document())
    path = root / "annotations/instances.json"
    path.write_text(path.read_text().replace('cat"', '\u72d7"').replace(', "annotations"', ',\n"annotations"'), "gbk")
    with pytest.raises(DataError) as caught:
        read(root)
    line = path.read_bytes().splitlines()[1]
    path.write_text(json.dumps(clean_document()), "utf-16")
    with pytest.raises(DataError, match=r"line 1: byte 1 \(0xff\) is not UTF-8 text"):
        read(path.rename(root / "a.json"))
    assert caught.value.what == f"{path}, line 2: byte {line.index(0xB9) + 1} (0xb9) is not UTF-8 text."
