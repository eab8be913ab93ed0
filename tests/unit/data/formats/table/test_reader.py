"""Tables as Kaggle, fastai, Roboflow, ISIC and others lay them out."""

import os
import unicodedata
from pathlib import Path

import pytest

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError

IMAGES = [f"{stem}.jpg" for stem in "abcdef"]


@pytest.fixture
def lay(tmp_path, make_image):
    """Images of their own content, and files of the given text."""

    def make(images, files):
        root = tmp_path / "set"
        for seed, name in enumerate(images):
            make_image(root / name, seed, (8, 8))
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return root

    return make


def table(header, *columns):
    return "\n".join([header, *(",".join(map(str, row)) for row in zip(*columns, strict=True))]) + "\n"


def listing(catalog):
    """{name: (split, classes)}."""
    names = catalog.categories.names
    split = dict(enumerate(SPLITS)) | {UNASSIGNED: ""}
    return {
        catalog.names[i]: (split[int(catalog.splits[i])], "|".join(names[k] for k in catalog.labels[i]))
        for i in range(len(catalog))
    }


def splits(catalog):
    return [listing(catalog)[name][0] for name in IMAGES]


@pytest.mark.parametrize(
    "title", ["split", "set", "subset", "fold", "partition", "dataset", "data set", "Usage", "phase"]
)
def test_a_split_column_under_another_name(lay, title):
    words = ["train", "Training", "valid", "dev", "TEST", "testing"]
    root = lay(IMAGES, {"t.csv": table(f"path,label,{title}", IMAGES, "xyxyxy", words)})
    catalog = read(root)
    assert splits(catalog) == ["train", "train", "val", "val", "test", "test"]
    assert catalog.notes == ()


@pytest.mark.parametrize(
    ("title", "values", "expected"),
    [
        ("is_valid", "001100", ["train", "train", "val", "val", "train", "train"]),
        ("is_val", ["False", "False", "True", "True", "False", "False"], ["train"] * 2 + ["val"] * 2 + ["train"] * 2),
        ("is_test", "000011", ["train"] * 4 + ["test"] * 2),
        ("is_training_image", "111100", ["train"] * 4 + ["test"] * 2),
    ],
)
def test_a_column_of_true_and_false(lay, title, values, expected):
    catalog = read(lay(IMAGES, {"t.csv": table(f"path,label,{title}", IMAGES, "xyxyxy", values)}))
    assert splits(catalog) == expected
    told = [f"Column {title!r}: images that are not of train are read as test."] if "train" in title else []
    assert list(catalog.notes) == told


@pytest.mark.parametrize(
    ("title", "values", "note"),
    [
        (
            "fold",
            "012012",
            "Column 'fold' holds numbers (0, 1, 2), which name no split; it is not read. Write train, val or test.",
        ),
        ("dataset", ["voc", "coco"] * 3, "Column not read: dataset."),
    ],
)
def test_what_names_no_split_is_told(lay, title, values, note):
    catalog = read(lay(IMAGES, {"t.csv": table(f"path,label,{title}", IMAGES, "xyxyxy", values)}))
    assert splits(catalog) == [""] * 6
    assert catalog.notes == (note,)


def test_folders_in_paths_are_splits(lay):
    names = ["train/a.jpg", "train/b.jpg", "valid/x/c.jpg", "more/d.jpg"]
    catalog = read(lay(names, {"t.csv": table("path,label", names, "xyxy")}))
    assert listing(catalog) == {
        "train/a.jpg": ("train", "x"),
        "train/b.jpg": ("train", "y"),
        "valid/x/c.jpg": ("val", "x"),
        "more/d.jpg": ("", "y"),
    }
    assert catalog.notes == ("Splits are those of the images' folders, such as valid/x.",)


def test_columns_that_are_not_read_are_named(lay):
    root = lay(IMAGES, {"t.csv": table("path,age,label,sex", IMAGES, "123456", "xyxyxy", "mfmfmf")})
    assert read(root).notes == ("Columns not read: age, sex.",)


