"""Data sets as tools lay them out: read right, or refused in one line that names what is there."""

import numpy as np
import pytest
from PIL import Image

from foveal.data.formats.mask_folder.class_table import read_file
from foveal.data.formats.read import read
from foveal.errors import DataError

SHAPE = [[5, 6, 20, 6, 20, 22]]
YOLO_LINE = "0 0.5 0.5 0.25 0.5\n"
XML = (
    "<annotation><filename>{}</filename><size><width>64</width><height>48</height></size><object><name>bolt</name>"
    "<bndbox><xmin>6</xmin><ymin>7</ymin><xmax>20</xmax><ymax>22</ymax></bndbox>{}</object></annotation>"
)
TITLES = "filename,class,xmin,ymin,xmax,ymax\n"


def coco(*names, **more):
    """One object of the class bolt in each image."""
    return {
        "images": [{"id": i, "file_name": name, "width": 64, "height": 48} for i, name in enumerate(names)],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 1, "bbox": [5, 6, 15, 16], **more} for i in range(len(names))
        ],
        "categories": [{"id": 1, "name": "bolt"}],
    }


def splits(told, catalog):
    """The split of each image, and how many objects it has."""
    return {name: (split, len(rows)) for name, (split, rows) in told(catalog).items()}


def test_fiftyone_keeps_the_source_of_its_files_aside(lay, told):
    both = ("train", "validation")
    root = lay(
        {
            **{f"{split}/labels.json": coco(f"{split}.jpg") for split in both},
            **{f"{split}/data/{split}.jpg": None for split in both},
            "raw/instances_train2017.json": coco("train.jpg", "other.jpg"),
        }
    )
    catalog = read(root)
    assert splits(told, catalog) == {
        "train/data/train.jpg": ("train", 1),
        "validation/data/validation.jpg": ("val", 1),
    }
    assert catalog.notes == ("Not read: instances_train2017.json (further objects).",)


def test_of_two_data_sets_with_equal_names_the_images_are_those_beside(lay, told):
    root = lay(
        {
            "coco/annotations/train.json": coco("a.jpg"),
            "coco/images/a.jpg": None,
            "yolo/images/a.jpg": None,
            "yolo/labels/a.txt": YOLO_LINE,
            "yolo/data.yaml": "train: images\nval: images\nnames: [nut]\n",
        }
    )
    catalog = read(root)
    assert splits(told, catalog) == {"coco/images/a.jpg": ("train", 1)}
    assert "1 folder with images not read: yolo/images." in catalog.notes


def test_annotations_of_one_image_each_are_not_coco(lay):
    page = {"file": "a.jpg", "annotations": [{"class_id": 0, "left": 5}], "categories": [{"class_id": 0}]}
    root = lay({"train/a.jpg": None, "val/b.jpg": None, "train_annotation/a.json": page})
    with pytest.raises(DataError, match=r"train_annotation/a\.json is of no format or layout that is recognised"):
        read(root)


@pytest.mark.parametrize("box", ["[5, 6, 15, 16]", [[5, 6, 15, 16]], ["5", "6", "15", "16"]])
def test_a_box_in_another_form_is_taken(lay, told, box):
    catalog = read(lay({"a.json": coco("a.jpg", bbox=box), "images/a.jpg": None}))
    assert told(catalog)["images/a.jpg"][1][0][1] == (5, 6, 20, 22)
    assert any("bbox" in note for note in catalog.notes)


def test_folders_of_images_that_no_coco_file_lists_are_told(lay):
    files = {f"{split}/{split}.jpg": None for split in ("train", "val", "test")}
    root = lay({**files, "train.json": coco("train.jpg"), "val.json": coco("val.jpg")})
    assert read(root).notes == ("1 folder with images not read: test.",)


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({"annotations/a.json": coco("a.jpg")}, "COCO"),
        ({"Annotations/a.xml": XML.format("a.jpg", "")}, "VOC"),
    ],
)
def test_labels_of_yolo_beside_other_annotations_are_told(lay, files, where):
    root = lay({**files, "images/a.jpg": None, "labels/a.txt": YOLO_LINE})
    note = f"Not read as YOLO: {root} has label files of YOLO for 1 of 1 image, but no class names."
    assert note in read(root).notes


