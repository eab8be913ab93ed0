"""COCO's files are told by what is in them, wherever they lie and whatever they are called."""

import json

import pytest

from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.types.categories import Categories

BOX = [5, 6, 15, 16]


def document(names, **more):
    """One object of the class bolt in each image."""
    return {
        "images": [{"id": i, "file_name": name, "width": 64, "height": 48} for i, name in enumerate(names)],
        "annotations": [{"id": i, "image_id": i, "category_id": 1, "bbox": BOX, **more} for i in range(len(names))],
        "categories": [{"id": 1, "name": "bolt"}, {"id": 2, "name": "nut"}],
    }


@pytest.fixture
def place(tmp_path, draw):
    """Write files (a document, or None for an image) by their paths."""

    def make(files):
        for at, (name, content) in enumerate(files.items()):
            path = tmp_path / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                draw(path, at)
            else:
                path.write_text(json.dumps(content))
        return tmp_path / "set"

    return make


def splits(catalog):
    return {catalog.names[i]: int(catalog.splits[i]) for i in range(len(catalog))}


TRAIN, VAL, NONE = 0, 1, 255


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {
                "annotations/custom_train.json": document(["a.jpg"]),
                "annotations/custom_val.json": document(["b.jpg"]),
                "train2017/a.jpg": None,
                "val2017/b.jpg": None,
            },
            {"train2017/a.jpg": TRAIN, "val2017/b.jpg": VAL},
            id="custom_train and custom_val",
        ),
        pytest.param(
            {
                "annotations/train.json": document(["a.jpg"]),
                "annotations/val.json": document(["a.jpg"]),
                "images/train/a.jpg": None,
                "images/val/a.jpg": None,
            },
            {"images/train/a.jpg": TRAIN, "images/val/a.jpg": VAL},
            id="train and val, the same names in both",
        ),
        pytest.param(
            {
                "annotations/train_annotations.json": document(["a.jpg"]),
                "annotations/Validation-Set.json": document(["b.jpg"]),
                "JPEGImages/a.jpg": None,
                "JPEGImages/b.jpg": None,
            },
            {"JPEGImages/a.jpg": TRAIN, "JPEGImages/b.jpg": VAL},
            id="a word first, and words of another spelling",
        ),
        pytest.param(
            {
                "training/labels.json": document(["a.jpg"]),
                "training/data/a.jpg": None,
                "valid/labels.json": document(["b.jpg"]),
                "valid/b.jpg": None,
            },
            {"training/data/a.jpg": TRAIN, "valid/b.jpg": VAL},
            id="a folder for each split",
        ),
        pytest.param(
            {
                "annotations/part1.json": document(["a.jpg"]),
                "annotations/part2.json": document(["b.jpg"]),
                "images/a.jpg": None,
                "images/b.jpg": None,
            },
            {"images/a.jpg": NONE, "images/b.jpg": NONE},
            id="no words for splits",
        ),
        pytest.param(
            {"result.json": document(["images/a.jpg"]), "images/a.jpg": None},
            {"images/a.jpg": NONE},
            id="an export of Label Studio",
        ),
    ],
)
def test_layouts(place, files, expected):
    catalog = read(place(files), bad="error")
    assert catalog.format == "coco" and splits(catalog) == expected
    assert len(catalog.objects.labels) == len(expected)
    assert catalog.why.endswith("COCO's lists")


def test_categories_may_come_first_and_annotations_far_behind(place):
    """Longer than what is looked at of a file's beginning, so its kind is told by its annotations further on."""
    long = document([f"{i:04d}.jpg" for i in range(1200)])
    root = place({"anything.json": {key: long[key] for key in ("categories", "images", "annotations")}})
    with pytest.raises(DataError, match="none of the images listed can be used"):
        read(root)


def test_keypoints_are_read_for_their_boxes(place):
    names = {"annotations/person_keypoints_train.json": document(["a.jpg"], keypoints=[1, 2, 2], num_keypoints=1)}
    root = place({**names, "images/a.jpg": None})
    catalog = read(root, bad="error")
    assert catalog.why.endswith("person_keypoints_train.json has keypoints, read for their boxes")
    assert catalog.objects[0][0].box == (5, 6, 20, 22)
    assert catalog.notes == (
        "Kept and written back, but not used: keypoints (of 1 annotation), num_keypoints (of 1 annotation).",
    )
    place({"annotations/instances_train.json": document(["a.jpg"])})
    assert read(root).notes == ("Not read: person_keypoints_train.json (keypoints).",)


