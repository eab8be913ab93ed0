import json
import shutil

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Repair
from foveal.data.formats.convert import convert
from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories

BOX = "1 0.5 0.5 0.25 0.5"


def names(catalog):
    return [catalog.names[i] for i in range(len(catalog))]


def test_a_worked_case(make_yolo):
    root = make_yolo({"train/a": [BOX, "0 0 0 0.5 0 0.5 0.5"], "train/b": [], "val/c": None})
    catalog = read(root, bad="error")
    assert (catalog.format, catalog.annotation, catalog.multi_label) == ("yolo", "boxes", True)
    assert names(catalog) == ["images/train/a.jpg", "images/train/b.jpg", "images/val/c.jpg"]
    assert catalog.splits.tolist() == [0, 0, 1]
    assert catalog.categories == Categories(("cat", "dog"))
    box, polygon = catalog.objects[0]
    assert (box.box, box.label, box.segmentation) == ((24, 12, 40, 36), 1, None)
    assert (polygon.box, polygon.label) == ((0, 0, 32, 24), 0)
    assert polygon.segmentation == [[0, 0, 32, 0, 32, 24]]
    assert polygon.area == 32 * 24 / 2, "the polygon's, not the box's"
    assert catalog.objects[1] == catalog.objects[2] == []


@pytest.mark.parametrize(
    "text",
    [
        "path: .\ntrain: images/train\nval: images/val\nnames: {0: cat, 1: dog}\n",
        "path: ../yolo\ntrain: images/train/\nval: [images/val]\nnames:\n- cat\n- dog\n",
        "train: ../images/train\nval: ../images/val\nnc: 2\nnames: ['cat', 'dog']\n",
        "train: train.txt\nval: ./lists/val.txt\nnames: [cat, dog]\n",
    ],
)
def test_ways_to_say_where_images_are(make_yolo, text):
    root = make_yolo({"train/a": [BOX], "val/b": [BOX]}, text)
    (root / "train.txt").write_text("./images/train/a.jpg\n")
    (root / "lists").mkdir()
    (root / "lists/val.txt").write_text("images\\val\\b.jpg\n\n")
    for place in (root, root / "data.yaml"):
        catalog = read(place, bad="error")
        assert names(catalog) == ["images/train/a.jpg", "images/val/b.jpg"]
        assert [len(catalog.objects[i]) for i in range(2)] == [1, 1]
        assert catalog.splits.tolist() == [0, 1]


def test_folders_of_splits_that_hold_images_and_labels(tmp_path, draw):
    root = tmp_path / "export"
    for split in ("train", "valid"):
        draw(root / split / "images" / "a.jpg", len(split))
        (root / split / "labels").mkdir()
        (root / split / "labels" / "a.txt").write_text(BOX)
    (root / "data.yaml").write_text("train: ../train/images\nval: ../valid/images\nnames: [cat, dog]\nby: someone\n")
    catalog = read(root, bad="error")
    assert names(catalog) == ["train/images/a.jpg", "valid/images/a.jpg"]
    assert len(catalog.objects.labels) == 2
    assert json.loads(catalog.about) == {"yolo": {"by": "someone"}}


def test_a_folder_without_yaml(make_yolo):
    root = make_yolo({"train/a": [BOX], "val/b": [BOX]})
    (root / "data.yaml").unlink()
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root} has label files of YOLO for 2 of 2 images, but no class names.\n"
        "Add a data.yaml, or a classes.txt with one name per line."
    )
    (root / "classes.txt").write_text("cat\ndog\n")
    assert read(root, bad="error").splits.tolist() == [0, 1]
    shutil.move(root / "images/train/a.jpg", root / "images/a.jpg")
    shutil.move(root / "labels/train/a.txt", root / "labels/a.txt")
    shutil.rmtree(root / "images/train")
    (root / "images/extra").mkdir()
    assert read(root, bad="error").splits.tolist() == [UNASSIGNED] * 2


