import json

import pytest

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories

CARD = """---
license: cc0
dataset_info:
  features:
  - name: image
    dtype: image
  - name: {}
    dtype:
      class_label:
        names:
          '0': dog
          '1': cat
---
# Pets
"""
GOOD = '{"file_name": "a.jpg", "label": 1}\n'
NOTE = "objects.bbox is read as x, y, width and height in pixels."


@pytest.fixture
def lay(tmp_path, make_image):
    """Images of 40 x 20 pixels, and files of text, or of rows as JSON lines."""

    def make(images, files):
        root = tmp_path / "set"
        for seed, name in enumerate(images):
            make_image(root / name, seed, (40, 20))
        for name, content in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            text = content if isinstance(content, str) else "".join(json.dumps(row) + "\n" for row in content)
            (root / name).write_text(text, encoding="utf-8")
        return root

    return make


def listing(catalog):
    """{name: (split, classes)}."""
    names, split = catalog.categories.names, {UNASSIGNED: ""} | dict(enumerate(SPLITS))
    return {
        catalog.names[i]: (split[int(catalog.splits[i])], "|".join(names[k] for k in catalog.labels[i]))
        for i in range(len(catalog))
    }


def row(name, box=(5, 6, 20, 10), label=0):
    return {"file_name": name, "objects": {"bbox": [list(box)], "categories": [label]}}


def test_boxes_per_split(lay):
    folders = ("train", "test")
    root = lay(
        [f"{folder}/a.jpg" for folder in folders], {f"{folder}/metadata.jsonl": [row("a.jpg")] for folder in folders}
    )
    catalog = read(root)
    assert catalog.format == "hugging_face" and catalog.annotation == "boxes"
    assert listing(catalog) == {"test/a.jpg": ("test", "0"), "train/a.jpg": ("train", "0")}
    assert catalog.objects.boxes.tolist() == [[5, 6, 25, 16]] * 2
    assert catalog.notes == (NOTE,)
    assert catalog.why == "test/metadata.jsonl, train/metadata.jsonl name images and their objects with boxes"


def test_ids_are_named_by_the_card(lay):
    root = lay(
        ["data/train/a.jpg"],
        {"data/train/metadata.jsonl": [row("a.jpg", label=1)], "README.md": CARD.format("category")},
    )
    catalog = read(root)
    assert catalog.categories.names == ("dog", "cat")
    assert listing(catalog) == {"data/train/a.jpg": ("train", "cat")}
    assert "Class ids are named by README.md." in catalog.notes


def test_one_file_for_all_splits_and_objects_as_a_list(lay):
    items = [
        {"file_name": f"{folder}/a.jpg", "width": 40, "objects": [{"bbox": ["1", 2, 3, 4], "category": "cat", "id": 1}]}
        for folder in ("train", "validation")
    ]
    catalog = read(lay(["train/a.jpg", "validation/a.jpg"], {"metadata.jsonl": items}))
    assert listing(catalog) == {"train/a.jpg": ("train", "cat"), "validation/a.jpg": ("val", "cat")}
    assert catalog.objects.boxes.tolist() == [[1, 2, 4, 6]] * 2
    assert catalog.notes == ("Key not read: objects.id.", NOTE)


def test_lists_of_objects_in_the_row_itself(lay):
    rows = [{"file_name": "a.jpg", "bbox": [[1, 2, 3, 4]], "labels": ["x"], "note": ""}]
    catalog = read(lay(["train/a.jpg"], {"train/metadata.jsonl": rows}))
    assert catalog.objects.boxes.tolist() == [[1, 2, 4, 6]] and catalog.categories.names == ("x",)
    assert catalog.notes == ("Key not read: note.", NOTE)


def test_labels(lay):
    rows = [{"file_name": f"{stem}.jpg", "label": i % 2, "age": 3} for i, stem in enumerate("abcd")]
    root = lay(
        [f"train/{stem}.jpg" for stem in "abcd"], {"train/metadata.jsonl": rows, "README.md": CARD.format("label")}
    )
    catalog = read(root)
    assert not catalog.multi_label and catalog.annotation == "labels"
    assert listing(catalog)["train/b.jpg"] == ("train", "cat")
    assert catalog.notes == ("Key not read: age.", "Class ids are named by README.md.")


