"""Every way in which tools lay out Pascal VOC's XML files."""

import pytest
from tests.annotated import SIZE, XML, voc_object, write_files

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.read import read
from foveal.errors import DataError


@pytest.fixture
def write(tmp_path):
    """Write files into a new data set."""
    return lambda files: write_files(tmp_path / "set", files)


def page(name="a", *classes, size=SIZE):
    objects = "".join(voc_object(title, (3, 4, 30, 40)) for title in classes or ("cat",))
    return XML.format(name=name, size=size, objects=objects)


def splits(catalog):
    """Split of each image; each has one object with the box of ``page``."""
    assert all([o.box for o in catalog.objects[i]] == [(2, 3, 30, 40)] for i in range(len(catalog)))
    codes = catalog.splits.tolist()
    return {catalog.names[i]: "none" if c == UNASSIGNED else SPLITS[c] for i, c in enumerate(codes)}


@pytest.mark.parametrize(
    ("pages", "images", "expected"),
    [
        ("a.xml b.xml", "a.jpg b.jpg", "none none"),
        ("train/a.xml valid/a.xml test/b.xml", "train/a.jpg valid/a.jpg test/b.jpg", "train val test"),
        ("seqA/a.xml seqB/a.xml", "seqA/a.jpg seqB/a.jpg", "none none"),
        ("Annotations/s/a.xml Annotations/b.xml", "JPEGImages/s/a.jpg JPEGImages/b.jpg", "none none"),
        ("train/Annotations/a.xml val/Annotations/a.xml", "train/JPEGImages/a.jpg val/JPEGImages/a.jpg", "train val"),
        ("train/annotations/a.xml test/annotations/a.xml", "train/images/a.jpg test/images/a.jpg", "train test"),
        ("Annotations/train/a.xml Annotations/dev/a.xml", "images/train/a.jpg images/dev/a.jpg", "train val"),
        ("annotations/a.xml annotations/b.xml", "images/train/a.jpg images/val/b.jpg", "train val"),
        ("annotations/xmls/a.xml", "images/a.jpg", "none"),
        ("labels/a.xml", "images/a.jpg", "none"),
        ("a.xml", "images/a.jpg", "none"),
        ("VOCdevkit/VOC2007/Annotations/a.xml", "VOCdevkit/VOC2007/JPEGImages/a.jpg", "none"),
    ],
)
def test_layouts(write, pages, images, expected):
    files = {name: page(name.rpartition("/")[2].removesuffix(".xml")) for name in pages.split()}
    catalog = read(write({**files, **dict.fromkeys(images.split())}), bad="error")
    assert catalog.format == "voc"
    known = {
        name.removeprefix("VOCdevkit/VOC2007/"): split
        for name, split in zip(images.split(), expected.split(), strict=True)
    }
    assert splits(catalog) == known
    assert catalog.notes == ()


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ({"ImageSets/Main/default.txt": "s/a\nt/a\n"}, "none none"),
        ({"ImageSets/Main/s/train.txt": "a\n", "ImageSets/Main/t/Valid.txt": "a\n"}, "train val"),
        ({"ImageSets/train.txt": "s/a\n", "ImageSets/test.txt": "t/a.jpg\n"}, "train test"),
        ({"train.txt": "JPEGImages/s/a.jpg Annotations/s/a.xml\n", "val.txt": "./JPEGImages/t/a.jpg\n"}, "train val"),
        ({"ImageSets/Main/train.txt": "JPEGImages\\s\\a.jpg\n", "ImageSets/Main/val.txt": "t/a\n"}, "train val"),
    ],
)
def test_lists_of_images_in_sub_folders(write, lists, expected):
    files = {f"Annotations/{name}/a.xml": page() for name in "st"}
    catalog = read(write({**files, "JPEGImages/s/a.jpg": None, "JPEGImages/t/a.jpg": None, **lists}), bad="error")
    assert list(splits(catalog).values()) == expected.split()


def test_what_is_not_read_is_told(write):
    root = write(
        {
            "Annotations/a.xml": page(),
            "JPEGImages/a.jpg": None,
            "ImageSets/Main/train.txt": "a\n",
            "ImageSets/Main/mini.txt": "a\n",
            "labels/a.xml": page(),
            "SegmentationClass/a.png": None,
            "labelmap.txt": "cat:::\n",
        }
    )
    assert read(root, bad="error").notes == (
        "1 other folder of annotations not read: labels.",
        "1 list not read: ImageSets/Main/mini.txt.",
        "1 folder with images not read: SegmentationClass.",
        "1 other file left out: labelmap.txt.",
    )