def test_lvis(place):
    own = document(["a.jpg"])
    entry = own["images"][0]
    entry |= {"coco_url": "http://images.cocodataset.org/train2017/a.jpg", "neg_category_ids": [2]}
    entry |= {"not_exhaustive_category_ids": [1]}
    del entry["file_name"]
    catalog = read(place({"lvis_v1_train.json": own, "train2017/a.jpg": None}), bad="error")
    assert splits(catalog) == {"train2017/a.jpg": TRAIN}
    extras = json.loads(catalog.extras[0])["coco"]
    assert extras["neg_category_ids"] == [2] and extras["not_exhaustive_category_ids"] == [1]
    assert catalog.notes == (
        "1 entry: name of the image's file is not in file_name but in coco_url (the first: lvis_v1_train.json,"
        " images[0]).",
        "Kept and written back, but not used: neg_category_ids (of 1 image), not_exhaustive_category_ids (of 1 image).",
    )


def test_lists_that_nothing_is_made_of_are_named(place):
    own = document(["a.jpg"]) | {"videos": [{"id": 1}], "info": {}}
    notes = read(place({"a.json": own, "a.jpg": None})).notes
    assert notes == ("Kept and written back, but not used: videos (of the file).",)


VIDEO = {
    "videos": [{"id": 1, "file_names": ["v/0.jpg"]}],
    "annotations": [{"video_id": 1, "bboxes": [BOX]}],
    "categories": [],
}
CAPTIONS = {
    "images": document(["a.jpg"])["images"],
    "annotations": [{"id": 1, "image_id": 0, "caption": "a bolt"}],
}


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("videos.json", VIDEO, "video annotations of YouTube-VIS, which is not read"),
        ("captions_val.json", CAPTIONS, "captions, which is not read"),
        (
            "predictions.json",
            [{"image_id": 0, "category_id": 1, "bbox": BOX, "score": 0.5}],
            "a list of results, without images and categories, which is not read",
        ),
        ("image_info_test.json", {"images": document(["a.jpg"])["images"], "categories": []}, None),
    ],
)
def test_other_files_of_coco_s_are_refused_by_name(place, name, content, what):
    root = place({name: content, "val2017/a.jpg": None, "train2017/b.jpg": None})
    with pytest.raises(DataError) as caught:
        read(root)
    expected = what or "images without a list of annotations"
    assert caught.value.what == f"{root}: {name} has {expected}."


def test_many_documents_of_another_kind_are_not_all_looked_into(place):
    root = place({**{f"labels/{i}.json": {"shapes": []} for i in range(60)}, "images/a.jpg": None})
    with pytest.raises(DataError) as caught:
        read(root, format="coco")
    assert caught.value.what == f"{root} has no COCO JSON file of objects."


def test_named_images_and_labels(place, tmp_path, draw):
    root = place({"one.json": document(["a.jpg"]), "two.json": document(["b.jpg"]), "images/a.jpg": None})
    draw(tmp_path / "photos/b.jpg")
    catalog = read(root, labels="two.json", images=str(tmp_path / "photos"))
    assert splits(catalog) == {"../photos/b.jpg": NONE}


GROUPED = {
    "same name": ([(0, "helmet", "none"), (1, "helmet", "helmet")], [1], ["helmet"], "'helmet' (id 0)"),
    "another name": (
        [(0, "parts", "none"), (1, "bolt", "parts"), (2, "nut", "parts")],
        [1, 2],
        ["bolt", "nut"],
        "'parts' (id 0)",
    ),
    "used": ([(0, "parts", "none"), (1, "bolt", "parts")], [0, 1], ["parts", "bolt"], ""),
    "of no others": ([(0, "parts", "none"), (1, "bolt", "none")], [1], ["parts", "bolt"], ""),
    "not above all": ([(0, "animal", "thing"), (1, "dog", "animal")], [1], ["animal", "dog"], ""),
}


@pytest.mark.parametrize("name", GROUPED)
def test_an_entry_that_is_only_the_group_of_others_is_no_class(place, name):
    entries, used, expected, told = GROUPED[name]
    own = document([f"{i}.jpg" for i in range(len(used))])
    own["categories"] = [{"id": key, "name": word, "supercategory": above} for key, word, above in entries]
    for item, key in zip(own["annotations"], used, strict=True):
        item["category_id"] = key
    root = place({"_annotations.coco.json": own, **{image["file_name"]: None for image in own["images"]}})
    catalog = read(root, bad="error")
    assert list(catalog.categories.names) == expected
    assert [catalog.categories.names[k] for k in catalog.objects.labels] == [
        next(word for key, word, _ in entries if key == one) for one in used
    ]
    note = f"No class but the supercategory of others, and in no annotation: {told}."
    assert catalog.notes == ((note,) if told else ())


def test_class_names_are_compared_in_one_unicode_form(place):
    first, second = document(["a.jpg"]), document(["b.jpg"])
    first["categories"][0]["name"], second["categories"][0]["name"] = "caf\u00e9", "cafe\u0301"
    root = place({"train.json": first, "val.json": second, "a.jpg": None, "b.jpg": None})
    assert read(root, bad="error").categories.names == ("caf\u00e9", "nut")
    own = Categories(("nut", "cafe\u0301"))
    assert read(root, categories=own).objects.labels.tolist() == [1, 1]