@pytest.mark.parametrize("whole", [True, False])
def test_a_table_beside_any_one_folder_of_images(lay, whole):
    root = lay([f"train_images/{name}" for name in IMAGES], {"train.csv": table("image,label", IMAGES, "xyxyxy")})
    catalog = read(root if whole else root / "train.csv")
    assert catalog.format == "table" and len(catalog) == 6
    assert listing(catalog)["train_images/a.jpg"] == ("train", "x")
    assert catalog.notes == ()


@pytest.mark.parametrize("wrapper", ["", "contest/"])
def test_kaggle_has_ids_and_a_submission(lay, wrapper):
    images = [f"{wrapper}{folder}/{i}.jpg" for folder in ("train", "test") for i in range(4)]
    root = lay(
        images,
        {
            f"{wrapper}train.csv": table("id,breed", range(4), "xyxy"),
            f"{wrapper}test.csv": table("id", range(4)),
            f"{wrapper}sample_submission.csv": table("id,breed", range(4), "xxxx"),
        },
    )
    catalog = read(root)
    assert listing(catalog) == {f"train/{i}.jpg": ("train", "xy"[i % 2]) for i in range(4)}
    assert catalog.notes[-2:] == (
        "4 images were found under another spelling: 4 by a missing suffix (such as '0' for train/0.jpg).",
        "Folders with images of which no row names any, left out: test.",
    )
    assert "Not read: sample_submission.csv, test.csv." in catalog.notes


def test_kaggle_labels_are_for_training_where_there_is_a_submission(lay):
    images = [f"{folder}/{i}.jpg" for folder in ("train", "test") for i in range(4)]
    files = {"labels.csv": table("id,breed", range(4), "xyxy"), "sample_submission.csv": "id,x,y\n0,.5,.5\n"}
    assert listing(read(lay(images, files)))["train/3.jpg"] == ("train", "y")


def test_a_table_without_labels_is_named(lay):
    root = lay(["train/1.jpg", "test/2.jpg"], {"test.csv": table("image,age", ["2.jpg"], ["4"])})
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what == (
        f"{root}/test.csv has no column for labels (label, labels, class, classes, category or target)."
    )


def test_fastai_joins_labels_with_blanks(lay):
    labels = ["horse person", "person", "horse", "car", "car", "person"]
    root = lay(
        [f"train/{name}" for name in IMAGES], {"train.csv": table("fname,labels,is_valid", IMAGES, labels, "100001")}
    )
    catalog = read(root)
    assert catalog.multi_label and catalog.categories.names == ("car", "horse", "person")
    assert listing(catalog)["train/a.jpg"] == ("val", "horse|person")
    assert catalog.notes[0] == (
        "Column 'labels': several labels of an image are joined by blanks, such as 'horse person'."
    )


def test_a_name_with_a_blank_is_one_label(lay):
    labels = ["hot dog", "cat", "hot dog", "cat", "cat", "cat"]
    catalog = read(lay(IMAGES, {"t.csv": table("path,labels", IMAGES, labels)}))
    assert not catalog.multi_label and catalog.categories.names == ("cat", "hot dog")
    assert catalog.notes == (
        "Column 'labels': 'hot dog' is read as one label; several labels of an image are joined by '|'.",
    )


def test_lists_of_labels(lay):
    root = lay(IMAGES[:3], {"t.csv": 'path,labels\na.jpg,"[\'x\', \'y z\']"\nb.jpg,[]\nc.jpg,"[""x""]"\n'})
    assert [row[1] for row in listing(read(root)).values()] == ["x|y z", "", "x"]


def test_one_hot_per_split_as_roboflow_writes_it(lay):
    rows = "filename, rust, dent, scratch\na.jpg, 0, 1, 0\nb.jpg, 1, 0, 1\n"
    folders = ("train", "valid", "test")
    root = lay(
        [f"{folder}/{name}" for folder in folders for name in IMAGES[:2]],
        {f"{folder}/_classes.csv": rows for folder in folders},
    )
    catalog = read(root)
    assert catalog.multi_label and catalog.categories.names == ("dent", "rust", "scratch")
    assert listing(catalog)["valid/b.jpg"] == ("val", "rust|scratch")
    assert catalog.why == (
        "train/_classes.csv, valid/_classes.csv, test/_classes.csv have a column of paths and 3 of 0 and 1, for train,"
        " val, test"
    )


