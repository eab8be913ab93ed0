"""A side-car follows the annotations: what was edited since wins, what is gone is told."""

import json

import pytest

from foveal.data.catalog.catalog import Repair
from foveal.data.formats.convert import convert
from foveal.data.formats.read import read
from foveal.data.formats.sidecar.reader import NAME
from foveal.data.inspection.check import check
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories


@pytest.fixture
def voc(make_coco, coco_document, tmp_path):
    """A COCO set written as Pascal VOC, with its side-car."""
    convert(read(make_coco(coco_document)), tmp_path / "voc", to="voc")
    return tmp_path / "voc"


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_an_object_moved_since_keeps_its_new_place(voc):
    edit(voc / "Annotations/b.xml", "<xmax>12</xmax>", "<xmax>20</xmax>")
    catalog = read(voc)
    (thing,) = catalog.objects[1]
    assert thing.box == (2, 2, 20, 22) and thing.segmentation is None
    assert catalog.notes == ("1 entry matches no object any more and was left out (foveal-sidecar.json).",)


def test_an_object_taken_out_takes_its_entry_along(voc):
    text = (voc / "Annotations/a.xml").read_text()
    first = text[text.index("\t<object>") : text.index("</object>") + len("</object>\n")]
    (voc / "Annotations/a.xml").write_text(text.replace(first, ""))
    (crowd,) = read(voc).objects[0]
    assert crowd.id == 6 and crowd.segmentation["counts"] == [1000, 12, 2060]


def test_a_class_added_since_makes_the_class_map_the_format_s_own(voc):
    edit(voc / "Annotations/b.xml", "<name>dog</name>", "<name>cow</name>")
    for file in (voc / "ImageSets/Main").glob("*_*.txt"):
        file.unlink()
    assert read(voc).categories == Categories(("car", "cat", "cow"))


def test_it_counts_only_for_the_format_it_was_written_for(voc, tmp_path):
    convert(read(voc), tmp_path / "coco2", to="coco")
    (tmp_path / "coco2" / NAME).write_bytes((voc / NAME).read_bytes())
    assert read(tmp_path / "coco2", bad="error").notes == (
        "Kept and written back, but not used: score_of_annotator (of 1 annotation).",
    )


def test_entries_of_images_that_are_gone_are_told(voc):
    for folder, suffix in (("Annotations", "xml"), ("JPEGImages", "jpg")):
        (voc / folder / f"b.{suffix}").unlink()
    for file in (voc / "ImageSets/Main").iterdir():
        file.write_text("".join(line for line in file.read_text().splitlines(True) if not line.startswith("b")))
    assert read(voc, bad="error").notes == (
        "2 entries match no object any more and were left out (foveal-sidecar.json).",
    ), "what was said of the image, and of its one object"


@pytest.fixture
def yolo(make_coco, coco_document, tmp_path):
    """A COCO set written as YOLO: its crowd stands in the side-car alone."""
    convert(read(make_coco(coco_document)), tmp_path / "yolo", to="yolo")
    return tmp_path / "yolo"


WHOLE = "foveal-sidecar.json, object 0 of images/train/a.jpg"


def test_a_whole_object_of_a_renamed_image_is_told(yolo):
    for file in ("images/train/a.jpg", "labels/train/a.txt"):
        (yolo / file).rename(yolo / file.replace("a.", "z."))
    catalog = read(yolo)
    fault = Repair("", WHOLE, "unknown_image", "its image is missing or unusable", "dropped")
    assert catalog.repairs == (fault,) and [p.where for p in check(catalog)] == [WHOLE]
    with pytest.raises(DataError):
        read(yolo, bad="error")


def test_a_whole_object_of_a_renamed_class_is_told(yolo):
    edit(yolo / "data.yaml", "car", "bus")
    catalog = read(yolo)
    fault = Repair("images/train/a.jpg", WHOLE, "unknown_class", "the class 'car' does not exist", "dropped")
    assert catalog.repairs == (fault,) and len(catalog.objects[0]) == 1
    assert catalog.categories.names == ("dog", "cat", "bus")


def test_a_whole_object_of_a_class_that_a_model_lacks(yolo):
    with pytest.raises(CategoryError) as caught:
        read(yolo, categories=Categories(("cat", "dog")))
    assert caught.value.what == f"{yolo}/foveal-sidecar.json: unknown class 'car'."


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        (
            "{",
            "{}: is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)).",
            "Convert the data set again, or remove the file.",
        ),
        ("[]", "{}: is not a side-car file.", "Convert the data set again, or remove the file."),
        ('{"foveal_sidecar": 9, "images": {}}', "{}: version 9 is unknown.", "Update Foveal."),
        (
            '{"foveal_sidecar": 1, "format": "voc", "images": {"JPEGImages/a.jpg": {"objects": [{}]}}}',
            "{}: an entry is invalid.",
            "Convert the data set again, or remove the file.",
        ),
        (
            '{"foveal_sidecar": 1, "format": "voc", "categories": {"names": 3}, "images": {}}',
            "{}: has no valid class map.",
            "Convert the data set again, or remove the file.",
        ),
    ],
)
def test_broken_side_cars_are_named(voc, text, what, hint):
    (voc / NAME).write_text(text)
    with pytest.raises(DataError) as caught:
        read(voc)
    assert str(caught.value) == f"{what.replace('{}', str(voc / NAME), 1)}\n{hint}"


def test_without_it_the_format_s_own_remains(voc):
    assert set(json.loads((voc / NAME).read_text())) == {"foveal_sidecar", "format", "categories", "about", "images"}
    (voc / NAME).unlink()
    catalog = read(voc, bad="error")
    assert catalog.categories == Categories(("car", "cat", "dog"))
    assert catalog.objects[1][0].box == (2, 2, 12, 22)
