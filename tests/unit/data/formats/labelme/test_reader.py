"""LabelMe's files: shapes, splits, flags, and where the image is."""

import numpy as np
import pytest

from foveal.data.formats.labelme.mask import write_mask
from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.types.flags import Flag
from foveal.types.rle import Rle


def page(*shapes, image="a.jpg", **more):
    return {
        "version": "5.0.1",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": image,
        "imageData": None,
        "imageHeight": 48,
        "imageWidth": 64,
        **more,
    }


def shape(kind="rectangle", points=((5, 6), (20, 22)), label="bolt", **more):
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}, **more}


TRIANGLE = ((5, 6), (20, 6), (20, 22))


def test_splits_are_folders(lay, told):
    root = lay({"train/a.jpg": 0, "train/a.json": page(shape()), "val/a.jpg": 0, "val/a.json": page(shape())})
    catalog = read(root)
    assert (catalog.format, catalog.why) == ("labelme", "train/a.json, val/a.json have LabelMe's shapes")
    assert told(catalog) == {
        "train/a.jpg": ("train", [("bolt", (5, 6, 20, 22), 0)]),
        "val/a.jpg": ("val", [("bolt", (5, 6, 20, 22), 0)]),
    }
    assert told(read(root / "train")) == {"a.jpg": ("", [("bolt", (5, 6, 20, 22), 0)])}
    assert told(read(root / "val/a.json", format="labelme")) == {"a.jpg": ("", [("bolt", (5, 6, 20, 22), 0)])}


def test_every_type_of_shape(lay, told):
    shapes = [
        shape("rectangle", ((20, 22), (5, 6))),
        shape("polygon", TRIANGLE, "nut"),
        shape("circle", ((30, 20), (33, 24))),
        shape("rotation", ((10, 0), (20, 10), (10, 20), (0, 10))),
        shape("rectangle", ((1, 1), (9, 1), (9, 7), (1, 7)), "nut"),
        shape("line", ((5, 6), (20, 22))),
        shape("point", ((5, 6),)),
        shape("blob", TRIANGLE),
    ]
    catalog = read(lay({"a.jpg": 0, "a.json": page(*shapes)}))
    (row,) = [row for _, row in told(catalog).values()]
    assert [(name, tuple(round(v, 6) for v in box)) for name, box, _ in row] == [
        ("bolt", (5, 6, 20, 22)),
        ("nut", (5, 6, 20, 22)),
        ("bolt", (25, 15, 35, 25)),
        ("bolt", (0, 0, 20, 20)),
        ("nut", (1, 1, 9, 7)),
    ]
    polygons = [o.segmentation for o in catalog.objects[0]]
    assert polygons[0] is None and polygons[4] is None
    assert polygons[1] == [[5, 6, 20, 6, 20, 22]]
    assert len(polygons[2][0]) == 128
    assert catalog.notes == (
        "1 circle read as polygons of 64 points.",
        "1 rotated rectangle read as polygons; their boxes are those around the corners.",
        "1 line not read: no area.",
        "1 point not read: no area.",
        "1 fault in the annotations: 1 x malformed object (dropped). `foveal data check` lists them.",
    )
    assert catalog.repairs[0].message == "the shape type 'blob' is unknown"


def test_masks(lay, told):
    text, points = write_mask(Rle.of(np.pad(np.array([[1, 0], [1, 1]]), ((5, 41), (8, 54)))))
    assert points == [[8, 5], [9, 6]]
    shapes = [
        shape("mask", points, mask=text),
        shape("mask", points, mask="?"),
        shape("mask", [[63, 5], [64, 6]], mask=text),
    ]
    catalog = read(lay({"a.jpg": 0, "a.json": page(*shapes)}))
    assert told(catalog)["a.jpg"][1] == [("bolt", (8, 5, 10, 7), 0)]
    assert Rle.from_coco(catalog.objects[0][0].segmentation).area == 3
    assert [repair.message for repair in catalog.repairs] == [
        "its mask is no PNG in base64",
        "its mask of 2 x 2 pixels at 63, 5 does not fit into the image",
    ]


def test_polygons_of_one_group_are_one_object(lay, told):
    more = [shape("polygon", ((30, 30), (40, 30), (40, 40)), group_id=3), shape("polygon", TRIANGLE, "nut", group_id=3)]
    catalog = read(lay({"a.jpg": 0, "a.json": page(shape("polygon", TRIANGLE, group_id=3), *more)}))
    assert told(catalog)["a.jpg"][1] == [("bolt", (5, 6, 40, 40), 0), ("nut", (5, 6, 20, 22), 0)]
    assert len(catalog.objects[0][0].segmentation) == 2


