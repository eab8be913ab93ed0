"""Create ML: boxes by their centres."""

from foveal.data.formats.read import read
from foveal.types.flags import Flag

COORDINATES = {"x": 12.5, "y": 14, "width": 15, "height": 16}
BOLT = ("bolt", (5, 6, 20, 22), 0)


def thing(**more):
    return {"label": "bolt", "coordinates": COORDINATES, **more}


def test_a_document_per_split(lay, told):
    document = [{"image": "a.jpg", "annotations": [thing()]}, {"image": "b.jpg", "annotations": []}]
    files = {f"{split}/{name}.jpg": 0 for split in ("train", "valid") for name in "ab"}
    catalog = read(lay({**files, "train/_annotations.createml.json": document, "valid/x.json": document}))
    assert catalog.format == "createml"
    assert told(catalog) == {
        "train/a.jpg": ("train", [BOLT]),
        "train/b.jpg": ("train", []),
        "valid/a.jpg": ("val", [BOLT]),
        "valid/b.jpg": ("val", []),
    }


def test_other_keys_text_for_numbers_and_faults(lay, told):
    odd = [
        thing(difficult=1, by="me"),
        {"label": "nut", "coordinates": {"x": "30", "y": "30", "width": "10", "height": "10"}},
        {"label": "nut", "coordinates": [1, 2]},
        {"label": "", "coordinates": COORDINATES},
        7,
    ]
    catalog = read(lay({"a.jpg": 0, "a.json": [{"imagefilename": "a.jpg", "annotation": odd}]}))
    assert told(catalog)["a.jpg"][1] == [("bolt", (5, 6, 20, 22), Flag.DIFFICULT), ("nut", (25, 25, 35, 35), 0)]
    assert catalog.objects[0][0].extras == {"createml": {"by": "me"}}
    assert sorted(repair.message for repair in catalog.repairs) == [
        "7 is not a JSON object",
        "an object has no class",
        "coordinates are [1, 2], not x, y, width and height",
    ]


def test_labels_of_images(lay):
    document = [{"image": f"{n}.jpg", "annotations": [{"label": label}]} for n, label in zip("ab", "xy", strict=True)]
    catalog = read(lay({"a.jpg": 0, "b.jpg": 0, "c.jpg": 0, "labels.json": document}))
    assert (catalog.annotation, catalog.categories.names) == ("labels", ("x", "y"))
    assert [(repair.path, repair.kind) for repair in catalog.repairs] == [("c.jpg", "unlisted")]
