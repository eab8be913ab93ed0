"""FiftyOne's exports: whole data sets, labels and boxes by the names of images."""

import base64
import io
import zlib

import numpy as np
import pytest
from PIL import Image

from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.types.flags import Flag
from foveal.types.rle import Rle

BOX = [0.25, 0.5, 0.5, 0.25]
PIXELS = (16, 24, 48, 36)


def detections(*found):
    return {"_cls": "Detections", "detections": [{"_cls": "Detection", **one} for one in found]}


def sample(name, tags=(), **fields):
    return {"_id": {"$oid": name}, "filepath": f"data/{name}.jpg", "tags": list(tags), "metadata": None, **fields}


def test_boxes_by_the_names_of_images(lay, told):
    labels = {
        "a": [{"label": 1, "bounding_box": BOX, "iscrowd": 1, "by": "me"}],
        "b": [{"label": "cat", "bounding_box": [0, 0, 1, 1]}],
        "c": [],
    }
    files = {"data/a.jpg": 0, "data/b.jpg": 0, "data/c.jpg": 0}
    catalog = read(lay({**files, "labels.json": {"classes": ["cat", "dog"], "labels": labels}}))
    assert (catalog.format, catalog.categories.names) == ("fiftyone", ("cat", "dog"))
    assert told(catalog) == {
        "data/a.jpg": ("", [("dog", PIXELS, Flag.CROWD)]),
        "data/b.jpg": ("", [("cat", (0, 0, 64, 48), 0)]),
        "data/c.jpg": ("", []),
    }
    assert catalog.objects[0][0].extras == {"fiftyone": {"by": "me"}}
    assert catalog.notes == ()


@pytest.mark.parametrize("names", [["cat", "dog"], None])
def test_labels_by_the_names_of_images(lay, names):
    labels = {"a": 1, "b": 0} if names else {"a": "dog", "b": "cat"}
    document = {"classes": names, "labels": labels}
    files = {f"{split}/data/{name}.jpg": 0 for split in ("train", "val") for name in "ab"}
    catalog = read(lay({**files, "train/labels.json": document, "val/labels.json": document}))
    assert (catalog.annotation, catalog.categories.names) == ("labels", ("cat", "dog"))
    assert [(catalog.names[at], catalog.labels[at].tolist(), int(catalog.splits[at])) for at in range(4)] == [
        ("train/data/a.jpg", [1], 0),
        ("train/data/b.jpg", [0], 0),
        ("val/data/a.jpg", [1], 1),
        ("val/data/b.jpg", [0], 1),
    ]


def test_a_whole_data_set(lay, told):
    file = io.BytesIO()
    np.save(file, np.array([[1, 0], [1, 1]], bool))
    mask = {"$binary": {"base64": base64.b64encode(zlib.compress(file.getvalue())).decode(), "subType": "00"}}
    ring = {"label": "dog", "closed": True, "points": [[[0, 0], [0.5, 0], [0.5, 0.5]]]}
    cat = {"label": "cat", "bounding_box": BOX}
    samples = [
        sample("a", ["train"], predictions=detections(), ground_truth=detections(cat)),
        sample("b", ["validation"], ground_truth=detections({**cat, "mask": mask})),
        sample("c", ["train"], ground_truth={"_cls": "Polylines", "polylines": [ring, {**ring, "closed": False}]}),
        sample("d", ["train"], ground_truth=detections({"label": "cat", "bounding_box": [1, 2]})),
    ]
    files = {f"data/{name}.jpg": 0 for name in "abcd"}
    meta = {"name": "x", "media_type": "image", "sample_fields": []}
    catalog = read(lay({**files, "samples.json": {"samples": samples}, "metadata.json": meta}))
    assert told(catalog) == {
        "data/a.jpg": ("train", [("cat", PIXELS, 0)]),
        "data/b.jpg": ("val", [("cat", PIXELS, 0)]),
        "data/c.jpg": ("train", [("dog", (0, 0, 32, 24), 0)]),
        "data/d.jpg": ("train", []),
    }
    drawn = Rle.from_coco(catalog.objects[1][0].segmentation).mask()
    assert drawn[24:36, 16:48].sum() == drawn.sum() == 3 * 6 * 16
    assert not drawn[24:30, 32:48].any()
    assert [repair.message for repair in catalog.repairs] == ["bounding_box is [1, 2], not four numbers"]
    assert "Labels are those of the field 'ground_truth'; not read: predictions." in catalog.notes
    assert "1 open line not read: no area." in catalog.notes