@pytest.mark.parametrize(
    ("rows", "several", "first"),
    [
        ("a,1.0,0.0,0.0\nb,0.0,1.0,0.0\nc,0.0,0.0,1.0\n", False, "MEL"),
        ("a,1,1,0\nb,0,0,0\nc,0,0,1\n", True, "MEL|NV"),
        ("a,1,1,-1\nb,-1,1,-1\nc,-1,-1,1\n", True, "MEL|NV"),
    ],
)
def test_one_hot_tables(lay, rows, several, first):
    catalog = read(lay(IMAGES[:3], {"t.csv": f"image_id,MEL,NV,BCC\n{rows}"}))
    assert catalog.multi_label is several
    assert listing(catalog)["a.jpg"][1] == first


def test_a_table_per_split_in_the_root(lay):
    files = {
        "train.csv": table("image,label", IMAGES[:2], "xy"),
        "valid.csv": table("image,label", IMAGES[2:4], "xy"),
        "test.csv": table("image,label", IMAGES[4:], "xy"),
    }
    catalog = read(lay([f"images/{name}" for name in IMAGES], files))
    assert [row[0] for row in listing(catalog).values()] == ["train", "train", "val", "val", "test", "test"]


def test_a_table_in_the_folder_of_each_split(lay):
    files = {f"{folder}/labels.csv": table("image,label", IMAGES[:2], "xy") for folder in ("train", "val")}
    catalog = read(lay([f"{folder}/images/{name}" for folder in ("train", "val") for name in IMAGES[:2]], files))
    assert listing(catalog)["val/images/b.jpg"] == ("val", "y")


def test_blanks_after_commas_and_an_index_column(lay):
    root = lay(IMAGES[:2], {"t.csv": ', path, label\n0, "a.jpg", "x, 1"\n1, b.jpg, y\n'})
    catalog = read(root)
    assert listing(catalog) == {"a.jpg": ("", "x, 1"), "b.jpg": ("", "y")}
    assert catalog.notes == ("Column not read: column 1.",)


def test_other_annotations_beside_a_table_are_named(lay):
    files = {"train.csv": table("image,label", IMAGES[:2], "xy"), "names.json": "{}", "readme.md": "x"}
    assert read(lay([f"images/{name}" for name in IMAGES[:2]], files)).notes == ("Not read: names.json.",)


def test_a_folder_that_is_closed_is_no_matter(lay, monkeypatch):
    root = lay(IMAGES[:2], {"t.csv": table("image,label", IMAGES[:2], "xy"), "private/x": ""})
    scan = os.scandir

    def refuse(path):
        if Path(path).name == "private":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert len(read(root / "t.csv")) == 2


def test_a_class_that_the_table_of_train_lacks(lay):
    files = {
        "train.csv": table("image,label", IMAGES[:2], "xy"),
        "val.csv": table("image,label", IMAGES[2:4], "xz"),
    }
    root = lay(IMAGES, files)
    with pytest.raises(CategoryError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}/val.csv, line 3: the class 'z' has no training images.\nClasses of the training split: x, y."
    )


def test_several_tables_leave_a_doubt(lay):
    root = lay(IMAGES, {f"{name}.csv": table("image,label", IMAGES, "xyxyxy") for name in ("one", "two")})
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root} has 2 tables with labels: one.csv, two.csv.\n"
        "Name the one to be read with --data.labels one.csv, or call them train.csv, val.csv and test.csv."
    )
    assert len(read(root, labels="two.csv")) == 6


