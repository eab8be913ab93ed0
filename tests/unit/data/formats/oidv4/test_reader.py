"""OIDv4 ToolKit: folders of classes, label files in pixels beside the images."""

import pytest

from foveal.data.formats.oidv4.format import find
from foveal.data.formats.read import read
from foveal.data.formats.recognition.tree import Tree


def test_splits_and_classes_of_several_words(lay, told):
    files = {
        "train/Apple/1.jpg": 0,
        "train/Apple/Label/1.txt": "Apple 5.0 6.5 20.0 22.0\nApple 1 2 3 4\n",
        "train/Traffic light/2.jpg": 0,
        "train/Traffic light/Label/2.txt": "Traffic light 1 2 30 40.5\n",
        "validation/Apple/3.jpg": 0,
        "validation/Apple/Label/3.txt": "Apple 0 0 9 9\n",
    }
    catalog = read(lay(files))
    assert catalog.format == "oidv4"
    assert catalog.notes == ()
    assert told(catalog) == {
        "train/Apple/1.jpg": ("train", [("Apple", (5, 6.5, 20, 22), 0), ("Apple", (1, 2, 3, 4), 0)]),
        "train/Traffic light/2.jpg": ("train", [("Traffic light", (1, 2, 30, 40.5), 0)]),
        "validation/Apple/3.jpg": ("val", [("Apple", (0, 0, 9, 9), 0)]),
    }


def test_an_image_of_two_classes_is_read_once(lay, told):
    files = {
        "train/Apple/1.jpg": 0,
        "train/Apple/Label/1.txt": "Apple 5 6 20 22\n",
        "train/Orange/1.jpg": 0,
        "train/Orange/Label/1.txt": "Orange 1 2 3 4\nApple 5 6 20 22\n",
        "train/Orange/2.jpg": 0,
        "train/Orange/Label/2.txt": "Orange 1 2 3\n",
    }
    catalog = read(lay(files))
    assert told(catalog) == {
        "train/Apple/1.jpg": ("train", [("Apple", (5, 6, 20, 22), 0), ("Orange", (1, 2, 3, 4), 0)]),
        "train/Orange/2.jpg": ("train", []),
    }
    assert "1 image in the folders of several classes, read once, with the objects of all." in catalog.notes
    assert [repair.message for repair in catalog.repairs if repair.kind == "malformed"] == [
        "the line 'Orange 1 2 3' is not a class and four numbers"
    ]


@pytest.mark.parametrize(
    "lines",
    ["0 0.5 0.5 0.25 0.5\n", "cat 0.5 0.5 0.25 0.5\n", "Car 0.00 0 -1.57 1 2 30 40 1.5 1.6 3.7 1.0 1.7 9.0 -1.6\n"],
)
def test_lines_of_other_formats_are_not_taken(lay, lines):
    files = {"train/Apple/1.jpg": 0, "train/Apple/Label/1.txt": lines}
    assert find(Tree(lay(files))) is None