def test_lists_of_labels(lay):
    rows = [{"file_name": "a.jpg", "labels": ["x", "y"]}, {"file_name": "b.jpg", "labels": []}]
    catalog = read(lay(["a.jpg", "b.jpg"], {"metadata.jsonl": rows}))
    assert catalog.multi_label and listing(catalog) == {"a.jpg": ("", "x|y"), "b.jpg": ("", "")}


def test_metadata_csv_is_a_table(lay):
    text = "file_name,label\na.jpg,x\nb.jpg,y\n"
    folders = ("train", "test")
    root = lay(
        [f"{folder}/{stem}.jpg" for folder in folders for stem in "ab"],
        {f"{folder}/metadata.csv": text for folder in folders},
    )
    catalog = read(root)
    assert catalog.format == "table" and listing(catalog)["test/b.jpg"] == ("test", "y")


def test_a_model_s_own_map(lay):
    root = lay(["a.jpg"], {"metadata.jsonl": [row("a.jpg", label="cat")]})
    assert read(root, categories=Categories(("ant", "cat"))).objects.labels.tolist() == [1]
    with pytest.raises(CategoryError, match=r"metadata\.jsonl, line 1: unknown class 'cat'"):
        read(root, categories=Categories(("ant", "bee")))


def test_faults_are_told(lay):
    rows = [
        row("a.jpg"),
        row("b.jpg", box=(1, 2, "wide", 4)),
        {"file_name": "c.jpg", "objects": {"bbox": [[1, 2, 3, 4]], "categories": []}},
        row("d.jpg", label=None),
        row("e.jpg"),
    ]
    catalog = read(lay([f"{stem}.jpg" for stem in "abcdx"], {"metadata.jsonl": rows}))
    assert [(r.path, r.where, r.kind, r.message) for r in catalog.repairs] == [
        ("b.jpg", "metadata.jsonl, line 2, object 1", "malformed", 'bbox is [1, 2, "wide", 4], not four numbers'),
        ("c.jpg", "metadata.jsonl, line 3", "malformed", "objects has 1 boxes and 0 classes"),
        (
            "d.jpg",
            "metadata.jsonl, line 4, object 1",
            "malformed",
            "the class is null, neither text nor a whole number",
        ),
        ("e.jpg", "metadata.jsonl, line 5", "missing", "is listed but does not exist"),
        ("x.jpg", "metadata.jsonl", "unlisted", "is in set but not listed"),
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (GOOD + '{"file_name"', ", line 2, column 13: not JSON (Expecting ':' delimiter)."),
        (GOOD + "[]\n", ", line 2: not a JSON object."),
        (GOOD + '{"file_name": "a.jpg", "label": {}}\n', ", line 2: the class is {}, neither text nor a whole number."),
        (GOOD + '{"label": 1}\n', ", line 2: 'file_name' is missing or not the name of a file."),
        (GOOD + '{"file_name": "z.jpg", "label": 1}\n', ", line 2: no file 'z.jpg' in ROOT."),
        ('{"file_name": "a.jpg", "objects": []}\n', "ROOT: no row of metadata.jsonl has a usable box."),
    ],
)
def test_bad_rows_are_named(lay, text, what):
    root = lay(["a.jpg"], {"metadata.jsonl": text})
    with pytest.raises(DataError) as caught:
        read(root)
    place = "" if what.startswith("ROOT") else f"{root}/metadata.jsonl"
    assert caught.value.what == f"{place}{what.replace('ROOT', str(root))}"


def test_captions_are_refused(lay):
    root = lay(["train/a.jpg"], {"train/metadata.jsonl": [{"file_name": "a.jpg", "text": "a cat"}]})
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}: train/metadata.jsonl names images, but no labels and no boxes; its keys are file_name, text.\n"
        "Add a key 'label' or 'objects' to metadata.jsonl."
    )


def test_a_key_of_splits(lay):
    rows = [
        {"image": f"{stem}.jpg", "label": label, "Split": split}
        for stem, label, split in (("a", "x", "Training"), ("b", "x", "validation"), ("c", "y", ""))
    ]
    catalog = read(lay(["a.jpg", "b.jpg", "c.jpg"], {"metadata.jsonl": rows}))
    assert listing(catalog) == {"a.jpg": ("train", "x"), "b.jpg": ("val", "x"), "c.jpg": ("", "y")}
    rows = [{**row("a.jpg"), "split": "test"}]
    assert listing(read(lay(["a.jpg"], {"metadata.jsonl": rows})))["a.jpg"][0] == "test"