def test_an_image_in_two_splits_is_an_error(lay):
    files = {
        "train.csv": table("image,label", IMAGES[:2], "xy"),
        "test.csv": table("image,label", IMAGES[1:3], "yx"),
    }
    root = lay(IMAGES[:3], files)
    with pytest.raises(DataError) as caught:
        read(root)
    assert (
        caught.value.what
        == f"{root}/test.csv, line 2: 'b.jpg' is in test here and in train in {root}/train.csv, line 3."
    )


def test_what_the_user_names_decides(lay):
    root = lay(
        [f"{folder}/a.jpg" for folder in ("mine", "yours")] + ["mine/b.jpg"],
        {"ann/t.csv": table("image,label", IMAGES[:2], "xy")},
    )
    with pytest.raises(DataError, match=r"'a\.jpg' could be 2 images, such as mine/a\.jpg and yours/a\.jpg"):
        read(root, labels="ann/t.csv")
    assert [*listing(read(root, labels="ann/t.csv", images="mine"))] == ["mine/a.jpg", "mine/b.jpg"]
    assert [*listing(read(root, labels="ann", images="mine"))] == ["mine/a.jpg", "mine/b.jpg"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.jpg,x\nb.jpg,y\n", {"a.jpg": ("", "x"), "b.jpg": ("", "y")}),
        (
            "x,a.jpg,train\ny,b.jpg,test\nx,c.jpg,train\ny,d.jpg,train\n",
            {"a.jpg": ("train", "x"), "b.jpg": ("test", "y")},
        ),
    ],
)
def test_a_table_without_a_header_where_that_is_plain(lay, text, expected):
    catalog = read(lay(IMAGES, {"t.csv": text}))
    assert expected.items() <= listing(catalog).items()
    assert catalog.notes[0].startswith("The table has no header: column ")


def test_a_list_of_paths_and_ids(lay):
    root = lay(IMAGES[:2], {"t.txt": "a.jpg 0\nb.jpg 1\n"})
    assert [row[1] for row in listing(read(root / "t.txt")).values()] == ["0", "1"]


def test_without_a_header_the_rest_has_to_be_plain(lay):
    root = lay(IMAGES, {"t.csv": "a.jpg,x,5,y\n"})
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}/t.csv has no header: its first line names an image, 'a.jpg', and has 4 fields.\n"
        "Write a first line that names the columns, such as path,label,split."
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(lay, encoding):
    text = table("path,label", IMAGES, ["café", "thé"] * 3)
    assert read(lay(IMAGES, {"t.csv": text.encode(encoding)})).categories.names == ("café", "thé")


def test_another_encoding_is_an_error_with_its_place(lay):
    root = lay([f"pics/{name}" for name in IMAGES], {"t.csv": "path,label\na.jpg,中文\n".encode("gbk")})
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == f"{root}/t.csv, line 2: byte 7 (0xd6) is not UTF-8 text.\nSave the table as UTF-8."


def test_class_names_are_compared_in_one_form_of_unicode(lay):
    labels = [unicodedata.normalize(form, "café") for form in ("NFC", "NFD")] + ["dog"]
    catalog = read(lay(IMAGES, {"t.csv": table("path,label", IMAGES, labels * 2)}))
    assert catalog.categories.names == ("café", "dog")
    assert catalog.notes == ("1 class is written in two Unicode forms, read as one: café.",)


def test_paths_of_another_machine(lay):
    written = ["C:\\data\\images\\a.jpg", "/home/someone/b.jpg", "c.JPG"]
    catalog = read(lay([f"images/{name}" for name in IMAGES[:3]], {"t.csv": table("path,label", written, "xyx")}))
    assert [*listing(catalog)] == ["images/a.jpg", "images/b.jpg", "images/c.jpg"]
    assert catalog.notes[0].startswith("3 images were found under another spelling: ")


def test_a_column_of_boxes_of_unknown_form_is_refused(lay):
    root = lay(IMAGES[:2], {"t.csv": 'path,label,bbox\na.jpg,x,"[1, 2, 3, 4]"\nb.jpg,y,"[1, 2, 3, 4]"\n'})
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}/t.csv has no columns of boxes: the title of column 'bbox' does not say how a box is written.\n"
        "Write a box as four columns: xmin, ymin, xmax, ymax in pixels, or x, y, w, h."
    )