def test_tables_around_xml_beside_the_images_are_told(lay):
    files = {f"images/{s}/{s}.xml": XML.format(f"{s}.jpg", "") for s in ("train", "test")}
    files |= {f"images/{s}/{s}.jpg": None for s in ("train", "test")}
    catalog = read(lay({**files, "images/train_labels.csv": TITLES + "train.jpg,bolt,6,7,20,22\n"}))
    assert catalog.format == "voc"
    assert catalog.notes == ("1 other file left out: images/train_labels.csv.",)


def test_polygons_beside_the_boxes_of_voc_are_told(lay):
    polygon = "<polygon><x1>5</x1><y1>6</y1><x2>20</x2><y2>6</y2><x3>20</x3><y3>22</y3></polygon>"
    catalog = read(lay({"a.xml": XML.format("a.jpg", polygon), "a.jpg": None}))
    assert catalog.notes == ("Polygons of 1 object not read, their boxes are.",)


def test_xml_in_a_folder_per_split_beside_that_of_the_images(lay, told):
    both = ("train", "test")
    files = {f"{s}_annots/{s}.xml": XML.format(f"{s}.jpg", "") for s in both}
    catalog = read(lay({**files, **{f"{s}_images/{s}.jpg": None for s in both}}))
    assert splits(told, catalog) == {"train_images/train.jpg": ("train", 1), "test_images/test.jpg": ("test", 1)}


def test_a_list_in_the_root_names_images_as_they_are(lay, told):
    root = lay({"classes.txt": "bolt\n", "val.txt": "images/a.jpg\n", "images/a.jpg": None, "labels/a.txt": YOLO_LINE})
    assert splits(told, read(root)) == {"images/a.jpg": ("val", 1)}


def test_masks_come_before_boxes_where_pixels_are_wanted(lay):
    root = lay({"classes.txt": "bolt\nnut\n", "images/a.png": None, "labels/a.txt": YOLO_LINE})
    (root / "masks").mkdir()
    pixels = np.zeros((48, 64), np.uint8)
    pixels[:9] = 1
    Image.fromarray(pixels).save(root / "masks/a.png")
    assert read(root).format == "yolo"
    assert read(root, annotations=("masks", "boxes")).format == "mask_folder"


def test_labelme_counts_from_the_second_line_of_its_labels(tmp_path):
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\nbolt\n")
    table = read_file(tmp_path / "labels.txt")
    assert [row.name for row in table.rows] == ["_background_", "bolt"]


def test_a_table_of_boxes_without_header_may_have_sizes(lay, told):
    rows = "".join(f"{name}.jpg,5,6,20,22,bolt,64,48\n" for name in "ab")
    root = lay({"annotations/annotations_train.csv": rows, "images/a.jpg": None, "images/b.jpg": None})
    assert [rows for _, rows in told(read(root)).values()] == [[("bolt", (5, 6, 20, 22), 0)]] * 2


def test_decimal_commas_between_semicolons(lay, told):
    root = lay({"boxes.csv": TITLES.replace(",", ";") + "a.jpg;bolt;5,5;6;20;22,0\n", "images/a.jpg": None})
    catalog = read(root)
    assert told(catalog)["images/a.jpg"][1] == [("bolt", (5.5, 6, 20, 22), 0)]
    assert "1 row with decimal commas in coordinates." in catalog.notes


