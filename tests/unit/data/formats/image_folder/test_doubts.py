"""Which folders are read as classes, and why others are not."""

import unicodedata

import numpy as np
import pytest
from PIL import Image

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.read import read
from foveal.errors import DataError

KINDS = ((0, "Parade"), (1, "Handshaking"))
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
        (
            ["scans/a.jpg", "scans/b.jpg", "other/a_segmentation.png", "other/b_segmentation.png"],
            "the images of other are called as those of scans with _mask or the like behind, such as"
            " a_segmentation.png; they look like masks.",
        ),
        (
            ["scans/a.jpg", "panoptic/b.png", "panoptic.json"],
            "panoptic.json is called as the folder panoptic beside it, and is of no format that is recognised.",
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


def test_splits_that_differ_from_each_other_in_nothing_but_a_word(lay):
    names = [f"signs_{s}/signs_{s}/{c}/{s}{c}.jpg" for s in ("train", "test") for c in ("bolt", "nut")]
    assert counts(read(lay(*names))) == {"train": {"bolt": 1, "nut": 1}, "test": {"bolt": 1, "nut": 1}}


@pytest.mark.parametrize("names", [("cars_test", "cars_train"), ("testA", "testB", "trainA", "trainB")])
def test_flat_splits_with_another_word_are_no_classes(lay, names):
    with pytest.raises(DataError, match=f"{', '.join(names)} look like splits"):
        read(lay(*(f"{name}/{name}{i}.jpg" for name in names for i in range(2))))


@pytest.mark.parametrize("names", [("invalid", "valid"), ("bus", "car", "train")])
def test_words_for_splits_may_be_classes(lay, names):
    assert counts(read(lay(*(f"{name}/{name}{i}.jpg" for name in names for i in range(2))))) == {
        "": dict.fromkeys(names, 2)
    }


def test_a_word_for_a_split_in_splits_is_a_class(lay):
    names = ("bus", "car", "train")
    root = lay(*(f"{s}/{name}/{s}{name}.jpg" for s in ("train", "val") for name in names))
    assert counts(read(root)) == {"train": dict.fromkeys(names, 1), "val": dict.fromkeys(names, 1)}


def test_class_folders_in_the_only_folder_of_images(lay):
    root = lay("images/a/1.jpg", "images/b/2.jpg", "images.txt", "parts/parts.txt")
    catalog = read(root)
    assert counts(catalog) == {"": {"a": 1, "b": 1}}
    assert catalog.notes == (
        "Folders beside the images were left out: parts.",
        "1 other file left out: images.txt.",
    )


def test_class_folders_beside_a_file_of_annotations(lay):
    root = lay("images/part_a/1.jpg", "images/part_b/2.jpg", "notes/all.json")
    (root / "notes/all.json").write_text('{"images": [{"file": "1.jpg"}]}', "utf-8")
    with pytest.raises(DataError):
        read(root)


def test_each_class_may_have_a_folder_called_images(lay):
    root = lay("train/a/images/1.jpg", "train/b/images/2.jpg", "val/images/3.jpg")
    catalog = read(root)
    assert counts(catalog) == {"train": {"a": 1, "b": 1}}
    assert catalog.notes[0] == "Folders beside the splits were left out: val."


def test_a_copy_inside_the_data_set(lay):
    root = lay("a/1.jpg", "b/2.jpg", "pets/a/1.jpg", "pets/b/2.jpg")
    with pytest.raises(DataError, match=r"pets has folders of the same names .* looks like a copy"):
        read(root)


def test_folders_of_layouts_in_splits_are_no_classes(lay):
    with pytest.raises(DataError):
        read(lay(*(f"{s}/{name}/{s}{name}.jpg" for s in ("train", "val") for name in ("images", "v1.2", "v2.0"))))


def test_numbered_parts_are_no_classes(lay):
    with pytest.raises(DataError, match="X_images_part_1, X_images_part_2 are called like parts of one data set"):
        read(lay("X_images_part_1/a.jpg", "X_images_part_2/b.jpg"))


@pytest.mark.parametrize(("suffix", "text"), [("txt", "a photo of 1 cat"), ("json", '{"camera": "X", "iso": 100}')])
def test_other_files_beside_the_images_are_no_annotations(lay, suffix, text):
    root = lay(*(f"{c}/{c}{i}.jpg" for c in ("cat", "dog") for i in range(2)))
    for image in [*root.rglob("*.jpg")]:
        image.with_suffix(f".{suffix}").write_text(text, "utf-8")
    catalog = read(root)
    assert counts(catalog) == {"": {"cat": 2, "dog": 2}}
    assert "4 other files left out" in catalog.notes[0]


def test_an_unread_file_beside_the_images_is_named(lay):
    with pytest.raises(DataError, match=r"jpg has the images, and labels\.mat beside it is of no format"):
        read(lay("jpg/1.jpg", "jpg/2.jpg", "labels.mat"))


def test_a_data_set_beside_another_is_no_class(lay):
    root = lay(
        *(f"data/data/{s}/{c}/{s}{c}.jpg" for s in ("train", "test") for c in "ab"), "big/a/1.jpg", "big/b/2.jpg"
    )
    with pytest.raises(DataError, match="data/data has the folders test, train; it looks like a data set of its own"):
        read(root)


def test_more_columns_of_class_folders_are_no_labels(lay):
    root = lay(*(f"{c}/{i}.jpg" for c in "ab" for i in range(2)))
    (root / "facts.csv").write_text("file_name,age\n" + "".join(f"{c}/{i}.jpg,{i}\n" for c in "ab" for i in range(2)))
    assert counts(read(root)) == {"": {"a": 2, "b": 2}}


def test_lists_of_boxes_beside_class_folders(lay):
    """WIDER FACE."""
    names = [f"WIDER_{split}/images/{at}--{word}/{split}{at}.jpg" for split in ("train", "val") for at, word in KINDS]
    text = "".join(f"{name.split('/', 2)[2]}\n1\n5 6 15 20 0 0 0 0 0 0\n" for name in names)
    root = lay(*names)
    (root / "wider_face_split").mkdir()
    (root / "wider_face_split/wider_face_train_bbx_gt.txt").write_text(text)
    with pytest.raises(DataError, match=r"wider_face_train_bbx_gt\.txt names the images and has lines of numbers"):
        read(root)


def test_what_lies_beside_images_without_classes_is_named(lay):
    root = lay("a.jpg", "b.jpg")
    (root / "output.manifest").write_text("{}\n")
    with pytest.raises(DataError, match=r"no class folders\. output\.manifest is of no format or layout"):
        read(root)
