"""Label files that are not where YOLO expects them."""

import pytest
from tests.annotated import write_files

from foveal.data.formats.read import read
from foveal.errors import DataError

BOX = "0 0.5 0.5 0.25 0.5\n"
YAML = "train: train/images\nval: valid/images\nnames: [bolt, nut]\n"


@pytest.fixture
def write(tmp_path):
    """Write files into a new data set."""
    return lambda files: write_files(tmp_path / "set", files)


@pytest.mark.parametrize(
    ("text", "images", "labels", "where"),
    [
        (
            YAML,
            ("train/images/a.jpg", "valid/images/a.jpg"),
            ("train/label/a.txt", "valid/label/a.txt"),
            "train/label (for train/images), valid/label (for valid/images)",
        ),
        (
            "train: images/train\nval: images/val\nnames: [bolt]\n",
            ("images/train/a.jpg", "images/val/b.jpg"),
            ("labels/a.txt", "labels/b.txt"),
            "labels (for images/train), labels (for images/val)",
        ),
        (
            "train: train/nuts\nval: val/nuts\nnames: [bolt]\n",
            ("train/nuts/a.jpg", "val/nuts/a.jpg"),
            ("train/nuts/label/a.txt", "val/nuts/label/a.txt"),
            "train/nuts/label (for train/nuts), val/nuts/label (for val/nuts)",
        ),
    ],
)
def test_other_folders_are_found_and_told(write, text, images, labels, where):
    root = write({**dict.fromkeys(images), **dict.fromkeys(labels, BOX), "data.yaml": text})
    catalog = read(root, bad="error")
    assert [len(catalog.objects[i]) for i in range(2)] == [1, 1]
    assert catalog.notes[-1:] == (f"The label files of 2 images lie in another folder than usual: {where}.",)


def test_no_label_file_at_all_is_an_error(write):
    root = write(
        {
            "train/images/a.jpg": None,
            "valid/images/b.jpg": None,
            "train/text/x.txt": BOX,
            "data.yaml": YAML,
        }
    )
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}: no label file was found for any of 2 images; looked for train/labels/a.txt, valid/labels/b.txt."
        " Text files lie in train/text.\n"
        "Give each label file the name of its image, or name their folder with --data.labels."
    )
    (root / "train/text/x.txt").unlink()
    with pytest.raises(DataError, match=r"There are no text files\."):
        read(root)


def test_label_files_of_another_kind_are_not_taken(write):
    """The Open Images toolkit writes the class's name and pixels."""
    root = write(
        {
            "train/a.jpg": None,
            "train/Label/a.txt": "Bolt 5.0 6.0 20.0 22.0\n",
            "data.yaml": "train: train\nnames: [Bolt]\n",
        }
    )
    with pytest.raises(DataError) as caught:
        read(root)
    assert "looked for train/a.txt. Text files lie in train/Label." in caught.value.what


def test_two_folders_that_fit_are_none(write):
    files = {
        "images/a.jpg": None,
        "images/b.jpg": None,
        "labels/b.txt": BOX,
        "data.yaml": "train: images\nnames: [x]\n",
    }
    root = write({"images/a.jpg": None, "one/a.txt": BOX, "two/a.txt": BOX, "data.yaml": files["data.yaml"]})
    with pytest.raises(DataError, match="Text files lie in one, two"):
        read(root)


def test_a_folder_of_images_without_labels_is_told(write):
    root = write({"train/images/a.jpg": None, "train/labels/a.txt": BOX, "valid/images/b.jpg": None, "data.yaml": YAML})
    assert read(root, bad="error").notes == (
        "None of the 1 image in valid/images has a label file (looked for valid/labels/b.txt): read as images without"
        " objects.",
    )


def test_spellings_of_label_files(write):
    root = write(
        {
            "images/caf\u00e9.jpg": None,
            "images/B.jpg": None,
            "labels/cafe\u0301.txt": BOX,
            "labels/b.TXT": BOX,
            "data.yaml": "train: images\nnames: [bolt]\n",
        }
    )
    catalog = read(root, bad="error")
    assert [len(catalog.objects[i]) for i in range(2)] == [1, 1]
    assert catalog.notes[0].startswith("2 label files not spelt like the image, in case or Unicode form, such as")


def test_two_images_of_one_label_file(write):
    files = {"images/a.jpg": None, "images/a.png": None, "labels/a.txt": BOX}
    assert read(write({**files, "data.yaml": "train: images\nnames: [bolt]\n"})).notes == (
        "1 label file is read for several images of the same name, such as images/a.jpg and images/a.png.",
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("5 0.5 0.5 0.2 0.2", "images/a.jpg the class 5 does not exist; classes are 0 to 0"),
        ("0 0.5 0.5", "images/a.jpg the line has 3 fields; a box has 5, a polygon an odd number of at least 7"),
        ("bolt 9 9 20 20", "images/a.jpg the line 'bolt 9 9 20 20' has fields that are not numbers"),
        ("0 30 20 10 10", "images/a.jpg the box 1600, 720, 2240, 1200 lies outside the image of 64 x 48"),
    ],
)
def test_nothing_left_is_an_error(write, line, reason):
    root = write({"images/a.jpg": None, "labels/a.txt": line, "data.yaml": "train: images\nnames: [bolt]\n"})
    with pytest.raises(DataError) as caught:
        read(root)
    what = caught.value.what
    assert what.startswith(f"{root}: not one object is left: 1 of 1 dropped (")
    assert what.endswith(f"The first: {reason} (labels/a.txt, line 1).")


@pytest.mark.parametrize("line", ["0,0.5,0.5,0.25,0.5", "0, 0.5, 0.5, 0.25, 0.5", "0 0,5 0,5 0,25 0,5"])
def test_commas(write, line):
    catalog = read(write({"images/a.jpg": None, "labels/a.txt": line, "data.yaml": "train: images\nnames: [bolt]\n"}))
    assert [o.box for o in catalog.objects[0]] == [(24, 12, 40, 36)]
    assert catalog.notes == ("1 line with commas between or in the numbers.",)


def test_empty_label_files_are_told(write):
    root = write({"images/a.jpg": None, "labels/a.txt": "\n", "data.yaml": "train: images\nnames: [bolt]\n"})
    assert read(root).notes == ("All label files are empty: there are no objects.",)


def test_names_of_classes_in_lines(write):
    root = write(
        {
            "images/a.jpg": None,
            "labels/a.txt": "nut 0.5 0.5 0.2 0.2",
            "data.yaml": "train: images\nnames: [bolt, nut]\n",
        }
    )
    catalog = read(root, bad="error")
    assert catalog.objects.labels.tolist() == [1]
    assert catalog.notes == ("1 line with the name of a class instead of its id.",)
