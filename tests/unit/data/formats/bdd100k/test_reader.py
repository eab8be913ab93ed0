"""BDD100K: boxes, polygons, flags; videos refused."""

import pytest

from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.types.flags import Flag

BOX2D = {"x1": 5, "y1": 6, "x2": 20, "y2": 22}
CAR = ("car", (5, 6, 20, 22), 0)


def frame(name, *labels, **more):
    return {"name": name, "attributes": {"weather": "clear"}, "labels": list(labels), **more}


def label(category="car", **more):
    return {"category": category, "id": 1, "box2d": BOX2D, **more}


def test_the_usual_tree(lay, told):
    files = {f"images/100k/{split}/a.jpg": 0 for split in ("train", "val")}
    documents = {f"labels/bdd100k_labels_images_{split}.json": [frame("a.jpg", label())] for split in ("train", "val")}
    catalog = read(lay({**files, **documents}))
    assert catalog.format == "bdd100k"
    assert told(catalog) == {"images/100k/train/a.jpg": ("train", [CAR]), "images/100k/val/a.jpg": ("val", [CAR])}
    assert catalog.notes == ()
    assert catalog.extras[0] == '{"bdd100k":{"attributes":{"weather":"clear"}}}'
    assert catalog.objects[0][0].extras == {"bdd100k": {"id": 1}}


def test_flags_polygons_masks_and_lines(lay, told):
    def poly(closed, vertices):
        return [{"vertices": vertices, "types": "L" * len(vertices), "closed": closed}]

    labels = [
        label(attributes={"truncated": True, "occluded": True, "crowd": False}),
        {"category": "road", "poly2d": poly(True, [[1, 1], [9, 1], [9, 9]])},
        {"category": "lane", "poly2d": poly(False, [[1, 1], [9, 1], [9, 9]])},
        {"category": "sky", "poly2d": [[1, 1, "L"], [9, 1, "L"], [9, 9, "C"]]},
        {"category": "bus", "rle": {"size": [48, 64], "counts": [48 * 5 + 6, 3, 48 * 64 - 48 * 5 - 9]}},
        {"category": "bus", "box3d": {"alpha": 1}},
        {"category": "bus", "box2d": {"x1": 1}},
    ]
    catalog = read(lay({"a.jpg": 0, "any name.json": {"frames": [frame("a.jpg", *labels)], "config": {}}}))
    assert told(catalog)["a.jpg"][1] == [
        ("car", (5, 6, 20, 22), Flag.TRUNCATED),
        ("road", (1, 1, 9, 9), 0),
        ("sky", (1, 1, 9, 9), 0),
        ("bus", (5, 6, 6, 9), 0),
    ]
    assert catalog.objects[0][0].extras["bdd100k"]["attributes"] == {"occluded": True}
    assert catalog.notes[:3] == (
        "1 open line not read: no area.",
        "1 curve read as a polygon of its control points.",
        "1 box3d without box2d or poly2d not read.",
    )
    assert [repair.message for repair in catalog.repairs] == ["box2d y1 is missing"]


def test_the_first_release_has_a_file_per_image(lay, told):
    def page(name):
        return {"name": name, "frames": [{"timestamp": 10000, "objects": [label()]}], "attributes": {}}

    files = {
        "images/train/a.jpg": 0,
        "images/val/b.jpg": 0,
        "labels/train/a.json": page("a"),
        "labels/val/b.json": page("b"),
    }
    assert told(read(lay(files))) == {"images/train/a.jpg": ("train", [CAR]), "images/val/b.jpg": ("val", [CAR])}


def test_videos_are_refused(lay):
    frames = [frame(f"v-{i}.jpg", label(), videoName="v", frameIndex=i) for i in range(2)]
    with pytest.raises(DataError) as caught:
        read(lay({"v-0.jpg": 0, "v-1.jpg": 0, "box_track.json": frames}))
    assert "box_track.json: these are frames of videos with tracks, which are not read." in caught.value.what
