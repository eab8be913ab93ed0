"""Label Studio: the full and the short JSON."""

import pytest

from foveal.data.formats.read import read
from foveal.errors import DataError

BOLT = ("bolt", (6.4, 4.8, 19.2, 14.4), 0)
SIZE = {"original_width": 64, "original_height": 48}
BOX = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0}


def result(kind="rectanglelabels", label="bolt", key="r1", **value):
    return {"id": key, "type": kind, "from_name": "l", "to_name": "image", **SIZE, "value": {**value, kind: [label]}}


def task(image, *results, number=1, **more):
    return {
        "id": number,
        "data": {"image": image},
        "annotations": [{"result": list(results)}],
        "predictions": [],
        **more,
    }


def short(image, **more):
    return {"id": 1, "image": image, "annotator": 1, "annotation_id": 1, "lead_time": 2.5, **more}


def near(row):
    return [(name, tuple(round(v, 6) for v in box), flags) for name, box, flags in row]


def test_the_short_form(lay, told):
    document = [short(f"/data/upload/1/{n}.jpg", label=[{**BOX, **SIZE, "rectanglelabels": ["bolt"]}]) for n in "ab"]
    catalog = read(lay({"images/a.jpg": 0, "images/b.jpg": 0, "project-1.json": document}))
    assert (catalog.format, catalog.why) == ("label_studio", "project-1.json has Label Studio's tasks")
    assert {name: near(row) for name, (_, row) in told(catalog).items()} == {
        "images/a.jpg": [BOLT],
        "images/b.jpg": [BOLT],
    }


@pytest.mark.parametrize(
    ("written", "there"),
    [
        ("/data/upload/7/0a1b2c3d-cat.jpg", "images/cat.jpg"),
        ("/data/upload/7/0a1b2c3d-cat.jpg", "images/0a1b2c3d-cat.jpg"),
        ("/data/local-files/?d=some/where/cat%20one.jpg", "cat one.jpg"),
        ("s3://bucket/images/cat.jpg", "cat.jpg"),
        ("https://example.org/images/cat.jpg?token=1", "images/cat.jpg"),
    ],
)
def test_the_image_is_found(lay, told, written, there):
    catalog = read(lay({there: 0, "x.json": [task(written, result(**BOX))]}))
    assert [(name, near(row)) for name, (_, row) in told(catalog).items()] == [(there, [BOLT])]


def test_every_shape(lay, told):
    results = [
        result("polygonlabels", "nut", "a", points=[[10, 10], [30, 10], [30, 30]], closed=True),
        result("ellipselabels", "nut", "b", x=50, y=50, radiusX=10, radiusY=10, rotation=0),
        result(key="c", **{**BOX, "x": 50, "rotation": 90}),
        result("brushlabels", "nut", "d", format="rle", rle=[1, 2]),
        result("keypointlabels", "nut", "e", x=1, y=1, width=1),
        {"id": "f", "type": "rectangle", **SIZE, "value": BOX},
        {"id": "f", "type": "labels", **SIZE, "value": {**BOX, "labels": ["bolt"]}},
        {"id": "f", "type": "choices", "value": {"choices": ["broken"]}},
        {"type": "textarea", "value": {"text": ["hello"]}},
        result(key="g", label="x", **{**BOX, "x": None}),
    ]
    catalog = read(lay({"a.jpg": 0, "x.json": [task("a.jpg", *results)]}))
    assert near(told(catalog)["a.jpg"][1]) == [
        ("nut", (6.4, 4.8, 19.2, 14.4), 0),
        ("nut", (25.6, 19.2, 38.4, 28.8), 0),
        ("bolt", (22.4, 4.8, 32, 17.6), 0),
        BOLT,
    ]
    assert catalog.objects[0][3].extras == {"label_studio": {"choices": ["broken"]}}
    assert catalog.notes[:6] == (
        "1 result of the type 'textarea' not read.",
        "1 ellipse read as polygons of 64 points.",
        "1 rotated rectangle read as polygons; their boxes are those around the corners.",
        "1 brush mask not read; export from Label Studio as COCO, or with polygons.",
        "1 key point not read: no area.",
        "1 fault in the annotations: 1 x malformed object (dropped). `foveal data check` lists them.",
    )
    assert catalog.repairs[0].message == "x is missing"


def test_choices_are_classes_of_images(lay):
    full = [task(f"{n}.jpg", {"type": "choices", "value": {"choices": [c]}}) for n, c in zip("ab", "xy", strict=True)]
    catalog = read(lay({"a.jpg": 0, "b.jpg": 0, "x.json": full}, "full"))
    assert (catalog.annotation, catalog.categories.names, catalog.multi_label) == ("labels", ("x", "y"), False)
    compact = [short("a.jpg", choice="x"), short("b.jpg", choice={"choices": ["x", "y"]})]
    catalog = read(lay({"a.jpg": 0, "b.jpg": 0, "x.json": compact}, "short"))
    assert (catalog.categories.names, catalog.multi_label) == (("x", "y"), True)
    assert [catalog.labels[i].tolist() for i in range(2)] == [[0], [0, 1]]


def test_the_ground_truth_of_several_annotations(lay, told):
    one, other, dropped = ([result(label=label, **BOX)] for label in ("one", "other", "dropped"))
    annotations = [{"result": dropped, "was_cancelled": True}, {"result": one}, {"result": other, "ground_truth": True}]
    catalog = read(lay({"a.jpg": 0, "x.json": [{"id": 1, "data": {"image": "a.jpg"}, "annotations": annotations}]}))
    assert [name for name, _, _ in told(catalog)["a.jpg"][1]] == ["other"]
    assert catalog.notes == ("1 further annotation of a task that has several not read.",)


def test_videos_are_refused(lay):
    video = {"id": "v", "type": "videorectangle", "value": {"sequence": [], "framesCount": 9, "labels": ["car"]}}
    with pytest.raises(DataError) as caught:
        read(lay({"a.jpg": 0, "x.json": [{"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"result": [video]}]}]}))
    assert "x.json: these are regions of a video, which are not read." in caught.value.what
