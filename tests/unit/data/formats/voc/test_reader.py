import json
import shutil
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.annotated import SIZE, voc_object

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Repair
from foveal.data.formats.convert import convert
from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories
from foveal.types.flags import Flag

CAT, DOG = voc_object("cat", (1, 1, 64, 48)), voc_object("dog", (10, 11, 10, 20), pose="Left", truncated=1, difficult=1)


def names(catalog):
    return [catalog.names[i] for i in range(len(catalog))]


def test_a_worked_case(make_voc):
    root = make_voc({"a": [CAT, DOG], "b": []})
    catalog = read(root, bad="error")
    assert (catalog.format, catalog.annotation, catalog.multi_label) == ("voc", "boxes", True)
    assert names(catalog) == ["JPEGImages/a.jpg", "JPEGImages/b.jpg"]
    assert catalog.categories == Categories(("cat", "dog"))
    whole, column = catalog.objects[0]
    assert whole.box == (0, 0, 64, 48), "1 to 64 covers an image of 64 pixels"
    assert whole.area == 64 * 48 and whole.flags == 0
    assert column.box == (9, 10, 10, 20), "one pixel wide, ten high"
    assert column.flags == Flag.TRUNCATED | Flag.DIFFICULT
    assert column.extras == {"voc": {"pose": "Left"}}
    assert catalog.labels[0].tolist() == [0], "what is difficult is not evaluated"
    assert catalog.splits.tolist() == [UNASSIGNED] * 2
    assert json.loads(catalog.extras[0]) == {
        "voc": {
            "folder": "VOC2007",
            "source": {"database": "The Database", "annotation": "PASCAL VOC2007"},
            "owner": {"flickrid": "f", "name": "n"},
            "segmented": "1",
        }
    }


def test_everything_in_the_xml_is_written_back(make_voc, tmp_path):
    more = (
        "<part><name>head</name><bndbox><xmin>1.5</xmin></bndbox></part><part><name>foot</name></part>"
        '<occluded by="tree">1</occluded>'
    )
    root = make_voc({"a": [voc_object("cat", (3, 4, 30, 40), more=more)]}, {"train": ["a"]})
    convert(read(root, bad="error"), tmp_path / "out", to="voc")
    before, after = (fromstring((r / "Annotations/a.xml").read_text()) for r in (root, tmp_path / "out"))

    def flat(element):
        yield from ((e.tag, (e.text or "").strip(), e.attrib) for e in element.iter())

    assert sorted(map(str, flat(before))) == sorted(map(str, flat(after)))
    assert not (tmp_path / "out/foveal-sidecar.json").exists()


def test_a_written_tree_has_what_the_devkit_has(make_coco, coco_document, tmp_path):
    convert(read(make_coco(coco_document)), tmp_path / "out", to="voc")
    root = fromstring((tmp_path / "out/Annotations/b.xml").read_text())
    assert [e.tag for e in root] == ["folder", "filename", "source", "size", "segmented", "object"]
    assert [e.tag for e in root.find("size")] == ["width", "height", "depth"]
    assert root.findtext("source/database") and root.findtext("filename") == "b.jpg"
    thing = root.find("object")
    assert [e.tag for e in thing] == ["name", "pose", "truncated", "difficult", "bndbox"]
    assert [e.text for e in thing.find("bndbox")] == ["3", "3", "12", "22"], "1.5, 2, 11.5, 22.25 in whole pixels"
    crowd = fromstring((tmp_path / "out/Annotations/a.xml").read_text()).findall("object")[1]
    assert crowd.findtext("difficult") == "1", "VOC's own evaluation leaves a crowd out as well"
    main = tmp_path / "out/ImageSets/Main"
    assert (main / "trainval.txt").read_text() == "a\nb\nc\n"
    assert (main / "car_trainval.txt").read_text() == "a  0\nb -1\nc -1\n"
    assert (main / "dog_trainval.txt").read_text() == "a -1\nb  1\nc -1\n"


def test_lists_make_splits(make_voc):
    pages = {name: [CAT] for name in "abcde"}
    root = make_voc(pages, {"train": "a", "val": "b", "trainval": "abe", "test": "c"})
    catalog = read(root)
    assert dict(zip(names(catalog), catalog.splits.tolist(), strict=True)) == {
        "JPEGImages/a.jpg": SPLITS.index("train"),
        "JPEGImages/b.jpg": SPLITS.index("val"),
        "JPEGImages/c.jpg": SPLITS.index("test"),
        "JPEGImages/e.jpg": UNASSIGNED,
    }
    assert catalog.repairs == (
        Repair("JPEGImages/d.jpg", "ImageSets/Main", "unlisted", "is in voc but not listed", "left out"),
    )


