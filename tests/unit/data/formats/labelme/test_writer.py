"""What LabelMe's files look like, and what they cannot store."""

import json

import pytest

from foveal.data.formats.convert import convert
from foveal.data.formats.labelme.mask import read_mask
from foveal.data.formats.labelme.record import IGNORED
from foveal.data.formats.listings.back import check_names
from foveal.data.formats.read import read
from foveal.errors import CategoryError
from foveal.types.categories import Categories
from foveal.types.rle import Rle


def test_files_that_labelme_opens(make_coco, coco_document, tmp_path):
    coco_document["annotations"][0]["segmentation"] += [[20, 20, 30, 20, 30, 30]]
    catalog = read(make_coco(coco_document))
    done = convert(catalog, tmp_path / "out", to="labelme")
    page = json.loads((tmp_path / "out/images/b.json").read_text())
    assert {key: page[key] for key in ("imagePath", "imageData", "imageHeight", "imageWidth", "flags")} == {
        "imagePath": "b.jpg",
        "imageData": None,
        "imageHeight": 48,
        "imageWidth": 64,
        "flags": {},
    }
    assert [(s["shape_type"], s["group_id"], s["points"][0]) for s in page["shapes"][:2]] == [
        ("polygon", 1, [1.5, 2]),
        ("polygon", 1, [20, 20]),
    ]
    crowds = [
        s for n in "abc" for s in json.loads((tmp_path / f"out/images/{n}.json").read_text())["shapes"] if s["flags"]
    ]
    assert [(s["shape_type"], s["flags"]) for s in crowds] == [("mask", {"crowd": True})]
    (item,) = [o for i in range(3) for o in catalog.objects[i] if o.flags]
    back = read_mask(crowds[0]["mask"], crowds[0]["points"], (64, 48))
    assert Rle.from_coco(back.segmentation).area == Rle.from_coco(item.segmentation).area
    assert "flag crowd" not in {kept.field for kept in done.kept}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("__ignore__", "cat"), "The class name '__ignore__' has another meaning in this format."),
        (("a\u0308", "\u00e4"), "The class names 'a\u0308' and '\u00e4' would become one."),
    ],
)
def test_class_names_that_would_not_come_back(names, message):
    with pytest.raises(CategoryError) as caught:
        check_names(Categories(names), IGNORED)
    assert caught.value.what == message
