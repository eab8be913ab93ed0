"""Every way in which tools lay out YOLO's label files."""

import pytest
from tests.annotated import write_files

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError

BOX, NUT = "0 0.5 0.5 0.25 0.5\n", "1 0.25 0.25 0.125 0.125\n"
NAMES = "bolt\nnut\n"
YAML = "train: train/images\nval: valid/images\nnames: [bolt, nut]\n"
PAIRS = {
    "train/images/a.jpg": None,
    "train/labels/a.txt": BOX,
    "valid/images/b.jpg": None,
    "valid/labels/b.txt": BOX + NUT,
}


@pytest.fixture
def write(tmp_path):
    """Write files into a new data set."""
    return lambda files: write_files(tmp_path / "set", files)


def rows(catalog):
    """Split, boxes and class names of each image."""
    names = [catalog.names[i] for i in range(len(catalog))]
    splits = ["none" if code == UNASSIGNED else SPLITS[code] for code in catalog.splits.tolist()]
    classes = [[catalog.categories.names[o.label] for o in catalog.objects[i]] for i in range(len(catalog))]
    assert all(catalog.objects[i][0].box == (24, 12, 40, 36) for i in range(len(catalog)) if classes[i])
    return {name: (split, own) for name, split, own in zip(names, splits, classes, strict=True)}


def test_cvat_yolo_1_1(write):
    root = write(
        {
            "obj.data": "classes = 2\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\n"
            "backup = backup/\nthreads = 4\n",
            "obj.names": NAMES,
            "train.txt": "data/obj_train_data/f0.PNG\n",
            "valid.txt": "data/obj_valid_data/f0.PNG\n",
            "obj_train_data/f0.PNG": None,
            "obj_train_data/f0.txt": BOX + NUT,
            "obj_valid_data/f0.PNG": None,
            "obj_valid_data/f0.txt": BOX,
        }
    )
    for place in (root, root / "obj.data"):
        catalog = read(place, bad="error")
        assert rows(catalog) == {
            "obj_train_data/f0.PNG": ("train", ["bolt", "nut"]),
            "obj_valid_data/f0.PNG": ("val", ["bolt"]),
        }
        assert catalog.why == "obj.data names lists of images and classes"
        assert catalog.notes == (
            "Entries of obj.data that are not used: threads.",
            "2 images were found under another spelling: 2 by its folder (such as 'data/obj_train_data/f0.PNG' for"
            " obj_train_data/f0.PNG).",
        )


def test_darknet_without_its_lists_or_names(write):
    root = write(
        {
            "obj.data": "classes = 3\ntrain = data/train.txt\nnames = data/gone.names\n",
            "obj.names": NAMES,
            "obj_train_data/a.png": None,
            "obj_train_data/a.txt": BOX,
        }
    )
    catalog = read(root)
    assert rows(catalog) == {"obj_train_data/a.png": ("train", ["bolt"])}
    assert catalog.notes == (
        "obj.data names data/gone.names; obj.names is read.",
        "obj.data says that classes is 3; obj.names names 2.",
        "obj.data names the list data/train.txt, which does not exist.",
        "No list that obj.data names exists; all images of obj_train_data are read as train.",
    )
    (root / "obj.names").unlink()
    with pytest.raises(CategoryError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}/obj.data: the file of class names, data/gone.names, does not exist.\n"
        "Put obj.names, with one class name per line, beside it."
    )


def test_an_export_without_its_images(write):
    root = write(
        {
            "obj.data": "train = data/train.txt\nnames = data/obj.names\n",
            "obj.names": NAMES,
            "train.txt": "data/obj_train_data/a.png\n",
            "obj_train_data/a.txt": BOX,
        }
    )
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what == (
        f"{root}: none of the images listed can be used. The first: data/obj_train_data/a.png is listed but does not"
        " exist."
    )


def test_darknet_s_own_tree(write):
    root = write(
        {
            "data/obj.data": "train=data/train.txt\nvalid=data/test.txt\nnames=data/obj.names\neval=coco\n",
            "data/obj.names": NAMES,
            "data/train.txt": "data/obj/a.png\n",
            "data/test.txt": "data/obj/b.png\n",
            "data/obj/a.png": None,
            "data/obj/a.txt": BOX,
            "data/obj/b.png": None,
            "data/obj/b.txt": BOX,
        }
    )
    assert rows(read(root, bad="error")) == {"obj/a.png": ("train", ["bolt"]), "obj/b.png": ("val", ["bolt"])}


