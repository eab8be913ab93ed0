import pytest

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.splits import split_name, split_name_of_file, split_of


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ("train", ("train", "Training", "TRAINING_SET", "trn", "train2017", "seg_train", "train_images", "is_train")),
        ("val", ("val", "valid", "Validation", "dev", "is_valid", "val_set", "PublicTest", "eval")),
        ("test", ("test", "Testing", "test1", "test_set", "is_test", "PrivateTest", "holdout", "tst")),
        (None, ("cat", "trains", "trainval", "train_val", "", "2017", "images", "is")),
    ],
)
def test_words_for_splits(split, words):
    assert {word: split_name(word) for word in words} == dict.fromkeys(words, split)
    code = UNASSIGNED if split is None else SPLITS.index(split)
    assert {split_of(word) for word in words} == {code}


@pytest.mark.parametrize(
    ("stem", "split"),
    [
        ("train", "train"),
        ("train_labels", "train"),
        ("oidv6-train-annotations-bbox", "train"),
        ("validation-annotations-bbox", "val"),
        ("Test", "test"),
        ("train_valid", None),
        ("labels", None),
        ("_annotations", None),
        ("train_folds", None),
    ],
)
def test_words_for_splits_in_names_of_files(stem, split):
    assert split_name_of_file(stem) == split
    assert split_name("train_labels") is None, "a folder of labels is no split"
