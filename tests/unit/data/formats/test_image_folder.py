import os
from pathlib import Path

import pytest

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError
from foveal.imaging import walk
from foveal.types.categories import Categories


def listing(catalog):
    """(name, class, split) of every image."""
    names = catalog.categories.names
    return [
        (catalog.names[i], names[catalog.labels[i][0]], SPLITS[s] if (s := catalog.splits[i]) != UNASSIGNED else "")
        for i in range(len(catalog))
    ]


def test_class_folders(make_tree):
    catalog = read(make_tree({"b": 2, "a": 1}))
    assert listing(catalog) == [("a/000.png", "a", ""), ("b/000.png", "b", ""), ("b/001.png", "b", "")]
    assert catalog.format == "image_folder" and catalog.notes == ()
    assert all(path.is_file() for path in catalog.paths())


@pytest.mark.parametrize("val", ["val", "valid", "validation", "Val"])
def test_split_folders(make_tree, val):
    catalog = read(make_tree({"train/a": 1, "train/b": 1, f"{val}/b": 1, "test/a": 1}))
    assert sorted(listing(catalog)) == sorted(
        [
            ("train/a/000.png", "a", "train"),
            ("train/b/000.png", "b", "train"),
            (f"{val}/b/000.png", "b", "val"),
            ("test/a/000.png", "a", "test"),
        ]
    )


def test_class_missing_in_val_shifts_nothing(make_tree):
    catalog = read(make_tree({"train/a": 1, "train/b": 1, "train/c": 1, "val/c": 1, "val/a": 1}))
    assert catalog.categories.names == ("a", "b", "c")
    assert [row[1] for row in listing(catalog.split("val"))] == ["a", "c"]


def test_class_that_train_lacks_is_named(make_tree):
    root = make_tree({"train/cat": 1, "train/dog": 1, "val/cat": 1, "val/dgo": 1})
    with pytest.raises(CategoryError) as caught:
        read(root)
    assert str(caught.value) == (f"{root}/val: unknown class 'dgo'.\nDid you mean 'dog'? Known classes: cat, dog.")


def test_folders_without_train_make_the_map_together(make_tree):
    assert read(make_tree({"val/a": 1, "test/b": 1})).categories.names == ("a", "b")


def test_a_class_called_train_is_a_class_among_many(make_tree):
    names = ("bike", "bus", "car", "train")
    assert read(make_tree(dict.fromkeys(names, 1))).categories.names == names
    few = make_tree({"train": 1, "bus": 1}, make_tree({}) / "few")
    with pytest.raises(DataError, match="train looks like a split and holds images") as caught:
        read(few)
    assert caught.value.hint.endswith("If they are classes, say so: --data.format image_folder.")
    assert read(few, format="image_folder").categories.names == ("bus", "train")


def test_a_model_s_own_map_is_enforced(make_tree):
    model = Categories(("zebra", "ant", "bee"))
    root = make_tree({"ant": 2, "bee": 1})
    catalog = read(root, categories=model)
    assert catalog.categories is model
    assert catalog.labels.values.tolist() == [1, 1, 2]
    with pytest.raises(CategoryError, match=r"unknown class 'bee'"):
        read(root, categories=Categories(("ant", "wasp")))


def test_a_model_s_own_map_allows_one_class(make_tree):
    assert len(read(make_tree({"ant": 2}), categories=Categories(("ant", "bee")))) == 2


def test_hidden_folders_and_files_are_no_class(make_tree, make_image):
    root = make_tree({"a": 1, "b": 1, ".ipynb_checkpoints": 1, "__MACOSX": 1, "a/.hidden": 1})
    make_image(root / "a" / "._000.png")
    (root / "a" / ".DS_Store").touch()
    (root / "b" / "Thumbs.db").touch()
    catalog = read(root)
    assert catalog.categories.names == ("a", "b") and len(catalog) == 2
    assert catalog.notes == ("1 hidden file or folder left out: a/.hidden.",), "what systems leave needs no words"


def test_what_is_left_out_is_noted(make_tree, make_image):
    root = make_tree({"a": 1, "b": 1, "empty": 0})
    (root / "a" / "readme.txt").write_text("x")
    make_image(root / "stray.png")
    assert read(root).notes == (
        "Class folders without images, left out: empty.",
        "1 image outside class folders, left out: stray.png.",
        "1 other file left out: a/readme.txt.",
    )