def test_class_ids_with_gaps(make_yolo, tmp_path):
    root = make_yolo(
        {"train/a": ["7 0.5 0.5 0.5 0.5", "0 0.5 0.5 0.5 0.5"]}, "train: images\nnames: {7: dog, 0: cat}\n"
    )
    catalog = read(root, bad="error")
    assert catalog.categories == Categories(("cat", "dog"), (0, 7))
    assert catalog.objects.labels.tolist() == [1, 0]
    convert(catalog, tmp_path / "coco", to="coco")
    written = json.loads((tmp_path / "coco/annotations/instances_train.json").read_text())
    assert [c["id"] for c in written["categories"]] == [0, 7]
    convert(catalog, tmp_path / "out", to="yolo")
    assert (tmp_path / "out/labels/train/train/a.txt").exists() is False
    assert yaml.safe_load((tmp_path / "out/data.yaml").read_text())["names"] == {0: "cat", 1: "dog"}
    assert read(tmp_path / "out").categories.source_ids == (0, 7)


def test_images_that_a_list_passes_over_and_labels_without_images(make_yolo):
    text = "train: train.txt\nval: images/val\nnames: [cat, dog]\n"
    root = make_yolo({"train/a": [BOX], "train/b": [BOX], "val/c": [BOX]}, text)
    (root / "train.txt").write_text("./images/train/a.jpg\n./images/train/gone.jpg\n")
    (root / "labels/val/lost.txt").write_text(BOX)
    assert set(read(root).repairs) == {
        Repair("images/train/b.jpg", "data.yaml", "unlisted", "is in yolo but not listed", "left out"),
        Repair("images/train/gone.jpg", "train.txt, line 2", "missing", "is listed but does not exist", "dropped"),
        Repair("", "labels/val/lost.txt", "missing", "the label file has no image", "left out"),
    } | {Repair("", "labels/train/b.txt", "missing", "the label file has no image", "left out")}


def test_what_is_written(make_coco, coco_document, tmp_path):
    """A crowd is nothing to be found; polygons are written only where every object has one."""
    convert(read(make_coco(coco_document)), tmp_path / "out", to="yolo")
    assert (tmp_path / "out/labels/train/a.txt").read_text() == "1 0.5 0.5 1 1\n"
    assert (tmp_path / "out/labels/train/b.txt").read_text() == "0 0.1015625 0.252604166667 0.15625 0.421875\n"
    assert (tmp_path / "out/labels/train/c.txt").read_text() == ""
    document = yaml.safe_load((tmp_path / "out/data.yaml").read_text())
    assert document == {"train": "images/train", "names": {0: "dog", 1: "cat", 2: "car"}}
    coco_document["annotations"].pop(1)
    convert(read(make_coco(coco_document)), tmp_path / "polygons", to="yolo")
    line = (tmp_path / "polygons/labels/train/b.txt").read_text().split()
    assert [float(v) * s for v, s in zip(line[1:], (64, 48) * 3, strict=True)] == pytest.approx(
        [1.5, 2, 11.5, 2, 11.5, 22.25]
    )


def test_a_model_s_class_map_is_enforced(make_yolo):
    root = make_yolo({"train/a": [BOX]}, "train: images/train\nnames: [cat, dog]\n")
    assert read(root, categories=Categories(("dog", "cow"))).objects.labels.tolist() == [0], "cat has no object"
    with pytest.raises(CategoryError) as caught:
        read(root, categories=Categories(("cat", "cow")))
    assert caught.value.what == f"{root}/labels/train/a.txt, line 1: unknown class 'dog'."


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.1", "the line has 4 fields; a box has 5, a polygon an odd number of at least 7"),
        ("0 0.5 0.5 0.1 0.9 0.2", "the line has 6 fields; a box has 5, a polygon an odd number of at least 7"),
        ("0", "the line has 1 field; a box has 5, a polygon an odd number of at least 7"),
        ("0 0.5 0.5 0.1 abc", "the line '0 0.5 0.5 0.1 abc' has fields that are not numbers"),
    ],
)
def test_an_invalid_line_is_dropped_alone(make_yolo, line, message):
    root = make_yolo({"train/a": [BOX, "", line, "0 0.25 0.25 0.25 0.25"], "val/b": []})
    where = "labels/train/a.txt, line 3"
    for policy in ("clip", "drop"):
        catalog = read(root, bad=policy)
        assert catalog.repairs == (Repair("images/train/a.jpg", where, "malformed", message, "dropped"),)
        assert [len(catalog.objects[i]) for i in range(2)] == [2, 0]
    with pytest.raises(DataError) as caught:
        read(root, bad="error")
    assert caught.value.what == f"{where}: images/train/a.jpg: {message}."