def test_faults_of_lists(make_voc):
    root = make_voc({name: [CAT] for name in "ab"}, {"train": "aab", "val": "b", "test": "x"})
    (root / "Annotations/z.xml").write_text("<annotation/>")
    where = "ImageSets/Main"
    assert set(read(root).repairs) == {
        Repair(
            "JPEGImages/a.jpg",
            f"{where}/train.txt, line 2",
            "listed_twice",
            f"is listed already in {where}/train.txt, line 1",
            "merged",
        ),
        Repair(
            "JPEGImages/b.jpg",
            f"{where}/val.txt, line 1",
            "two_splits",
            "is in train and again in val",
            "kept in train",
        ),
        Repair(
            "JPEGImages/x.jpg",
            f"{where}/test.txt, line 1",
            "no_annotation",
            "is listed, but Annotations/x.xml does not exist",
            "dropped",
        ),
        Repair("Annotations/z.xml", where, "unlisted", "the annotation is not listed", "left out"),
    }


def test_class_lists_name_the_classes(make_voc):
    root = make_voc({"a": [CAT]}, {"train": ["a"]})
    for name in ("cat", "zebra", "dog"):
        (root / f"ImageSets/Main/{name}_train.txt").write_text("a  1\n")
    (root / "ImageSets/Main/my_train.txt").write_text("a\n")
    assert read(root, bad="error").categories.names == ("cat", "dog", "zebra")


@pytest.mark.parametrize("policy", ["clip", "drop"])
def test_a_class_that_only_val_has(make_voc, policy):
    root = make_voc({"a": [CAT], "b": [voc_object("cta", (1, 1, 9, 9)), CAT]}, {"train": "a", "val": "b"})
    catalog = read(root, bad=policy)
    action = "kept" if policy == "clip" else "dropped"
    message = "no training image has the class 'cta'"
    assert catalog.repairs == (
        Repair("JPEGImages/b.jpg", "Annotations/b.xml, object 1", "unknown_class", message, action),
    )
    assert len(catalog.objects[1]) == (2 if policy == "clip" else 1)


def test_a_devkit_around_it(make_voc):
    root = make_voc({"a": [CAT]})
    shutil.move(root, root.parent / "kit/VOCdevkit/VOC2007")
    catalog = read(root.parent / "kit")
    assert catalog.root.name == "VOC2007" and len(catalog) == 1
    shutil.copytree(root.parent / "kit/VOCdevkit/VOC2007", root.parent / "kit/VOCdevkit/VOC2012")
    with pytest.raises(DataError) as caught:
        read(root.parent / "kit")
    assert str(caught.value) == f"{root.parent}/kit contains 2 Pascal VOC trees: VOC2007, VOC2012.\nName one of them."


def test_a_model_s_class_map_is_enforced(make_voc):
    root = make_voc({"a": [CAT, DOG]})
    assert read(root, categories=Categories(("dog", "cat", "cow"))).objects.labels.tolist() == [1, 0]
    with pytest.raises(CategoryError) as caught:
        read(root, categories=Categories(("dog", "cow")))
    assert caught.value.what == f"{root}/Annotations/a.xml, object 1: unknown class 'cat'."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<annotation>\n<object>\n</annotation>", "malformed XML, line 3, column 3: mismatched tag"),
        ("", "malformed XML, line 1, column 1: no element found"),
        (
            '<!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>',
            "declares XML entities, which are not supported",
        ),
        ("<html><body/></html>", "XML of 'html', not of an annotation"),
    ],
)
def test_a_broken_annotation_costs_its_image_alone(make_voc, text, reason):
    """To train on the image as one without objects would be wrong."""
    root = make_voc({"a": [CAT]})
    (root / "Annotations/b.xml").write_text(text)
    shutil.copy(root / "JPEGImages/a.jpg", root / "JPEGImages/b.jpg")
    message = f"has an invalid annotation ({reason})"
    for policy in ("clip", "drop"):
        catalog = read(root, bad=policy)
        assert catalog.repairs == (Repair("JPEGImages/b.jpg", "Annotations/b.xml", "broken", message, "dropped"),)
        assert names(catalog) == ["JPEGImages/a.jpg"]
    with pytest.raises(DataError) as caught:
        read(root, bad="error")
    assert caught.value.what == f"Annotations/b.xml: JPEGImages/b.jpg: {message}."


