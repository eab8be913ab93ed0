"""What CVAT's XML looks like, and what it cannot store."""

from xml.etree.ElementTree import parse

import pytest

from foveal.data.formats.convert import convert
from foveal.data.formats.read import read
from foveal.errors import CategoryError


def test_xml_that_cvat_imports(lay, tmp_path):
    attributes = '<attribute name="difficult">true</attribute><attribute name="colour">red</attribute>'
    box = f'<box label="car" occluded="1" xtl="5.25" ytl="6" xbr="20" ybr="22">{attributes}</box>'
    mask = '<mask label="car" rle="2, 3, 1" left="4" top="5" width="3" height="2"/>'
    image = f'<image id="0" name="a.jpg" width="64" height="48" subset="train">{box}{mask}</image>'
    root = lay({"x.xml": f"<annotations>{image}</annotations>", "a.jpg": 0})
    done = convert(read(root), tmp_path / "out", to="cvat")
    written = parse(tmp_path / "out/annotations.xml").getroot()
    (label,) = written.iterfind("meta/task/labels/label")
    assert label.findtext("name") == "car"
    assert [one.findtext("name") for one in label.iter("attribute")] == ["crowd", "difficult", "ignore", "truncated"]
    (image,) = written.iterfind("image")
    assert image.attrib == {"id": "0", "name": "a.jpg", "subset": "train", "width": "64", "height": "48"}
    first, second = image
    assert first.attrib == {
        "label": "car",
        "occluded": "1",
        "source": "manual",
        "xtl": "5.25",
        "ytl": "6.0",
        "xbr": "20.0",
        "ybr": "22.0",
    }
    assert {one.get("name"): one.text for one in first} == {"colour": "red", "difficult": "true"}
    assert {key: second.get(key) for key in ("rle", "left", "top", "width", "height")} == {
        "rle": "2, 3, 1",
        "left": "4",
        "top": "5",
        "width": "3",
        "height": "2",
    }
    assert (tmp_path / "out/images/train/a.jpg").is_file()
    assert not done.kept


def test_a_class_name_that_xml_does_not_allow(make_coco, coco_document, tmp_path):
    coco_document["categories"][0]["name"] = "a\x01b"
    with pytest.raises(CategoryError) as caught:
        convert(read(make_coco(coco_document)), tmp_path / "out", to="cvat")
    assert caught.value.what == "The class name 'a\\x01b' has characters that XML does not allow."
