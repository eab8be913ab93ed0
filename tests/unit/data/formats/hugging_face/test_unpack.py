"""Hugging Face's Parquet and Arrow files: refused as they are, taken out by a conversion."""

import io
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from foveal.data.formats.hugging_face.stored import shards_of
from foveal.data.formats.hugging_face.unpack import unpacked
from foveal.data.formats.read import read
from foveal.data.formats.recognition.tree import Tree
from foveal.errors import DataError, MissingExtraError

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
LABEL = {"names": ["dog", "cat"], "_type": "ClassLabel"}
BOXES = {"feature": {"dtype": "float32", "_type": "Value"}, "length": 4, "_type": "Sequence"}
OBJECTS = {"feature": {"bbox": BOXES, "category": LABEL}, "_type": "Sequence"}


def picture(seed, size=(40, 30), kind="JPEG", values=256):
    pixels = np.random.default_rng(seed).integers(0, values, size[::-1], dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def table(columns, features):
    made = pa.table(columns)
    return made.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def images(count, start=0, **more):
    return pa.array([{"bytes": picture(start + at, **more), "path": None} for at in range(count)], IMAGE)


def labelled(labels, start=0):
    columns = {"image": images(len(labels), start), "label": pa.array(labels, pa.int64())}
    return table(columns, {"image": {"_type": "Image"}, "label": LABEL})


@pytest.fixture
def shards(tmp_path):
    (tmp_path / "hub/data").mkdir(parents=True)
    pq.write_table(labelled([0, 1, 1]), tmp_path / "hub/data/train-00000-of-00002.parquet")
    pq.write_table(labelled([0], 5), tmp_path / "hub/data/train-00001-of-00002.parquet")
    pq.write_table(labelled([-1, -1], 9), tmp_path / "hub/data/test-00000-of-00001-0123456789abcdef.parquet")
    pq.write_table(labelled([1], 12), tmp_path / "hub/data/validation-00000-of-00001.parquet")
    (tmp_path / "hub/README.md").write_text("---\nlicense: mit\n---\n")
    return tmp_path / "hub"


def test_files_are_refused_with_the_command(shards):
    with pytest.raises(DataError) as caught:
        read(shards)
    assert str(caught.value) == (
        f"{shards}: data/test-00000-of-00001-0123456789abcdef.parquet, data/train-00000-of-00002.parquet,"
        " data/train-00001-of-00002.parquet, data/validation-00000-of-00001.parquet hold the images, which Foveal"
        f" reads from files.\nTake them out once: foveal data convert {shards} NEW --to image_folder"
    )
    with pytest.raises(DataError, match="Take them out once") as caught:
        read(shards / "data/train-00000-of-00002.parquet", format="hugging_face")
    assert f"convert {shards}/data/train-00000-of-00002.parquet NEW" in caught.value.hint


def test_labels(shards, tmp_path):
    with unpacked(shards, tmp_path / "out") as (folder, notes):
        catalog = read(folder)
        found = {catalog.names[at]: catalog.categories.names[catalog.labels[at][0]] for at in range(len(catalog))}
        assert found == {
            "train/000000.jpg": "dog",
            "train/000001.jpg": "cat",
            "train/000002.jpg": "cat",
            "train/000003.jpg": "dog",
            "validation/000000.jpg": "cat",
        }
        assert catalog.path(3).read_bytes() == picture(5)
        assert notes[0].startswith("5 images taken out of data/test-00000-of-00001-0123456789abcdef.parquet, ")
        assert notes[1:] == ("2 rows of test without a class left out.",)
    assert [path.name for path in tmp_path.iterdir()] == ["hub"], "nothing stays"


@pytest.mark.parametrize("rows", ["columns", "records"])
def test_boxes_keep_the_order_of_classes(tmp_path, rows):
    boxes, feature = [[1.0, 2.0, 10.0, 5.0], [0.0, 0.0, 4.0, 4.0]], OBJECTS
    objects = [{"bbox": boxes, "category": [1, 0]}, {"bbox": [], "category": []}]
    if rows == "records":
        feature = [{"bbox": BOXES, "category": LABEL}]
        objects = [[{"bbox": boxes[0], "category": 1}, {"bbox": boxes[1], "category": 0}], []]
    made = table({"image": images(2), "objects": objects}, {"image": {"_type": "Image"}, "objects": feature})
    pq.write_table(made, tmp_path / "train.parquet")
    with pytest.raises(DataError, match="NEW --to coco"):
        read(tmp_path / "train.parquet")
    with unpacked(tmp_path / "train.parquet", tmp_path / "out") as (folder, _):
        catalog = read(folder)
        assert catalog.categories.names == ("dog", "cat")
        assert [(item.box, item.label) for item in catalog.objects[0]] == [((1, 2, 11, 7), 1), ((0, 0, 4, 4), 0)]
        assert catalog.objects[1] == []


def test_masks(tmp_path):
    masks = pa.array([{"bytes": picture(at, kind="PNG", values=3), "path": None} for at in range(2)], IMAGE)
    features = {"image": {"_type": "Image"}, "annotation": {"_type": "Image"}}
    made = table({"image": images(2), "annotation": masks, "scene": ["a", "b"]}, features)
    pq.write_table(made, tmp_path / "train-00000-of-00001.parquet")
    with unpacked(tmp_path, tmp_path.with_suffix(".out")) as (folder, notes):
        catalog = read(folder)
        assert catalog.annotation == "masks"
        assert [catalog.masks[at] for at in range(2)] == ["masks/train/000000.png", "masks/train/000001.png"]
        assert notes[1] == "Columns not read: scene."


def test_arrow_files_that_datasets_saved(tmp_path):
    for split, labels in (("train", [0, 1]), ("test", [1])):
        (tmp_path / "saved" / split).mkdir(parents=True)
        made = labelled(labels, len(labels))
        name = str(tmp_path / "saved" / split / "data-00000-of-00001.arrow")
        with pa.OSFile(name, "wb") as file, pa.ipc.new_stream(file, made.schema) as writer:
            writer.write_table(made)
    with unpacked(tmp_path / "saved", tmp_path / "out") as (folder, _):
        assert [read(folder).names[at] for at in range(3)] == [
            "test/000000.jpg",
            "train/000000.jpg",
            "train/000001.jpg",
        ]


def test_names_types_and_columns_that_are_called_otherwise(tmp_path):
    pictures = pa.array([{"bytes": picture(at), "path": f"x/{'n1_7.JPEG'}"} for at in range(2)], IMAGE)
    fine = {"names": ["ant", "bee"], "_type": "ClassLabel"}
    made = table(
        {"img": pictures, "fine_label": [0, 1], "coarse_label": [0, 0], "raw": [b"1", b"2"]},
        {"img": {"_type": "Image"}, "fine_label": fine, "coarse_label": {"names": ["x"], "_type": "ClassLabel"}},
    )
    (tmp_path / "cifar100/train").mkdir(parents=True)
    pq.write_table(made, tmp_path / "cifar100/train/0000.parquet")
    with unpacked(tmp_path, tmp_path.with_suffix(".out")) as (folder, notes):
        catalog = read(folder)
        assert [catalog.names[at] for at in range(2)] == ["train/000001.jpg", "train/n1_7.jpg"]
        assert catalog.categories.names == ("ant", "bee")
        assert notes[1:] == ("Column 'fine_label' is read as the class.", "Columns not read: raw.")
        assert any("coarse_label" in note for note in catalog.notes)


def test_names_of_the_card_where_the_file_has_none(tmp_path):
    (tmp_path / "hub/data").mkdir(parents=True)
    pq.write_table(pa.table({"image": images(2), "label": [1, 0]}), tmp_path / "hub/data/train-00000-of-00001.parquet")
    label = "- name: label\n    dtype:\n      class_label:\n        names: [ant, bee]"
    card = f"---\ndataset_info:\n  features:\n  {label}\n---\n"
    (tmp_path / "hub/README.md").write_text(card)
    for source in (tmp_path / "hub", tmp_path / "hub/data/train-00000-of-00001.parquet"):
        with unpacked(source, tmp_path / "out") as (folder, _):
            catalog = read(folder)
            assert [catalog.categories.names[catalog.labels[at][0]] for at in range(2)] == ["bee", "ant"]


def test_several_labels_and_rows_without_one(tmp_path):
    several = {"feature": LABEL, "_type": "Sequence"}
    made = table({"image": images(3), "labels": [[0, 1], [1], []]}, {"image": {"_type": "Image"}, "labels": several})
    pq.write_table(made, tmp_path / "train.parquet")
    with unpacked(tmp_path, tmp_path.with_suffix(".out")) as (folder, _):
        catalog = read(folder)
        assert catalog.categories.names == ("cat", "dog")
        assert [sorted(catalog.labels[at].tolist()) for at in range(3)] == [[0, 1], [0], []]
    made = table({"image": images(3), "labels": [0, 1, -1]}, {"image": {"_type": "Image"}, "labels": LABEL})
    pq.write_table(made, tmp_path / "train.parquet")
    with unpacked(tmp_path, tmp_path.with_suffix(".out")) as (folder, notes):
        assert len(read(folder)) == 2
        assert notes[1:] == ("1 row of train without a class left out.",)


def test_digits_are_classes_not_ids(tmp_path):
    names = {"names": ["1", "0"], "_type": "ClassLabel"}
    made = table({"image": images(2), "label": [0, 1]}, {"image": {"_type": "Image"}, "label": names})
    pq.write_table(made, tmp_path / "train.parquet")
    with unpacked(tmp_path, tmp_path.with_suffix(".out")) as (folder, _):
        catalog = read(folder)
        assert [catalog.categories.names[catalog.labels[at][0]] for at in range(2)] == ["1", "0"]


def test_configurations_are_not_mixed(tmp_path):
    for config in ("easy", "hard"):
        (tmp_path / config).mkdir()
        pq.write_table(labelled([0, 1]), tmp_path / config / "train-00000-of-00001.parquet")
    with pytest.raises(DataError) as caught, unpacked(tmp_path, tmp_path.with_suffix(".out")):
        pass
    assert str(caught.value) == (
        f"{tmp_path} has 2 configurations of a data set: easy, hard.\nName one: {tmp_path / 'easy'}."
    )


def text_alone():
    return pa.table({"text": ["a"]})


def elsewhere():
    return pa.table({"image": pa.array([{"bytes": None, "path": "/x/1.jpg"}], IMAGE), "label": ["a"]})


@pytest.mark.parametrize(
    ("made", "what"),
    [
        (text_alone, " has no column of images; its columns are text."),
        (elsewhere, ", row 1: column 'image' holds no image; it names the file /x/1.jpg."),
        (
            lambda: pa.table({"image": [b"no image"], "label": ["a"]}),
            ", row 1: these are not the bytes of an image that Foveal reads.",
        ),
        (
            lambda: labelled([-1]),
            "train.parquet: no row has an image and a label.",
        ),
    ],
)
def test_faults_are_named(tmp_path, made, what):
    pq.write_table(made(), tmp_path / "train.parquet")
    with pytest.raises(DataError) as caught, unpacked(tmp_path, tmp_path.with_suffix(".out")):
        pass
    assert caught.value.what.removeprefix(str(tmp_path / "train.parquet")) == what


def test_a_broken_file(tmp_path):
    (tmp_path / "train.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataError, match=r"train.parquet: cannot be read \("), unpacked(tmp_path, tmp_path / "o"):
        pass


def test_without_pyarrow(shards, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError) as caught, unpacked(shards, tmp_path / "out"):
        pass
    assert str(caught.value) == (
        "To read Parquet and Arrow files, Foveal needs the package 'pyarrow', which is not installed.\n"
        "Install it with: pip install 'foveal[parquet]'"
    )


@pytest.mark.parametrize(
    ("name", "split", "config"),
    [
        ("data/train-00000-of-00001.parquet", "train", ""),
        ("default/train/0000.parquet", "train", ""),
        ("train/data-00000-of-00001.arrow", "train", ""),
        ("cats-validation.arrow", "validation", ""),
        ("plain/test-00000-of-00003-0123456789abcdef.parquet", "test", "plain"),
        ("data-00000-of-00001.arrow", "", ""),
        ("extra-00000-of-00001.parquet", "extra", ""),
    ],
)
def test_splits_of_files(tmp_path, name, split, config):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    (shard,) = shards_of(Tree(tmp_path))
    assert (shard.split, shard.config) == (split, config)


def test_metadata_beside_images_is_read(tmp_path):
    """The columns of metadata.jsonl; ids are named by the file itself."""
    label = {"image": {"_type": "Image"}, "label": LABEL}
    boxes = {"objects": [{"bbox": BOXES, "category": LABEL}]}
    for name, columns, features in (
        ("labels", {"file_name": ["a.png", "b.png"], "label": [1, 0], "day": [1, 2]}, label),
        ("boxes", {"file_name": ["a.png"], "objects": [[{"bbox": [1.0, 2.0, 10.0, 5.0], "category": 1}]]}, boxes),
    ):
        for split in ("train", "test"):
            home = tmp_path / name / split
            home.mkdir(parents=True)
            for at, file in enumerate(columns["file_name"]):
                (home / file).write_bytes(picture(at, kind="PNG"))
            pq.write_table(table(columns, features), home / "metadata.parquet")
    catalog = read(tmp_path / "labels")
    assert (catalog.format, catalog.categories.names) == ("hugging_face", ("cat", "dog"))
    assert catalog.why == "test/metadata.parquet, train/metadata.parquet name images and their labels"
    assert [catalog.names[at] for at in range(4)] == ["test/a.png", "test/b.png", "train/a.png", "train/b.png"]
    assert [catalog.labels[at].tolist() for at in range(4)] == [[0], [1], [0], [1]]
    assert catalog.notes == ("Key not read: day.",)
    catalog = read(tmp_path / "boxes")
    assert (catalog.annotation, catalog.categories.names) == ("boxes", ("dog", "cat"))
    assert [(item.box, item.label) for item in catalog.objects[0]] == [((1, 2, 11, 7), 1)]


def test_metadata_beside_images_without_pyarrow(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(picture(0, kind="PNG"))
    pq.write_table(pa.table({"file_name": ["a.png"], "label": ["x"]}), tmp_path / "metadata.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"to read metadata\.parquet, pyarrow is needed\.") as caught:
        read(tmp_path)
    assert "pip install 'foveal[parquet]'" in caught.value.hint
