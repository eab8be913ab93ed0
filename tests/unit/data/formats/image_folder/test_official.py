"""Splits and classes that text files beside class folders give: CUB-200's, Food-101's, Tiny ImageNet's."""

import pytest

from foveal.data.catalog.catalog import SPLITS
from foveal.data.formats.read import read
from foveal.errors import DataError

NAMES = [f"{kind}/{kind}_{number}.jpg" for kind in ("ant", "bee") for number in range(3)]


def splits(catalog):
    codes = {catalog.names[at]: int(catalog.splits[at]) for at in range(len(catalog))}
    return {name: SPLITS[code] if code < len(SPLITS) else "" for name, code in codes.items()}


def expected(home, of_train):
    return {f"{home}{name}": "train" if name in of_train else "test" for name in NAMES}


def test_numbers_of_images(lay):
    images = "".join(f"{at} {name}\n" for at, name in enumerate(NAMES, 1))
    parts = "".join(f"{at} {int(at not in (1, 6))}\n" for at in range(1, 7))
    files = {f"images/{name}": 0 for name in NAMES}
    catalog = read(lay({**files, "images.txt": images, "train_test_split.txt": parts, "classes.txt": "1 ant\n2 bee\n"}))
    assert splits(catalog) == expected("images/", NAMES[1:-1])
    assert "Splits are those of images.txt, train_test_split.txt." in catalog.notes
    assert "1 other file left out: classes.txt." in catalog.notes


@pytest.mark.parametrize("home", ["images/", ""])
@pytest.mark.parametrize("suffix", ["", ".jpg"])
def test_lists_of_paths(lay, home, suffix):
    lists = {
        "train.txt": "".join(f"{name[:-4]}{suffix}\n" for name in NAMES[1:-1]),
        "test.txt": "".join(f"{name[:-4]}{suffix}\n" for name in (NAMES[0], NAMES[-1])),
    }
    meta = {f"meta/{name}": text for name, text in {**lists, "classes.txt": "ant\nbee\n"}.items()}
    catalog = read(lay({**{f"{home}{name}": 0 for name in NAMES}, **meta}))
    assert splits(catalog) == expected(home, NAMES[1:-1])
    assert "Splits are those of meta/test.txt, meta/train.txt." in catalog.notes
    assert "1 other file left out: meta/classes.txt." in catalog.notes


def test_images_in_no_list_have_no_split(lay):
    lists = {"meta/train.txt": "ant/ant_0\nbee/bee_0\n", "meta/val.txt": "ant/ant_1\nbee/bee_1\n"}
    catalog = read(lay({**{f"images/{name}": 0 for name in NAMES}, **lists}))
    assert splits(catalog)["images/ant/ant_2.jpg"] == ""
    assert "2 images in none of them: of no split, and trained on." in catalog.notes


@pytest.mark.parametrize(
    "lists",
    [
        {"meta/train.txt": "ant/ant_0\nbee/bee_0\n", "meta/test.txt": "x/1\nx/2\nx/3\n"},
        {"meta/train.txt": "ant/ant_0\n", "meta/train_1.txt": "bee/bee_0\n", "meta/test.txt": "ant/ant_1\n"},
        {"meta/test.txt": "ant/ant_0\nbee/bee_0\n"},
    ],
)
def test_lists_that_are_not_believed(lay, lists):
    catalog = read(lay({**{f"images/{name}": 0 for name in NAMES}, **lists}))
    assert {*splits(catalog).values()} == {""}
    assert "Folders beside the images were left out: meta." in catalog.notes


def test_a_class_called_like_a_split_that_no_list_has(lay):
    names = [f"{kind}/{number}.jpg" for kind in ("ant", "bee", "fly", "train") for number in range(2)]
    lists = {f"meta/{split}.txt": f"ant/{at}\nbee/{at}\nfly/{at}\n" for at, split in enumerate(("train", "test"))}
    root = lay({**{f"images/{name}": 0 for name in names}, **lists})
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}: train is called like a split, and none of its images is in meta/test.txt, meta/train.txt.\n"
        "Move it away. If they are classes, say so: --data.format image_folder."
    )
    for file, text in lists.items():
        (root / file).write_text(f"{text}{text.replace('ant', 'train')}")
    assert read(root).categories.names == ("ant", "bee", "fly", "train")


def test_classes_of_a_split_without_class_folders(lay):
    files = {f"train/{kind}/images/{kind}_{number}.jpg": 0 for kind in ("n1", "n2") for number in range(2)}
    files |= {f"val/images/val_{number}.jpg": 0 for number in range(3)} | {"test/images/test_0.jpg": 0}
    lines = "val_0.jpg\tn2\t0\t0\t62\t40\nval_1.jpg\tn1\t0\t0\t62\t40\n"
    catalog = read(lay({**files, "val/val_annotations.txt": lines}))
    found = {catalog.names[at]: catalog.categories.names[catalog.labels[at][0]] for at in range(len(catalog))}
    assert found["val/images/val_0.jpg"] == "n2"
    assert found["val/images/val_1.jpg"] == "n1"
    assert len(found) == 6
    assert splits(catalog)["val/images/val_1.jpg"] == "val"
    assert "Folders beside the splits were left out: test." in catalog.notes
    assert (
        "The classes of 2 images of val are those of val/val_annotations.txt; 1 image of it not in the file left out."
        in catalog.notes
    )