def test_a_label_file_that_is_no_text_costs_its_image_alone(make_yolo):
    root = make_yolo({"train/a": [BOX], "train/b": [BOX], "val/c": []})
    (root / "labels/train/a.txt").write_bytes(b"0 0.5\xff")
    catalog = read(root)
    message = (
        "has an invalid label file (not UTF-8 text (line 1, column 6: byte 0xff; it could be Latin-1, or no text))"
    )
    assert catalog.repairs == (Repair("images/train/a.jpg", "labels/train/a.txt", "broken", message, "dropped"),)
    assert names(catalog) == ["images/train/b.jpg", "images/val/c.jpg"]


@pytest.mark.parametrize("split", ["test", "val"])
def test_images_beside_the_folders_that_are_named(make_yolo, draw, split):
    text = f"train: images/train\n{split}: images/{split}\nnames: [cat, dog]\n"
    root = make_yolo({"train/a": [BOX], f"{split}/b": [BOX]}, text)
    assert read(root).repairs == ()
    strays = ["images/d.jpg", "images/extra/c.jpg"]
    for name in strays:
        draw(root / name)
    message = "is in yolo but not listed"
    assert read(root).repairs == tuple(Repair(name, "data.yaml", "unlisted", message, "left out") for name in strays)
    (root / "other.yaml").write_text("train: images/extra\nnames: [cat]\n")
    assert read(root / "data.yaml").repairs == (), "another file may name them"


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("names: [cat, dog, cat]\n", "the class 'cat' is listed twice.", "Give every class a unique name."),
        ("names: [cat, ' ']\n", "a class has an empty name.", "Give every class a name."),
    ],
)
def test_classes_that_cannot_be_are_named_with_their_file(make_yolo, text, what, hint):
    root = make_yolo({"train/a": [BOX]}, f"train: images/train\n{text}")
    with pytest.raises(CategoryError) as caught:
        read(root)
    assert str(caught.value) == f"{root}/data.yaml: {what}\n{hint}"


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        (
            "names: [a",
            "{}, line 1, column 10: not YAML (expected ',' or ']', but got '<stream end>').",
            "Correct the file.",
        ),
        ("- a\n", "{}: the YAML is not a mapping.", "Add train, val and names."),
        ("train: images\n", "{}: 'names' is missing.", "Add a list of class names, in order of id."),
        (
            "train: images\nnames: {a: b}\n",
            "{}: 'names' has an id that is not a whole number.",
            "Use whole numbers as ids.",
        ),
        ("names: [a]\n", "{}: 'train', 'val' and 'test' are missing.", "Add the paths of the images of each split."),
        (
            "train: pics\nnames: [a]\n",
            "{}: train is 'pics', which does not exist.",
            "Paths are relative to 'path', or to the folder of the YAML file.",
        ),
    ],
)
def test_bad_yaml_is_named(make_yolo, text, what, hint):
    root = make_yolo({"train/a": [BOX]}, text)
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == f"{what.replace('{}', str(root / 'data.yaml'))}\n{hint}"


def test_a_missing_test_split(make_yolo):
    root = make_yolo({"train/a": [BOX]}, "train: images/train\ntest: ../test/images\nnames: [cat, dog]\n")
    assert read(root, bad="error").notes == ("data.yaml names a test split that does not exist: ../test/images.",)


def test_splits_have_names(make_yolo):
    text = "train: images/train\nvalid: images/val\ntest: images/test\nnames: [cat, dog]\n"
    catalog = read(make_yolo({"train/a": [BOX], "val/b": [BOX], "test/c": [BOX]}, text), bad="error")
    assert [SPLITS[s] for s in catalog.splits] == ["test", "train", "val"]


numbers = st.sampled_from(["0", "1", "0.5", "-1", "2", "nan", "inf", "-inf", "1e400", "1e9", "x", "", "0.1 0.1"])


@given(st.lists(numbers, min_size=4, max_size=10))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_line_is_read_or_reported(make_yolo, fields):
    root = make_yolo({"train/a": [BOX, " ".join(fields)], "val/b": []})
    catalog = read(root)
    assert catalog.objects[0][0].box == (24, 12, 40, 36)
    dropped = sum(repair.action == "dropped" for repair in catalog.repairs)
    assert len(catalog.objects[0]) + dropped == 1 + any(fields), "a blank line is no object"