def test_the_folder_of_annotations_is_named(place):
    root = place({"annotations/train.json": document(["a.jpg"]), "images/train/a.jpg": None})
    assert splits(read(root / "annotations", bad="error")) == {"images/train/a.jpg": TRAIN}
    assert splits(read(root / "annotations/train.json", bad="error")) == {"images/train/a.jpg": TRAIN}


def test_the_named_folder_of_images_has_a_folder_for_each_split(place, tmp_path, draw):
    root = place({"train.json": document(["a.jpg"]), "val.json": document(["a.jpg"])})
    for name in ("train", "val"):
        draw(tmp_path / "photos" / name / "a.jpg", seed=len(name))
    found = splits(read(root, images=str(tmp_path / "photos"), bad="error"))
    assert found == {"../photos/train/a.jpg": TRAIN, "../photos/val/a.jpg": VAL}


def test_a_name_that_could_be_several_images(place):
    root = place({"a.json": document(["a.jpg", "c.jpg"]), "x/p/a.jpg": None, "x/q/a.jpg": None, "x/c.jpg": None})
    catalog = read(root)
    assert [(r.kind, r.message) for r in catalog.repairs if r.kind != "unlisted"] == [
        ("missing", "is listed but could be 2 images, such as x/p/a.jpg and x/q/a.jpg")
    ]


def test_a_name_that_is_a_number(place):
    catalog = read(place({"a.json": document([7]), "7.jpg": None}), bad="error")
    assert splits(catalog) == {"7.jpg": NONE}
    assert catalog.notes[0] == "1 entry: file_name is a number, read as text (the first: a.json, images[0])."


@pytest.mark.parametrize("name", ["{split}_fold{fold}", "instances_{split}_{fold}"])
def test_folds_are_refused(lay, name):
    def document(ids):
        return {
            "images": [{"id": at, "file_name": f"{at}.jpg", "width": 64, "height": 48} for at in ids],
            "annotations": [{"id": at, "image_id": at, "category_id": 1, "bbox": [1, 2, 9, 9]} for at in ids],
            "categories": [{"id": 1, "name": "cat"}],
        }

    folds = [(split, fold) for split in ("train", "val") for fold in range(3)]
    ids = {(split, fold): [at for at in range(6) if (at % 3 == fold) == (split == "val")] for split, fold in folds}
    files = {f"annotations/{name.format(split=s, fold=k)}.json": document(ids[s, k]) for s, k in folds}
    root = lay({**{f"images/{at}.jpg": 0 for at in range(6)}, **files})
    first = name.format(split="train", fold=0)
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what.startswith(
        f"{root}/annotations has 6 files that list the same images in several splits, as the folds of a"
        f" cross-validation do: annotations/{first}.json, "
    )
    assert caught.value.hint == (
        f"Name the file to train on, --data.labels annotations/{first}.json, or a folder that has the files of one"
        " fold."
    )
    catalog = read(root, labels=f"annotations/{first}.json")
    assert [catalog.names[at] for at in range(len(catalog))] == [f"images/{at}.jpg" for at in (1, 2, 4, 5)]


def test_lists_without_boxes_are_labels_of_images(lay):
    """iNaturalist, COCO Camera Traps."""

    def page(split, *labels):
        return {
            "images": [{"id": f"{split}{at}", "file_name": f"{split}/{at}.jpg"} for at in range(len(labels))],
            "annotations": [
                {"id": at, "image_id": f"{split}{at}", "category_id": label} for at, label in enumerate(labels)
            ],
            "categories": [{"id": 7, "name": "ant"}, {"id": "9", "name": "bee"}],
        }

    files = {"train2018.json": page("train", 9, 7), "val2018.json": page("val", 7, 8)}
    images = [f"{split}/{at}.jpg" for split in ("train", "val") for at in range(2)]
    root = lay({**dict.fromkeys(images, 0), **files})
    catalog = read(root)
    assert (catalog.annotation, catalog.categories.names) == ("labels", ("ant", "bee"))
    found = {catalog.names[at]: (catalog.labels[at].tolist(), int(catalog.splits[at])) for at in range(len(catalog))}
    assert found == {"train/0.jpg": ([1], 0), "train/1.jpg": ([0], 0), "val/0.jpg": ([0], 1)}
    assert [repair.message for repair in catalog.repairs] == ["its category_id 8 is in no list"]
    assert "1 image without a label left out: val/1.jpg." in catalog.notes
    with pytest.raises(DataError, match="labels of whole images, no boxes"):
        read(root, annotations=["boxes"])
