"""Which folders are read as classes, and why others are not."""

import unicodedata

import numpy as np
import pytest
from PIL import Image

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.read import read
from foveal.errors import DataError

AS_GIVEN = "If they are classes, say so: --data.format image_folder."


@pytest.fixture
def lay(tmp_path, make_image):
    """Images of their own content; other files are empty."""

    def make(*names):
        root = tmp_path / "set"
        for seed, name in enumerate(names):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            if name.endswith((".jpg", ".png")):
                make_image(root / name, seed, (8, 8))
            else:
                (root / name).touch()
        return root

    return make


def counts(catalog):
    """{split: {class: images}}."""
    out = {}
    for code, labels in zip(catalog.splits, (catalog.labels[i] for i in range(len(catalog))), strict=True):
        own = out.setdefault(SPLITS[code] if code != UNASSIGNED else "", {})
        name = catalog.categories.names[labels[0]]
        own[name] = own.get(name, 0) + 1
    return out


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Training", "Testing"),
        ("training_set", "test_set"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("trn", "test1"),
    ],
)
def test_splits_by_other_names(lay, one, other):
    root = lay(f"{one}/cat/c1.jpg", f"{one}/dog/d1.jpg", f"{other}/cat/c2.jpg", f"{other}/dog/d2.jpg")
    assert counts(read(root)) == {"train": {"cat": 1, "dog": 1}, "test": {"cat": 1, "dog": 1}}


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_stray_image_costs_no_split(lay, split):
    names = [f"{s}/{c}/{s}{i}.jpg" for s in ("train", "val") for c in ("bolt", "nut") for i in range(2)]
    catalog = read(lay(*names, f"{split}/sheet.jpg"))
    assert counts(catalog) == {"train": {"bolt": 2, "nut": 2}, "val": {"bolt": 2, "nut": 2}}
    assert catalog.notes == (f"1 image outside class folders, left out: {split}/sheet.jpg.",)


def test_a_split_without_class_folders_is_told(lay):
    root = lay("train/cat/1.jpg", "train/dog/2.jpg", "test/3.jpg", "models/x.txt")
    assert read(root).notes == (
        "Folders beside the splits were left out: models.",
        "test is called like a split and left out: no class folders, only images.",
    )


def test_what_lies_above_the_splits_is_told(lay):
    names = [f"seg_{s}/seg_{s}/{c}/{s}{c}.jpg" for s in ("train", "test") for c in ("bolt", "nut")]
    assert read(lay(*names, "labels.csv", "cover.jpg", "seg_train/notes.md")).notes == (
        "1 image outside class folders, left out: cover.jpg.",
        "2 other files left out: labels.csv, seg_train/notes.md.",
    )


def test_a_folder_around_the_data_set(lay):
    catalog = read(lay("pets/cat/1.jpg", "pets/dog/2.jpg", "__MACOSX/pets/._x.jpg"))
    assert catalog.categories.names == ("cat", "dog")
    assert catalog.notes == ("pets is the only folder, and is read as the data set.",)
    assert catalog.why == "pets: 2 class folders with images"


def test_what_is_wrong_inside_the_only_folder_is_told(lay):
    root = lay("pets/train/1.jpg", "pets/test/2.jpg")
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what == (f"{root}/pets: test, train look like splits and hold images without class folders.")


def test_class_folders_are_compared_in_one_form_of_unicode(lay):
    composed, apart = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    catalog = read(lay(f"{composed}/1.jpg", f"{apart}/2.jpg", "thé/3.jpg"))
    assert counts(catalog) == {"": {"café": 2, "thé": 1}}
    assert catalog.notes == ("Class folders in two Unicode forms, read as one class: café.",)


def test_folders_inside_classes_are_named(lay):
    assert read(lay("cat/indoors/1.jpg", "cat/2.jpg", "dog/3.jpg")).notes == (
        "1 folder inside class folders, read as part of them: cat/indoors.",
    )


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (
            ["train/cat.0.jpg", "train/dog.0.jpg", "test1/0.jpg"],
            "test1, train look like splits and hold images without class folders.",
        ),
        (
            ["cat/1.jpg", "dog/2.jpg", "bird/3.jpg", "fish/4.jpg", "test/5.jpg"],
            "test looks like a split and holds images without class folders.",
        ),
        (["train/1.jpg", "bus/2.jpg"], "train looks like a split and holds images without class folders."),
        (
            ["benign/a (1).png", "benign/a (1)_mask.png", "bad/b (1).png", "bad/b (1)_mask.png"],
            "bad/b (1)_mask.png looks like a photo, not like a mask.",
        ),
        (["img_dir/1.jpg", "ann_dir/1.png"], "ann_dir/1.png looks like a photo, not like a mask."),
        (
            ["fold_a/cat/1.jpg", "fold_a/dog/2.jpg", "fold_b/cat/3.jpg", "fold_b/dog/4.jpg"],
            "fold_a, fold_b all have the same sub-folders (cat, dog).",
        ),
        (
            ["one/anna.jpg", "one/bob.jpg", "two/anna.jpg", "two/bob.jpg"],
            "one, two have images of the same names, as parts of one data set do.",
        ),
        (
            ["one/1.jpg", "one/2.jpg", "two/1.png", "two/2.png"],
            "one, two have images of the same names, as parts of one data set do.",
        ),
        (
            ["cat/1.jpg", "cat/1.json", "dog/2.jpg", "dog/2.json"],
            "cat/1.json lies beside the images, and is of no format that is recognised.",
        ),
    ],
)
def test_what_does_not_look_like_classes_is_refused_in_one_line(lay, names, what):
    root = lay(*names)
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what == f"{root}: {what}"
    assert AS_GIVEN in caught.value.hint or "--data.format image_folder" in caught.value.hint
    assert read(root, format="image_folder").format == "image_folder"


def test_numbered_images_of_one_kind_may_have_the_same_names(lay, tmp_path):
    root = lay(*(f"{name}/img_{i}.png" for name in ("cat", "dog") for i in range(3)))
    assert counts(read(root)) == {"": {"cat": 3, "dog": 3}}
    for seed, path in enumerate((root / "dog").iterdir()):
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8), np.uint8)).save(path)
    with pytest.raises(DataError, match="cat, dog have images of the same names"):
        read(root)