def test_labels_of_samples(lay):
    samples = [sample(n, label={"_cls": "Classification", "label": label}) for n, label in (("a", "x"), ("b", "y"))]
    catalog = read(lay({"data/a.jpg": 0, "data/b.jpg": 0, "samples.json": {"samples": samples}}))
    assert (catalog.annotation, catalog.categories.names) == ("labels", ("x", "y"))


def test_a_table_of_class_names_is_no_export(lay):
    document = {"classes": ["cat", "dog"], "labels": {"0": "cat", "1": "dog"}}
    catalog = read(lay({"cat/1.jpg": 0, "dog/2.jpg": 0, "labels.json": document}))
    assert catalog.format == "image_folder"


def test_several_labels_and_labels_with_confidences(lay):
    several = {"a": ["cat", "dog"], "b": [{"label": "cat", "confidence": 0.5}], "c": []}
    files = {f"data/{name}.jpg": 0 for name in "abc"}
    catalog = read(lay({**files, "labels.json": {"classes": None, "labels": several}}))
    assert [sorted(catalog.labels[at].tolist()) for at in range(3)] == [[0, 1], [0], []]
    one = {"a": {"label": 0, "confidence": 0.5}, "b": {"label": 1}, "c": None}
    catalog = read(lay({**files, "labels.json": {"classes": ["cat", "dog"], "labels": one}}, root="one"))
    assert [catalog.labels[at].tolist() for at in range(2)] == [[0], [1]]
    assert "1 image without a label left out: data/c.jpg." in catalog.notes


def test_masks_in_files_of_their_own(lay, told, tmp_path):
    part = Image.fromarray(np.array([[255, 0], [255, 255]], np.uint8))
    cat = {"label": "cat", "bounding_box": BOX}
    samples = [
        sample("a", ground_truth=detections({**cat, "mask_path": "fields/ground_truth.detections/m.png"})),
        sample("b", ground_truth=detections({**cat, "mask_path": "/home/me/fields/ground_truth.detections/m.png"})),
        sample("c", ground_truth=detections({**cat, "mask_path": "gone.png"})),
        sample("d", ground_truth=detections({**cat, "mask_path": "fields/no.png"})),
    ]
    root = lay({f"data/{name}.jpg": 0 for name in "abcd"} | {"samples.json": {"samples": samples}})
    (root / "fields/ground_truth.detections").mkdir(parents=True)
    part.save(root / "fields/ground_truth.detections/m.png")
    (root / "fields/no.png").write_bytes(b"no image")
    catalog = read(root)
    for at in (0, 1):
        drawn = Rle.from_coco(catalog.objects[at][0].segmentation).mask()
        assert drawn[24:36, 16:48].sum() == drawn.sum() == 3 * 6 * 16
    assert (catalog.objects[2][0].box, catalog.objects[2][0].segmentation) == (PIXELS, None)
    assert "1 mask in a file of its own that is not there: the object is its box." in catalog.notes
    (fault,) = catalog.repairs
    assert fault.path == "data/d.jpg" and fault.message.startswith("its mask cannot be read (")
    assert not any("without annotations" in note for note in catalog.notes)


def test_semantic_masks_are_refused_with_the_way(lay):
    masks = {"_cls": "Segmentation", "mask_path": "fields/ground_truth/a.png"}
    root = lay({"data/a.jpg": 0, "samples.json": {"samples": [sample("a", ground_truth=masks)]}})
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}/samples.json: the field 'ground_truth' holds semantic masks, not objects or labels.\n"
        "Read the folders of both: --data.format mask_folder --data.images IMAGES --data.labels fields/ground_truth"
    )