@pytest.mark.parametrize("name", ["_darknet.labels", "classes.txt"])
def test_text_files_beside_the_images_of_each_split(write, name):
    """Roboflow's Darknet export; labelImg in a folder for each split."""
    root = write(
        {
            **{f"{split}/{name}": NAMES for split in ("train", "valid", "test")},
            **{f"{split}/a.jpg": None for split in ("train", "valid", "test")},
            **{f"{split}/a.txt": BOX + NUT for split in ("train", "valid", "test")},
            "README.roboflow.txt": "from roboflow",
        }
    )
    catalog = read(root, bad="error")
    own = ["bolt", "nut"]
    assert rows(catalog) == {
        "test/a.jpg": ("test", own),
        "train/a.jpg": ("train", own),
        "valid/a.jpg": ("val", own),
    }
    assert catalog.notes == ("1 other file left out: README.roboflow.txt.",)


def test_folders_that_disagree_on_classes(write):
    files = {"train/a.jpg": None, "train/a.txt": BOX, "val/b.jpg": None, "val/b.txt": BOX, "train/classes.txt": NAMES}
    root = write({**files, "val/classes.txt": "bolt\n"})
    assert read(root, bad="error").categories.names == ("bolt", "nut"), "labelImg writes the classes met so far"
    (root / "val/classes.txt").write_text("nut\nbolt\n")
    with pytest.raises(CategoryError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}: train/classes.txt and val/classes.txt name different classes.\n"
        "Give all folders the same classes in the same order, and label files that fit them."
    )


def test_labelimg_s_one_folder(write):
    root = write({"a.jpg": None, "a.txt": BOX + NUT, "b.jpg": None, "b.txt": BOX, "classes.txt": NAMES, "c.jpg": None})
    catalog = read(root, bad="error")
    assert rows(catalog) == {
        "a.jpg": ("none", ["bolt", "nut"]),
        "b.jpg": ("none", ["bolt"]),
        "c.jpg": ("none", []),
    }
    assert catalog.why == "classes.txt names classes, and there are label files for 2 of 3 images"
    assert catalog.notes == (
        "1 image without a label file, read as without objects, such as c.jpg (looked for c.txt).",
    )


def test_label_files_without_class_names(write):
    root = write({"a.jpg": None, "a.txt": BOX})
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root} has label files of YOLO for 1 of 1 image, but no class names.\n"
        "Add a data.yaml, or a classes.txt with one name per line."
    )


def test_captions_are_no_label_files(write):
    root = write({"a.jpg": None, "a.txt": "a cat on a mat", "classes.txt": NAMES})
    with pytest.raises(DataError) as caught:
        read(root)
    assert "a.txt lies beside the images" in caught.value.what


def test_lists_beside_folders(write):
    root = write(
        {
            "classes.txt": NAMES,
            "train.txt": "./images/a.jpg\n",
            "Validation.txt": "images\\b.jpg\n",
            **{f"images/{name}.jpg": None for name in "abc"},
            **{f"labels/{name}.txt": BOX for name in "abc"},
        }
    )
    catalog = read(root)
    assert rows(catalog) == {"images/a.jpg": ("train", ["bolt"]), "images/b.jpg": ("val", ["bolt"])}
    assert [(fault.path, fault.kind) for fault in catalog.repairs] == [
        ("", "missing"),
        ("images/c.jpg", "unlisted"),
    ]


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("train: train\\images\nval: valid\\images\\\n", 2),
        ("train: C:\\data\\set\\train\\images\nval: /content/set/valid/images\n", 2),
        ("path: c:\\work\\set\ntrain: Train/Images\nval: ../valid/images\n", 2),
        ("train: train/images\nvalidation: valid/images\n", 0),
        ("training_set: train/images\nDev: ./valid/images/\n", 0),
    ],
)
def test_spellings_of_paths_and_splits(write, text, moved):
    root = write({**PAIRS, "data.yaml": f"{text}names: [bolt, nut]\n"})
    catalog = read(root, bad="error")
    assert rows(catalog) == {
        "train/images/a.jpg": ("train", ["bolt"]),
        "valid/images/b.jpg": ("val", ["bolt", "nut"]),
    }
    told = [note for note in catalog.notes if note.startswith("Paths in data.yaml that are found elsewhere: ")]
    assert sum(note.count(" as ") for note in told) == moved


