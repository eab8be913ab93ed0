"""`foveal data convert` beyond boxes: crops, and combinations that make no sense."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.tools.layout_examples import box_of, picture, put


@pytest.fixture
def boxes(tmp_path):
    rows = [{"id": i, "image_id": i, "category_id": 1 + i % 2, "bbox": box_of(i)} for i in range(4)]
    document = {
        "images": [{"id": i, "file_name": f"{i}.jpg", "width": 8, "height": 8} for i in range(4)],
        "annotations": rows,
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    }
    for i in range(4):
        put(tmp_path / "set" / "images" / f"{i}.jpg", picture(i))
    put(tmp_path / "set" / "annotations" / "instances.json", document)
    return tmp_path / "set"


def test_crops_are_an_image_folder_that_is_recognised(here, boxes, tmp_path):
    done = here("data", "convert", boxes, tmp_path / "out", "--crops", "--crop-min-size", 2, "--crop-margin", "0.25")
    assert done.code == 0, done.err
    assert "Wrote 4 images with 4 objects" in done.out
    assert "JPEG of quality 95, with 25% of the box on each side" in done.out
    assert "image folder" in here("data", "inspect", tmp_path / "out").out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "No format is given."),
        (["--to", "coco", "--crops"], "--crops writes an image folder, not coco."),
        (["--crops", "--link"], "--link: crops are new images"),
        (["--to", "coco", "--crop-min-size", "3"], "Margin, minimum size, format and quality are of crops."),
        (["--crops", "--crop-format", "png", "--crop-quality", "50"], "--crop-quality is for JPEG files."),
        (["--to", "image_folder"], "has boxes, which an image folder cannot hold"),
        (["--to", "mask_folder"], "objects have boxes but no segmentations"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(here, boxes, tmp_path, options, says):
    done = here("data", "convert", boxes, tmp_path / "out", *options)
    assert done.code == 2
    assert says in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


def test_parquet_is_taken_out_and_refused_elsewhere(here, tmp_path):
    hub = tmp_path / "hub"
    hub.mkdir()
    rows = [{"bytes": picture(at), "path": f"{at}.jpg"} for at in range(4)]
    made = pa.table({"image": rows, "label": ["cat", "dog", "cat", "dog"]})
    pq.write_table(made, hub / "train-00000-of-00001.parquet")
    done = here("data", "convert", hub, tmp_path / "pets", "--to", "image_folder")
    assert (done.code, "4 images taken out of train-00000-of-00001.parquet." in done.out) == (0, True), done.err
    assert (tmp_path / "pets/train/cat/2.jpg").read_bytes() == picture(2)
    done = here("data", "convert", hub, tmp_path / "boxes", "--to", "coco")
    assert (done.code, f"{hub} has class labels only; coco needs boxes." in done.err) == (2, True), done.err
    done = here("data", "inspect", hub)
    assert (done.code, f"foveal data convert {hub} NEW --to image_folder" in done.err) == (2, True), done.err
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["hub", "pets"]