def test_a_table_beside_deep_folders_does_not_look_elsewhere(tmp_path, make_image):
    make_image(tmp_path / "other/x.png", 0, (8, 8))
    root = tmp_path / "set"
    for i in range(4):
        (root / f"train/0/{i}").mkdir(parents=True)
        make_image(root / f"train/0/{i}/a{i}.png", i, (8, 8))
    (root / "train.csv").write_text("id,label\n" + "".join(f"a{i},{i % 2}\n" for i in range(4)), "utf-8")
    catalog = read(root)
    assert catalog.root == root and catalog.names[0] == "train/0/0/a0.png"
    assert not any("other/" in note for note in catalog.notes)


def test_a_column_of_paths_by_its_values(tmp_path, make_image):
    for i in range(4):
        make_image(tmp_path / f"a{i}.png", i, (8, 8))
    text = "no,quelle,classe\n" + "".join(f"{i},a{i}.png,{'xy'[i % 2]}\n" for i in range(4))
    (tmp_path / "t.csv").write_text(text, "utf-8")
    assert read(tmp_path).categories.names == ("x", "y")


def test_a_column_of_numbered_splits_is_no_label(tmp_path, make_image):
    for i in range(4):
        make_image(tmp_path / f"a{i}.png", i, (8, 8))
    rows = range(4)
    (tmp_path / "attr.csv").write_text("image_id,Bald,Young\n" + "".join(f"a{i}.png,{i % 2},1\n" for i in rows))
    (tmp_path / "parts.csv").write_text("image_id,partition\n" + "".join(f"a{i}.png,{i % 3}\n" for i in rows))
    catalog = read(tmp_path)
    assert catalog.categories.names == ("Bald", "Young")
    assert "Not read: parts.csv." in catalog.notes


def test_a_table_in_another_encoding_is_named(tmp_path, make_image):
    (tmp_path / "bilder").mkdir()
    make_image(tmp_path / "bilder/a.png", 0, (8, 8))
    (tmp_path / "t.csv").write_bytes("datei;klasse\na.png;Weiß\n".encode("cp1252"))
    with pytest.raises(DataError, match="is not UTF-8 text"):
        read(tmp_path)


def test_lists_of_a_path_and_a_number(lay):
    text = {"meta/train.txt": "a.jpg 0\nb.jpg 1\nc.jpg 1\n", "meta/val.txt": "d.jpg 0\n"}
    catalog = read(lay([f"{'val' if name == 'd.jpg' else 'train'}/{name}" for name in IMAGES[:4]], text))
    assert [SPLITS[code] for code in catalog.splits] == ["train"] * 3 + ["val"]
    assert catalog.categories.names == ("0", "1")


def test_a_training_table_that_cannot_be_read_is_not_passed_over(lay):
    head = "path,sex,edema,pneumonia\n"
    root = lay(
        IMAGES[:2], {"train.csv": head + "a.jpg,F,1.0,-1.0\na.jpg,M,0.0,0.5\n", "valid.csv": head + "b.jpg,F,1.0,0.0\n"}
    )
    with pytest.raises(DataError, match=r"train\.csv has the columns of valid\.csv, but other values"):
        read(root)


def test_one_class_that_may_be_absent(lay):
    """Roboflow's table of a single class: it is there or not, and "0" and "1" are no classes."""
    rows = "filename, logo\na.jpg, 1\nb.jpg, 0\n"
    folders = ("train", "valid")
    root = lay(
        [f"{folder}/{name}" for folder in folders for name in IMAGES[:2]],
        {f"{folder}/_classes.csv": rows for folder in folders},
    )
    catalog = read(root)
    assert catalog.categories.names == ("logo",) and catalog.multi_label
    assert listing(catalog)["valid/a.jpg"] == ("val", "logo") and listing(catalog)["train/b.jpg"] == ("train", "")