def test_a_path_keeps_its_split(write):
    root = write({"images/a.jpg": None, "labels/a.txt": BOX, "data.yaml": YAML})
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what == f"{root}/data.yaml: train is 'train/images', which does not exist."


def test_what_is_not_read_is_told(write):
    root = write(
        {
            **PAIRS,
            "data.yaml": f"{YAML}nc: 3\nroboflow: {{url: x}}\nday: 2024-05-01\n",
            "test/images/c.jpg": None,
            "notes.json": "{}",
        }
    )
    assert read(root, bad="error").notes == (
        "data.yaml says that nc is 3; it names 2 classes, which are used.",
        "Entries of data.yaml that are not used, and kept: roboflow.",
        "Entries of data.yaml that are not used: day.",
        "1 folder with images not read: test.",
        "1 other file left out: notes.json.",
    )


@pytest.mark.parametrize(
    ("text", "names", "note"),
    [
        (
            "names: [yes, 007]",
            ("yes", "007"),
            "2 class names of data.yaml are read as written: yes, 007.",
        ),
        ("names: {'1': nut, '0': bolt}", ("bolt", "nut"), ""),
        ("nc: 2\nnames: bolt, nut", ("bolt", "nut"), ""),
        ("names: own.names", ("x", "y"), "The class names are those of own.names."),
        ("nc: 2", ("x", "y"), "The class names are those of own.names."),
    ],
)
def test_class_names_of_other_types(write, text, names, note):
    yaml = f"train: train/images/a.jpg\nval: valid/images\n{text}\n"
    catalog = read(write({**PAIRS, "data.yaml": yaml, "own.names": "x\ny\n"}), bad="error")
    assert catalog.categories.names == names and len(catalog) == 2
    assert catalog.notes == ((note,) if note else ())


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("names: [[bolt], nut]\n", "'names' has ['bolt'] as the name of a class."),
        ("names: bolt, nut\n", "'names' is the text 'bolt, nut'."),
        ("names: [caf\u00e9, cafe\u0301]\n", "the class 'caf\u00e9' is listed twice."),
        ("names: [a]\nkpt_shape: 17\n", "kpt_shape is 17."),
        ("names: [a]\ntrain: [[x]]\n", "train has ['x'] as a path."),
        ("names: [a]\nday: 2024-13-45\n", "not YAML (month must be in 1..12)."),
        ("names: " + "[" * 600, "not YAML (nested too deeply)."),
    ],
)
def test_a_yaml_with_values_of_no_use(write, text, what):
    root = write({**PAIRS, "data.yaml": f"{text}" if "train" in text else f"train: train/images\n{text}"})
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what == f"{root}/data.yaml: {what}"


def test_a_key_that_is_there_twice(write):
    root = write({**PAIRS, "data.yaml": f"{YAML}train: valid/images\n"})
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what == f"{root}/data.yaml, line 4, column 1: not YAML (the key 'train' is there twice)."


def test_a_yaml_in_another_encoding(write):
    root = write({**PAIRS, "data.yaml": YAML.replace("bolt", "螺栓").encode("gbk")})
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}/data.yaml: not UTF-8 text (line 3, column 9: byte 0xc2; it could be GBK).\nSave it as UTF-8."
    )
    (root / "data.yaml").write_bytes(YAML.replace("bolt", "螺栓").encode("utf-16"))
    assert read(root, bad="error").categories.names == ("螺栓", "nut")


def test_which_yaml(write):
    root = write({**PAIRS, "data.yaml": "lr: 0.1\n", "a.yaml": YAML})
    assert len(read(root, bad="error")) == 2, "data.yaml is not about data"
    (root / "b.yml").write_text(YAML)
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == f"{root} has 2 YAML files with classes and splits: a.yaml, b.yml.\nName one."
    (root / "data.yaml").write_text(YAML)
    assert "Not read: a.yaml, b.yml." in read(root).notes