def test_an_annotation_without_size_or_corners_keeps_its_image(make_voc):
    root = make_voc({"a": [CAT], "b": [CAT, "<object><name>cat</name></object>"]})
    text = (root / "Annotations/b.xml").read_text()
    (root / "Annotations/b.xml").write_text(text.replace(text[text.index("<size>") : text.index("</size>") + 7], ""))
    catalog = read(root)
    assert catalog.repairs == (
        Repair("JPEGImages/b.jpg", "Annotations/b.xml, object 2", "malformed", "bndbox is missing", "dropped"),
    )
    assert [len(catalog.objects[i]) for i in range(2)] == [1, 1]


def test_no_annotation_can_be_used(make_voc):
    root = make_voc({"a": [CAT]}, {"train": ["gone"]})
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}: no image has a usable annotation."
        " The first: JPEGImages/gone.jpg is listed, but Annotations/gone.xml does not exist.\n"
        "Check the XML files in Annotations and the lists in ImageSets/Main."
    )


@pytest.mark.parametrize("folder", ["Annotations", "annotations"])
def test_lists_name_images_in_several_ways(make_voc, folder):
    """Names with blanks and numbers, with the suffix, and with the flag of a class list behind them."""
    root = make_voc({name: [CAT] for name in ("cell 1", "cell", "c0", "d 0")})
    (root / "Annotations").rename(root / folder)
    (root / "ImageSets/Main").mkdir(parents=True)
    (root / "ImageSets/Main/train.txt").write_text("cell 1\nc0.jpg\nd 0.jpg  1\n")
    (root / "ImageSets/Main/val.txt").write_text("cell  -1\n")
    catalog = read(root, bad="error")
    assert {catalog.names[i]: SPLITS[catalog.splits[i]] for i in range(len(catalog))} == {
        "JPEGImages/cell 1.jpg": "train",
        "JPEGImages/c0.jpg": "train",
        "JPEGImages/d 0.jpg": "train",
        "JPEGImages/cell.jpg": "val",
    }


def test_no_object_at_all(make_voc):
    root = make_voc({"a": []})
    with pytest.raises(DataError) as caught:
        read(root)
    assert caught.value.what == f"{root}: no object has a name."


def test_bccd_is_read_whole(real_data):
    catalog = read(real_data / "bccd", bad="error")
    assert [len(catalog.split(name)) for name in ("train", "val")] == [205, 87]
    assert catalog.categories.names == ("Platelets", "RBC", "WBC")
    total = 0
    for i in range(len(catalog)):
        stem = catalog.names[i].removeprefix("JPEGImages/").removesuffix(".jpg")
        elements = fromstring((real_data / f"bccd/Annotations/{stem}.xml").read_text()).findall("object")
        for element, thing in zip(elements, catalog.objects[i], strict=True):
            corners = [float(element.findtext(f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")]
            x1, y1, x2, y2 = thing.box
            assert [x1 + 1, y1 + 1, x2, y2] == corners
            assert catalog.categories.names[thing.label] == element.findtext("name")
            assert bool(thing.flags & Flag.TRUNCATED) == (element.findtext("truncated") == "1")
            total += 1
    assert total == len(catalog.objects.labels) == 3943


@given(st.sampled_from(["nan", "inf", "-5", "0", "70", "x", "1e400", "", "12.5"]), st.integers(0, 7))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_number_is_read_or_reported(make_voc, text, place):
    box, size = [11, 11, 30, 30], list(SIZE)
    (box if place < 4 else size)[place % 4 if place < 4 else place % 2] = text
    root = make_voc({"a": [CAT, voc_object("cat", box)]}, sizes={"a": size})
    catalog = read(root)
    for thing in catalog.objects[0]:
        assert 0 <= thing.box[0] < thing.box[2] <= 64 and 0 <= thing.box[1] < thing.box[3] <= 48
    assert len(catalog.objects[0]) + sum(r.action == "dropped" for r in catalog.repairs) == 2