def test_other_kinds_and_links_are_noted(make_tree):
    root = make_tree({"a": 1, "b": 1})
    for name in ("a/1.HEIC", "a/2.heif", "b/clip.MOV", "b/.own.png"):
        (root / name).touch()
    (root / "b" / "again").symlink_to(root / "b")
    assert read(root).notes == (
        "2 HEIC images left out; Foveal reads them where the package pillow-heif is installed: a/1.HEIC, a/2.heif.",
        "1 video left out; extract images with: ffmpeg -i VIDEO -r 1 frames/%06d.jpg: b/clip.MOV.",
        "1 hidden file or folder left out: b/.own.png.",
        "1 linked folder left out, read before under another name: b/again.",
    )


def test_a_folder_of_other_kinds_alone(tmp_path):
    for name in ("a/1.heic", "b/2.heic"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    with pytest.raises(DataError) as error:
        read(tmp_path)
    assert error.value.what == (
        f"{tmp_path} has no images. 2 HEIC images left out; Foveal reads them where the package pillow-heif is"
        " installed: a/1.heic, b/2.heic."
    )


@pytest.mark.parametrize("place", ["a", "a/in"])
def test_a_folder_that_cannot_be_read_is_an_error(make_tree, monkeypatch, place):
    root = make_tree({"a": 1, "b": 1, "a/in": 1})
    scan = os.scandir

    def refuse(path):
        if Path(path) == root / place:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(walk.os, "scandir", refuse)
    with pytest.raises(DataError) as error:
        read(root)
    assert error.value.what == f"{root / place}: this folder cannot be read (permission denied)."


def test_folders_beside_the_splits_are_noted(make_tree):
    assert read(make_tree({"train/a": 1, "train/b": 1, "models": 0})).notes == (
        "Folders beside the splits were left out: models.",
    )


def test_nested_folders_belong_to_their_class(make_tree):
    catalog = read(make_tree({"a/deep/deeper": 2, "b": 1, "a": 1}))
    assert catalog.class_counts().tolist() == [3, 1]


def test_loops_of_links_end_and_links_to_files_count(make_tree):
    root = make_tree({"a": 2, "b": 1})
    (root / "a" / "loop").symlink_to(root / "a")
    (root / "b" / "link.png").symlink_to(root / "a" / "000.png")
    assert read(root).class_counts().tolist() == [2, 2]


def test_order_is_by_path(make_tree):
    names = [row[0] for row in listing(read(make_tree({"b": 3, "a": 3, "a/z": 1, "a b": 1})))]
    assert names == sorted(names)


def test_suffixes_in_capitals(make_tree, make_image, tmp_path):
    root = make_tree({"a": 1})
    (root / "b").mkdir()
    make_image(tmp_path / "x.png").rename(root / "b" / "X.PNG")
    assert len(read(root)) == 2


def test_bad_input_is_named(tmp_path, make_tree, make_image):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bare" / "x").mkdir(parents=True)
    make_image(tmp_path / "flat" / "a.png")
    make_tree({"only": 3}, tmp_path / "one")
    make_tree({"train/a": 1, "train/b": 1, "val/a": 1, "valid/a": 1}, tmp_path / "twice")
    said = {
        "no": ("{}: no such file or folder.", f"The nearest folder that exists is {tmp_path}."),
        "flot": ("{}: no such file or folder.", f"Did you mean {tmp_path / 'flat'}?"),
        "empty": ("{} is an empty folder.", "Use a folder with one sub-folder of images per class."),
        "bare": ("{} has no images.", "Use a folder with one sub-folder of images per class."),
        "flat": (
            "{} has images but no class folders.",
            "Put the images of each class into a folder named after it, or use a table of paths and labels.",
        ),
        "one": (
            "{} has only one class, 'only'; classification needs at least two.",
            "Add a folder of images for each class.",
        ),
        "twice": ("{} has two folders for the val split: val and valid.", "Keep one."),
    }
    for name, (what, hint) in said.items():
        with pytest.raises(DataError) as caught:
            read(tmp_path / name)
        assert str(caught.value) == f"{what.format(tmp_path / name)}\n{hint}"


def test_a_table_read_as_a_folder_is_refused(tmp_path):
    (tmp_path / "x.csv").touch()
    with pytest.raises(DataError) as caught:
        read(tmp_path / "x.csv", format="image_folder")
    assert caught.value.what == f"{tmp_path}/x.csv is a file, not an image folder."


def test_real_folders(real_data):
    catalog = read(real_data / "imagenette")
    assert (len(catalog.split("train")), len(catalog.split("val"))) == (3000, 1000)
    assert len(catalog.categories) == 10 and catalog.notes == ()
