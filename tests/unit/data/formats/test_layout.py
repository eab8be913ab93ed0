import json

import pytest

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.layout import portable, unique
from foveal.data.formats.read import read
from foveal.data.formats.splits import WORDS, split_of
from foveal.imaging.walk import is_hidden


@pytest.mark.parametrize(
    ("word", "split"),
    [("train2017", "train"), ("Training", "train"), ("valid", "val"), ("validation_", "val"), ("test-1", "test")],
)
def test_words_of_splits(word, split):
    assert SPLITS[split_of(word)] == split
    assert set(WORDS.values()) == set(SPLITS)


@pytest.mark.parametrize("word", ["", "trainval", "tests", "2017"])
def test_words_of_none(word):
    assert split_of(word) == UNASSIGNED


def test_the_layout_is_no_part_of_a_name():
    assert portable("images/train/b/a.jpg") == "b/a.jpg"
    assert portable("../train/a.jpg") == "a.jpg"
    assert portable("images") == "images"


def test_names_that_come_again_get_numbers():
    assert unique(["a.jpg", "A.jpg", "a.png"], by_stem=False) == ["a.jpg", "A_2.jpg", "a.png"]
    assert unique(["a.jpg", "A.jpg", "a.png"], by_stem=True) == ["a.jpg", "A_2.jpg", "a_3.png"]


def test_folders_of_systems_are_hidden():
    assert is_hidden(".git") and is_hidden("__MACOSX") and not is_hidden("cats")


def test_every_reader_knows_the_same_words(make_tree, make_image, make_yolo, make_masks, tmp_path):
    """``training`` and ``validation``: folders of classes, rows of a table, keys of YOLO's YAML, folders of masks."""
    folders = make_tree({"training/a": 1, "training/b": 1, "validation/a": 1})
    make_image(tmp_path / "table" / "0.png")
    make_image(tmp_path / "table" / "1.png", 1)
    make_image(tmp_path / "table" / "2.png", 2)
    rows = "0.png,a,training\n1.png,b,training\n2.png,a,validation\n"
    (tmp_path / "table" / "t.csv").write_text(f"path,label,split\n{rows}")
    box = ["0 0.5 0.5 0.5 0.5"]
    yolo = make_yolo(
        {"training/a": box, "training/b": box, "validation/c": box},
        "training: images/training\nvalidation: images/validation\nnames: [cat, dog]\n",
    )
    masks = [[0, 1], [1, 0]]
    make_masks({"a": masks, "b": masks}, images="training/images/{}.jpg", mask="training/masks/{}.png")
    masked = make_masks({"c": masks}, images="validation/images/{}.jpg", mask="validation/masks/{}.png")
    for path in (folders, tmp_path / "table" / "t.csv", yolo, masked):
        assert sorted(read(path).splits.tolist()) == [0, 0, 1], path


def test_a_note_that_is_called_like_a_split_is_none(make_yolo):
    """Some exports describe their training in the YAML."""
    root = make_yolo({"train/a": ["0 0.5 0.5 0.5 0.5"]}, "train: images/train\ntraining: {epochs: 3}\nnames: [cat]\n")
    catalog = read(root)
    assert len(catalog) == 1 and json.loads(catalog.about) == {"yolo": {"training": {"epochs": 3}}}
