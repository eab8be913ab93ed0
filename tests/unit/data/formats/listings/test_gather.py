"""What all listings share: named folders, class maps, splits, and what is left out."""

import pytest

from foveal.data.formats.listings.listing import split_of_document
from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories

BOX = {"label": "bolt", "coordinates": {"x": 12.5, "y": 14, "width": 15, "height": 16}}
BOLT = ("bolt", (5, 6, 20, 22), 0)


def document(*names, label="bolt"):
    return [{"image": name, "annotations": [{**BOX, "label": label}]} for name in names]


def test_images_and_annotations_that_the_user_names(lay, told):
    root = lay({"x/one/a.jpg": 0, "x/two/a.jpg": 0, "y/notes.json": document("a.jpg"), "y/old.json": document("b.jpg")})
    catalog = read(root, images="x/two", labels="y/notes.json", format="createml")
    assert told(catalog) == {"x/two/a.jpg": ("", [BOLT])}
    assert told(read(root, images="x/one", labels="y/notes.json", format="createml")) == {"x/one/a.jpg": ("", [BOLT])}


def test_one_name_in_two_folders_is_not_guessed(lay):
    with pytest.raises(DataError) as caught:
        read(lay({"x/one/a.jpg": 0, "x/two/a.jpg": 0, "notes.json": document("a.jpg")}))
    assert "is listed but could be 2 images, such as x/one/a.jpg and x/two/a.jpg" in caught.value.what


def test_class_names_are_compared_in_one_unicode_form(lay, told):
    files = {"a.jpg": 0, "b.jpg": 0, "c.jpg": 0}
    lists = (
        document("a.jpg", label="Ha\u0308user") + document("b.jpg", label="H\u00e4user ") + document("c.jpg", label=7)
    )
    catalog = read(lay({**files, "x.json": lists}))
    assert catalog.categories.names == ("7", "H\u00e4user")
    assert catalog.notes == ("3 objects whose class was no text, or in another Unicode form or with spaces around it.",)


def test_a_models_class_map_is_enforced(lay):
    root = lay({"a.jpg": 0, "x.json": document("a.jpg")})
    assert read(root, categories=Categories(("nut", "bolt"))).objects[0][0].label == 1
    with pytest.raises(CategoryError) as caught:
        read(root, categories=Categories(("nut", "screw")))
    assert "x.json, [0], annotations[0]: unknown class 'bolt'." in caught.value.what


def test_images_elsewhere_and_other_documents_are_told(lay):
    files = {"train/a.jpg": 0, "train/x.json": document("a.jpg"), "train/b.jpg": 0, "spare/c.jpg": 0}
    catalog = read(lay({**files, "train/config.json": {"lr": 1}, "train/broken.json": "{"}), format="createml")
    assert "1 document not read: train/config.json." in catalog.notes
    assert "1 image without annotations left out: spare/c.jpg." in catalog.notes
    assert {(repair.path, repair.kind) for repair in catalog.repairs} == {("", "broken"), ("train/b.jpg", "unlisted")}


@pytest.mark.parametrize(
    ("name", "alone", "split"),
    [
        ("train/x.json", True, 0),
        ("Validation/x.json", False, 1),
        ("labels/bdd100k_labels_images_val.json", False, 1),
        ("instances_val2017.json", False, 1),
        ("test.json", False, 2),
        ("test.json", True, 255),
        ("train_and_val.json", False, 255),
        ("x.json", False, 255),
    ],
)
def test_splits_of_documents(name, alone, split):
    assert split_of_document(name, alone=alone) == split


def test_a_name_in_two_folders_of_one_split_is_not_guessed(lay, told):
    listed = {"train.json": document("a.jpg"), "val.json": document("b.jpg")}
    with pytest.raises(DataError) as caught:
        read(lay({**listed, "one/train/a.jpg": 0, "two/train/a.jpg": 0, "one/val/c.jpg": 0}))
    assert "could be 2 images, such as one/train/a.jpg and two/train/a.jpg" in caught.value.what
    catalog = read(lay({**listed, "images/train/a.jpg": 0, "masks/train/a.jpg": 0, "images/val/b.jpg": 0}, "usual"))
    assert told(catalog) == {"images/train/a.jpg": ("train", [BOLT]), "images/val/b.jpg": ("val", [BOLT])}