def test_annotations_as_json_in_a_table_are_no_labels(lay):
    field = '"[{""x"": 10, ""rectanglelabels"": [""bolt""]}]"'
    root = lay({"project.csv": f"image,label\n/data/upload/1/a.jpg,{field}\n", "images/a.jpg": None})
    with pytest.raises(DataError, match=r"project\.csv: column 'label' holds annotations as JSON, such as \[\{\"x\""):
        read(root)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"output.manifest": "{}\n", "images/a.jpg": None}, "images has images, but output.manifest is of no format"),
        ({"annotations/train.json": {"items": []}, "images/a.jpg": None}, "but annotations/train.json is of no format"),
        (
            {"labels.json": {"classes": [], "labels": {}}, "data/a.jpg": None},
            "data has the images, and labels.json beside it is of no",
        ),
        ({"labelTxt/a.txt": "gsd:0.1\n", "images/a.jpg": None}, "but no class names"),
        ({"set/_annotations.train.jsonl": "{}\n", "set/a.jpg": None}, "set/_annotations.train.jsonl lies beside"),
        ({"train/a.jpg": None, "boxes.txt": "a\n"}, "without class folders. boxes.txt is of no format or layout"),
    ],
)
def test_what_no_format_reads_is_named(lay, files, what):
    with pytest.raises(DataError) as caught:
        read(lay(files))
    assert what in str(caught.value)


def test_class_folders_beside_other_files_are_read_and_those_are_named(lay):
    catalog = read(lay({"Images/cat/a.jpg": None, "Images/dog/b.jpg": None, "Annotation/cat/a": "<annotation>"}))
    assert (catalog.format, catalog.categories.names) == ("image_folder", ("cat", "dog"))
    assert any("Annotation" in note for note in catalog.notes)


@pytest.mark.parametrize("table", ["name,id\nnut,0\nbolt,1\n", "0,nut\n1,bolt\n"])
def test_ids_in_a_table_of_boxes_are_named_by_the_table_of_classes(lay, told, table):
    rows = TITLES.replace("class", "class_id") + "a.jpg,1,5,6,20,22\n"
    catalog = read(lay({"boxes.csv": rows, "classes.csv": table, "images/a.jpg": None}))
    assert told(catalog)["images/a.jpg"][1] == [("bolt", (5, 6, 20, 22), 0)]
    assert "Classes are named by classes.csv." in catalog.notes


def test_a_table_of_classes_that_names_none_is_told(lay):
    rows = TITLES + "a.jpg,washer,5,6,20,22\n"
    catalog = read(lay({"boxes.csv": rows, "classes.csv": "nut,0\n", "images/a.jpg": None}))
    assert catalog.categories.names == ("washer",)
    assert "Not read: classes.csv." in catalog.notes


def test_lists_in_a_folder_of_lists_give_the_splits(lay, told):
    files = {f"images/{name}.jpg": None for name in "ab"} | {f"labels/{name}.txt": YOLO_LINE for name in "ab"}
    lists = {"splits/train.txt": "images/a.jpg\n", "splits/val.txt": "./images/b.jpg\n"}
    root = lay({"classes.txt": "bolt\n", **files, **lists})
    assert splits(told, read(root)) == {"images/a.jpg": ("train", 1), "images/b.jpg": ("val", 1)}


def test_another_spelling_is_told_once_for_all_files(lay):
    both = ("train", "val")
    files = {f"annotations/{split}.json": coco(f"x/{split}.jpg") for split in both}
    catalog = read(lay({**files, **{f"images/{split}.jpg": None for split in both}}))
    assert catalog.notes == (
        "2 images were found under another spelling: 2 by its folder (such as 'x/train.jpg' for images/train.jpg).",
    )


def test_one_split_alone_is_refused_with_the_data_set_around_it(lay):
    yaml = "train: train/images\nval: train/images\nnames: [bolt]\n"
    root = lay({"data.yaml": yaml, "train/images/a.jpg": None, "train/labels/a.txt": YOLO_LINE})
    with pytest.raises(DataError) as caught:
        read(root / "train")
    assert str(caught.value) == (
        f"{root}/train has label files of YOLO for 1 of 1 image, but no class names.\n"
        f"Name {root}, whose data.yaml has some."
    )