def test_splits_that_only_some_images_have(write):
    files = {"Annotations/train/a.xml": page(), "Annotations/b.xml": page("b")}
    catalog = read(write({**files, "JPEGImages/train/a.jpg": None, "JPEGImages/b.jpg": None}), bad="error")
    assert set(splits(catalog).values()) == {"none"}
    assert catalog.notes == (
        "JPEGImages/train is called like splits, but other images are in none: no split is assigned.",
    )


def test_boxes_of_pets_where_they_are_wanted(write):
    root = write({"annotations/xmls/a.xml": page(), "annotations/trimaps/a.png": None, "images/a.jpg": None})
    assert splits(read(root, annotations=["boxes"])) == {"images/a.jpg": "none"}


def test_an_image_folder_of_other_xml_is_not_taken(write):
    root = write({"annotations.xml": "<annotations/>", "images/a.jpg": None})
    with pytest.raises(DataError):
        read(root)


@pytest.mark.parametrize(
    ("xml", "image", "written", "note"),
    [
        (
            "Annotations/A.XML",
            "JPEGImages/a.JPG",
            "a",
            "1 annotation not spelt like the image, in case or Unicode form",
        ),
        (
            "Annotations/caf\u00e9.xml",
            "JPEGImages/cafe\u0301.jpg",
            "caf\u00e9",
            "1 annotation not spelt like the image",
        ),
        ("Annotations/a.xml", "JPEGImages/a.jpg", "IMG_1", "1 annotation with another file's name inside, such as"),
        ("Annotations/1.xml", "JPEGImages/photo.jpg", "C:\\data\\photo", "1 image was found under another spelling"),
        ("Annotations/1.xml", "JPEGImages/photo.jpg", "photo", ""),
        ("Annotations/a.jpg.xml", "JPEGImages/a.jpg", "a", ""),
    ],
)
def test_how_images_are_found(write, xml, image, written, note):
    catalog = read(write({xml: page(written), image: None}), bad="error")
    assert splits(catalog) == {image: "none"}
    assert len(catalog.notes) == bool(note)
    assert not note or catalog.notes[0].startswith(note)


def test_folders_that_are_named(write):
    files = {f"anno/{name}/a.xml": page() for name in "st"} | {f"pics/{name}/a.jpg": None for name in "st"}
    root = write({**files, "images/a.jpg": None})
    assert list(splits(read(root, labels="anno", images="pics", bad="error"))) == ["pics/s/a.jpg", "pics/t/a.jpg"]


def test_an_image_of_no_size(write):
    catalog = read(write({"a.xml": page(size=(0, 0)), "a.jpg": None}), bad="error")
    assert splits(catalog) == {"a.jpg": "none"}
    assert catalog.notes == ("1 annotation declares an image of no size, such as a.xml; the file's is used.",)


def test_two_unicode_forms_are_one_class(write):
    root = write({"a.xml": page("a", "caf\u00e9"), "a.jpg": None, "b.xml": page("b", "cafe\u0301"), "b.jpg": None})
    catalog = read(root, bad="error")
    assert len(catalog.categories) == 1 and catalog.objects.labels.tolist() == [0, 0]
    assert catalog.notes[0].startswith("1 class in another Unicode form than elsewhere")


@pytest.mark.parametrize(
    ("contour", "box"),
    [
        (
            "<polygon><pt><x>3</x><y>4</y></pt><pt><x>20</x><y>4</y></pt><pt><x>9</x><y>30</y></pt></polygon>",
            (3, 4, 20, 30),
        ),
        ("<robndbox><cx>30</cx><cy>20</cy><w>10</w><h>6</h><angle>0</angle></robndbox>", (25, 17, 35, 23)),
    ],
)
def test_other_contours_are_boxes(write, contour, box):
    more = "<object><name>gone</name><deleted>1</deleted></object>"
    xml = f"<annotation><object><name>car</name>{contour}</object>{more}</annotation>"
    catalog = read(write({"a.xml": xml, "a.jpg": None}), bad="error")
    assert [o.box for o in catalog.objects[0]] == [box]
    assert catalog.notes == (
        f"1 object with {contour[1:].partition('>')[0]} instead of a box: read as the box around it.",
        "1 object marked as deleted left out.",
    )


def test_nothing_left_is_an_error(write):
    root = write({"a.xml": "<annotation><object><name>car</name></object></annotation>", "a.jpg": None})
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what == (
        f"{root}: not one object is left: 1 of 1 dropped (malformed object). The first: a.jpg bndbox is missing (a.xml,"
        " object 1)."
    )
