"""CVAT for images: shapes, subsets, attributes and tags."""

import pytest

from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.types.flags import Flag

BOX = '<box label="car" occluded="0" xtl="5" ytl="6" xbr="20" ybr="22" z_order="0"></box>'
CAR = ("car", (5, 6, 20, 22), 0)


def xml(*images, meta=""):
    head = '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>'
    return f"{head}{meta}{''.join(images)}</annotations>"


def image(name, *shapes, more=""):
    return f'<image id="0" name="{name}" width="64" height="48" {more}>{"".join(shapes)}</image>'


def test_one_file_beside_a_folder_of_images(lay, told):
    catalog = read(
        lay({"annotations.xml": xml(image("a.jpg", BOX), image("b.jpg")), "images/a.jpg": 0, "images/b.jpg": 0})
    )
    assert (catalog.format, catalog.why) == ("cvat", "annotations.xml has CVAT's images")
    assert told(catalog) == {"images/a.jpg": ("", [CAR]), "images/b.jpg": ("", [])}
    assert catalog.notes == ()


def test_splits_by_subset_by_folder_of_the_file_and_by_folder_of_the_image(lay, told):
    subset = xml(image("a.jpg", BOX, more='subset="Train"'), image("b.jpg", BOX, more='subset="validation"'))
    root = lay({"x.xml": subset, "images/train/a.jpg": 0, "images/validation/b.jpg": 0}, "subset")
    assert told(read(root)) == {"images/train/a.jpg": ("train", [CAR]), "images/validation/b.jpg": ("val", [CAR])}
    per_folder = {f"{split}/export.xml": xml(image("a.jpg", BOX)) for split in ("train", "test")}
    root = lay({**per_folder, "train/a.jpg": 0, "test/a.jpg": 0}, "folder")
    assert told(read(root)) == {"train/a.jpg": ("train", [CAR]), "test/a.jpg": ("test", [CAR])}
    root = lay(
        {"x.xml": xml(image("train/a.jpg", BOX), image("val/a.jpg", BOX)), "train/a.jpg": 0, "val/a.jpg": 0}, "names"
    )
    assert told(read(root)) == {"train/a.jpg": ("train", [CAR]), "val/a.jpg": ("val", [CAR])}


def test_every_shape(lay, told):
    shapes = [
        '<polygon label="nut" occluded="1" points="5,6;20,6;20,22" z_order="0"/>',
        '<box label="car" xtl="10" ytl="10" xbr="20" ybr="14" rotation="90"/>',
        '<ellipse label="car" cx="30" cy="20" rx="8" ry="4"/>',
        '<mask label="car" rle="2, 3, 1" left="4" top="5" width="3" height="2"/>',
        '<polyline label="car" points="1,1;2,2"/><points label="car" points="1,1"/><cuboid label="car" xtl1="1"/>',
        '<box label="car" xtl="5" ytl="x" xbr="20" ybr="22"/>',
    ]
    catalog = read(lay({"x.xml": xml(image("a.jpg", *shapes)), "a.jpg": 0}))
    (row,) = [row for _, row in told(catalog).values()]
    assert [(name, tuple(round(v, 6) for v in box)) for name, box, _ in row] == [
        ("nut", (5, 6, 20, 22)),
        ("car", (13, 7, 17, 17)),
        ("car", (22, 16, 38, 24)),
        ("car", (4, 5, 7, 7)),
    ]
    assert catalog.objects[0][0].extras == {"cvat": {"occluded": "1"}}
    assert catalog.objects[0][3].segmentation["size"] == [48, 64]
    assert catalog.notes == (
        "1 rotated box read as polygons; their boxes are those around the corners.",
        "1 ellipse read as polygons of 64 points.",
        "1 polyline not read: no area.",
        "1 point shape not read: no area.",
        "1 cuboid not read.",
        "1 fault in the annotations: 1 x malformed object (dropped). `foveal data check` lists them.",
    )
    assert catalog.repairs[0].message == "ytl is 'x', not a number"


def test_flags_attributes_and_declared_labels(lay, told):
    attributes = '<attribute name="truncated">true</attribute><attribute name="colour">red</attribute>'
    meta = (
        "<meta><task><labels><label><name>truck</name></label><label><name>car</name></label>"
        "<label><name>day</name></label></labels></task></meta>"
    )
    text = xml(image("a.jpg", BOX.replace("></box>", f">{attributes}</box>"), '<tag label="day"/>'), meta=meta)
    catalog = read(lay({"x.xml": text, "a.jpg": 0}))
    assert catalog.categories.names == ("truck", "car")
    assert told(catalog)["a.jpg"][1] == [("car", (5, 6, 20, 22), Flag.TRUNCATED)]
    assert catalog.objects[0][0].extras == {"cvat": {"attributes": {"colour": "red"}}}
    assert catalog.notes == ("Labels of 1 whole image not read; --task classify learns from them.",)


def test_tags_alone_are_classes_of_images(lay):
    images = [image(f"{n}.jpg", f'<tag label="{t}"/>') for n, t in zip("abc", ("day", "night", "day"), strict=True)]
    catalog = read(lay({"x.xml": xml(*images), **dict.fromkeys(("a.jpg", "b.jpg", "c.jpg"), 0)}))
    assert (catalog.annotation, catalog.categories.names, catalog.multi_label) == ("labels", ("day", "night"), False)
    assert [catalog.labels[i].tolist() for i in range(3)] == [[0], [1], [0]]


def test_polygons_of_one_group_are_one_object(lay, told):
    one, two = (f'<polygon label="car" group_id="4" points="{p}"/>' for p in ("1,1;5,1;5,5", "9,9;12,9;12,12"))
    catalog = read(lay({"x.xml": xml(image("a.jpg", one, two)), "a.jpg": 0}))
    assert told(catalog)["a.jpg"][1] == [("car", (1, 1, 12, 12), 0)]


def test_tracks_are_refused(lay):
    root = lay({"annotations.xml": xml('<track id="0" label="car"></track>'), "images/a.jpg": 0})
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}/annotations.xml: these are tracks of a video (CVAT for video), which are not read.\n"
        "Export the task from CVAT in the format 'CVAT for images 1.1' or 'COCO 1.0'."
    )


def test_a_broken_file_is_named(lay):
    root = lay({"annotations.xml": xml(image("a.jpg", BOX))[:-20], "images/a.jpg": 0})
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what.startswith(f"{root}/annotations.xml, line 2, column ")