def test_data_sets_in_folders(write):
    root = write({f"{name}/{file}": content for name in ("one", "two") for file, content in PAIRS.items()})
    for name in ("one", "two"):
        (root / name / "data.yaml").write_text(YAML)
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root} has no class names itself; one/data.yaml, two/data.yaml have some.\n"
        f"Name the data set: {root}/one/data.yaml."
    )
    assert (
        len(read(write_files(root.parent / "around", {f"x/{k}": v for k, v in {**PAIRS, "data.yaml": YAML}.items()})))
        == 2
    )


def test_images_and_labels_that_are_named(write):
    root = write(
        {
            "pics/s/a.jpg": None,
            "pics/t/a.jpg": None,
            "texts/s/a.txt": BOX,
            "texts/t/a.txt": BOX + NUT,
            "texts/classes.txt": NAMES,
            "images/other.jpg": None,
        }
    )
    catalog = read(root, images="pics", labels="texts", bad="error")
    assert rows(catalog) == {"pics/s/a.jpg": ("none", ["bolt"]), "pics/t/a.jpg": ("none", ["bolt", "nut"])}
    (root / "meta").mkdir()
    (root / "meta/set.yaml").write_text("train: images/s\ntest: images/t\nnames: [bolt, nut]\n")
    catalog = read(root, images="pics", labels="meta/set.yaml", bad="error")
    assert rows(catalog) == {"pics/s/a.jpg": ("train", ["bolt"]), "pics/t/a.jpg": ("test", ["bolt", "nut"])}


def test_a_split_without_images(write):
    root = write(
        {**PAIRS, "data.yaml": f"{YAML}test: test/images\n", "test/images/a.heic": "", "train/images/b.mp4": ""}
    )
    assert read(root).notes == (
        "data.yaml names test/images as test, which has no images.",
        "1 video left out; extract images with: ffmpeg -i VIDEO -r 1 frames/%06d.jpg: train/images/b.mp4.",
    )


def test_a_yaml_file_of_another_export_gives_way(tmp_path):
    rows = "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,64,48,bolt,1,2,30,40\n"
    yaml = "train: ../yolo/train/pictures\nval: ../yolo/valid/pictures\nnames: [bolt]\n"
    root = write_files(tmp_path / "set", {"data.yaml": yaml, "train/a.jpg": None, "train/_annotations.csv": rows})
    catalog = read(root)
    assert catalog.format == "box_table"
    told = f"Not read as YOLO: {root}/data.yaml: train is '../yolo/train/pictures', which does not exist."
    assert told in catalog.notes
    (root / "train/_annotations.csv").unlink()
    with pytest.raises(DataError, match=r"train is '../yolo/train/pictures', which does not exist\."):
        read(root)


def test_dota_names_classes_in_its_lines(write):
    head = "imagesource:GoogleEarth\ngsd:0.15\n"
    lines = "24 12 40 12 40 36 24 36 ship 0\n1 2 9 2 9 8 1 8 plane 1\n"
    files = {"train/images/a.png": None, "train/labelTxt/a.txt": head + lines}
    catalog = read(write({**files, "val/images/b.png": None, "val/labelTxt/b.txt": lines}))
    assert rows(catalog) == {
        "train/images/a.png": ("train", ["ship", "plane"]),
        "val/images/b.png": ("val", ["ship", "plane"]),
    }
    assert catalog.categories.names == ("plane", "ship")
    assert catalog.why == "label files for 2 of 2 images name corners and classes in each line (DOTA)"
    assert "Classes are those that the label files name, in alphabetical order." in catalog.notes


def test_commas_between_numbers(write):
    lines = "0,0.5,0.5,0.25,0.5\n"
    catalog = read(write({"classes.txt": NAMES, "images/a.jpg": None, "labels/a.txt": lines}))
    assert rows(catalog) == {"images/a.jpg": ("none", ["bolt"])}


def test_a_yaml_beside_class_folders_is_for_classification(write):
    files = {f"{split}/{name}/{split}{name}.jpg": None for split in ("train", "val") for name in ("bolt", "nut")}
    catalog = read(write({**files, "data.yaml": "train: train\nval: val\nnames: [bolt, nut]\n"}))
    assert (catalog.format, catalog.categories.names) == ("image_folder", ("bolt", "nut"))
    odd = f"train: {'x' * 5000}\nval: val\nnames: [bolt, nut]\n"  # a name that no file system takes
    with pytest.raises(DataError):
        read(write({"data.yaml": odd, "val/images/a.jpg": None}), format="yolo")
