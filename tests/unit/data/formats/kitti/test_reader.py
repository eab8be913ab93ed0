"""KITTI: lines of 15 fields."""

import pytest

from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.types.flags import Flag

CAR = "Car 0.30 2 -1.57 5.00 6.00 20.00 22.00 1.5 1.6 3.7 1.0 1.7 9.0 -1.6\n"
VAN = "Van 0.00 0 -1.57 30.0 6.00 40.00 22.00 1.5 1.6 3.7 1.0 1.7 9.0 -1.6\n"
NOBODY = "DontCare -1 -1 -10 1.00 1.00 4.00 4.00 -1 -1 -1 -1000 -1000 -1000 -10\n"


def test_the_usual_tree(lay, told):
    files = {f"training/image_2/00000{i}.png": 0 for i in range(3)} | {"testing/image_2/000000.png": 0}
    labels = {
        "training/label_2/000000.txt": CAR + NOBODY,
        "training/label_2/000001.txt": VAN,
        "training/label_2/000002.txt": "",
    }
    catalog = read(lay({**files, **labels}))
    assert (catalog.format, catalog.why) == ("kitti", "training/label_2 has KITTI's labels")
    assert told(catalog) == {
        "training/image_2/000000.png": (
            "train",
            [
                ("Car", (5, 6, 20, 22), Flag.TRUNCATED),
                ("Car", (1, 1, 4, 4), Flag.IGNORE),
                ("Van", (1, 1, 4, 4), Flag.IGNORE),
            ],
        ),
        "training/image_2/000001.png": ("train", [("Van", (30, 6, 40, 22), 0)]),
        "training/image_2/000002.png": ("train", []),
    }
    assert catalog.objects[0][0].extras["kitti"]["occluded"] == 2
    assert catalog.notes[-2:] == (
        "1 region ignored for every class.",
        "1 image without annotations left out: testing/image_2/000000.png.",
    )


def test_lists_of_splits_other_folders_and_faults(lay, told):
    files = {"image_2/a.jpg": 0, "image_2/b.jpg": 0, "label_2/a.txt": CAR, "label_2/b.txt": VAN + "Van 1 2 3\n"}
    catalog = read(lay({**files, "ImageSets/train.txt": "a\n", "ImageSets/val.txt": "b\n"}))
    assert told(catalog) == {
        "image_2/a.jpg": ("train", [("Car", (5, 6, 20, 22), Flag.TRUNCATED)]),
        "image_2/b.jpg": ("val", [("Van", (30, 6, 40, 22), 0)]),
    }
    assert [(r.where, r.message) for r in catalog.repairs] == [
        ("label_2/b.txt, line 2", "it has 4 fields, not 15 or 16")
    ]


def test_tracks_are_refused(lay):
    with pytest.raises(DataError) as caught:
        read(lay({"label_02/0000.txt": "0 1 " + CAR, "image_02/0000/000000.png": 0}))
    assert caught.value.what.endswith("label_02 has KITTI's tracks of videos, which are not read.")