def test_flags_extras_and_ignored_regions(lay, told):
    shapes = [
        shape(flags={"difficult": True, "rusty": True}, description="old"),
        shape(points=((30, 30), (40, 40)), label="__ignore__"),
        shape(points=((1, 1), (4, 4)), difficult=True),
    ]
    catalog = read(lay({"a.jpg": 0, "a.json": page(*shapes, flags={"day": True, "night": False}, shotBy="me")}))
    assert told(catalog)["a.jpg"][1] == [
        ("bolt", (5, 6, 20, 22), Flag.DIFFICULT),
        ("bolt", (30, 30, 40, 40), Flag.IGNORE),
        ("bolt", (1, 1, 4, 4), Flag.DIFFICULT),
    ]
    assert catalog.objects[0][0].extras == {"labelme": {"description": "old", "flags": {"rusty": True}}}
    assert catalog.extras[0] == '{"labelme":{"shotBy":"me","flags":{"day":true,"night":false}}}'
    assert "Labels of 1 whole image not read; --task classify learns from them." in catalog.notes


def test_flags_of_images_are_classes_where_nothing_is_drawn(lay):
    files = {"a.jpg": 0, "b.jpg": 0, "c.jpg": 0}
    files |= {f"{n}.json": page(image=f"{n}.jpg", flags={"day": n != "a", "night": n == "a"}) for n in "abc"}
    catalog = read(lay(files))
    assert (catalog.annotation, catalog.categories.names) == ("labels", ("day", "night"))
    assert [catalog.labels[i].tolist() for i in range(3)] == [[1], [0], [0]]


@pytest.mark.parametrize(
    ("files", "image"),
    [
        ({"labels/a.json": "..\\\\pics\\\\a.jpg", "pics/a.jpg": 0}, "pics/a.jpg"),
        ({"labels/a.json": "a.jpg", "pics/a.jpg": 0}, "pics/a.jpg"),
        ({"a.json": "old name.jpg", "a.png": 0}, "a.png"),
        ({"a.json": "C:\\\\me\\\\a.jpg", "a.jpg": 0}, "a.jpg"),
        ({"a.json": None, "a.jpg": 0}, "a.jpg"),
    ],
)
def test_the_image_is_found(lay, told, files, image):
    files = {
        k: page(shape(), image=v and v.replace("\\\\", "\\")) if k.endswith("json") else v for k, v in files.items()
    }
    assert told(read(lay(files))) == {image: ("", [("bolt", (5, 6, 20, 22), 0)])}


def test_an_image_without_shapes_stays_and_one_without_a_file_is_told(lay, told):
    files = {"a.jpg": 0, "b.jpg": 0, "c.jpg": 0, "a.json": page(shape()), "b.json": page(image="b.jpg")}
    catalog = read(lay(files))
    assert told(catalog) == {"a.jpg": ("", [("bolt", (5, 6, 20, 22), 0)]), "b.jpg": ("", [])}
    assert [(r.path, r.kind) for r in catalog.repairs] == [("c.jpg", "unlisted")]


def test_an_image_in_base64_alone_is_told(lay):
    with pytest.raises(DataError) as caught:
        read(lay({"a.json": page(shape(), imageData="iVBORw0KGgo=")}))
    assert caught.value.what.endswith(
        "none of the images listed can be used. The first: a.jpg does not exist; the annotation holds it as imageData,"
        " which is not read: save it with labelme_export_json."
    )


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([], "no object has a class, so there is nothing to learn."),
        (
            [shape("line", ((1, 2), (3, 4)))],
            "no object has a class, so there is nothing to learn. 1 line not read: no area.",
        ),
        (
            [shape(points=((70, 50), (90, 80)))],
            "The first: a.jpg the box 70, 50, 90, 80 lies outside",
        ),
    ],
)
def test_where_all_falls_away_it_is_an_error(lay, shapes, message):
    with pytest.raises(DataError) as caught:
        read(lay({"a.jpg": 0, "a.json": page(*shapes)}))
    assert message in caught.value.what


def test_a_few_files_among_folders_of_classes_are_no_proof(lay):
    files = {f"{name}/{name}{i}.jpg": 0 for name in ("cats", "dogs") for i in range(4)}
    root = lay({**files, "cats/cats0.json": page(shape(), image="cats0.jpg")})
    with pytest.raises(DataError) as caught:
        read(root)
    assert "could be" in caught.value.what and "--data.format labelme" in caught.value.hint
    assert len(read(root, format="labelme")) == 1


def test_annotations_apart_from_the_images_of_a_split(lay, told):
    files = {f"{split}/images/a.jpg": 0 for split in ("train", "test")}
    files |= {f"{split}/json/a.json": page(shape()) for split in ("train", "test")}
    catalog = read(lay(files))
    assert told(catalog) == {
        f"{split}/images/a.jpg": (split, [("bolt", (5, 6, 20, 22), 0)]) for split in ("train", "test")
    }
    assert catalog.notes == ()
