"""Documents of annotation tools with anything anywhere: read, or refused in one line, never a traceback.

``FOVEAL_FUZZ=2000 pytest tests/unit/data/formats/test_listings.py`` tries more than the few of a usual run.
"""

import copy
import json
import os
import random

import numpy as np
import pytest

from foveal.data.formats.labelme.mask import write_mask
from foveal.data.formats.read import read
from foveal.errors import FovealError
from foveal.types.rle import Rle

ROUNDS = int(os.environ.get("FOVEAL_FUZZ", "40"))
ODD = (
    None, True, 0, -1, 1e400, float("nan"), 10**400, "", "x", "7", "\ud800", "\x00", [], {}, [[]], [None], {"a": []},
    "../../a.jpg", "/a.jpg", "a" * 5000, [1, 2], {"x": "y"},
)  # fmt: skip
BOX = {"x": 5, "y": 6, "width": 15, "height": 16}
MASK, _ = write_mask(Rle.of(np.array([[0, 1], [1, 1]])))
LABELME = {
    "version": "5",
    "flags": {"day": False},
    "shapes": [
        {"label": "bolt", "points": [[5, 6], [20, 22]], "shape_type": "rectangle", "flags": {"difficult": True}},
        {"label": "bolt", "points": [[5, 6], [20, 22], [5, 9]], "shape_type": "polygon", "group_id": 1},
        {"label": "nut", "points": [[5, 6], [9, 9]], "shape_type": "circle"},
        {"label": "nut", "points": [[5, 6], [6, 7]], "shape_type": "mask", "mask": MASK},
    ],
    "imagePath": "a.jpg",
    "imageData": None,
    "imageHeight": 48,
    "imageWidth": 64,
}
RECT = {"shape_attributes": {"name": "rect", **BOX}, "region_attributes": {"class": "bolt"}}
POLYGON = {"name": "polygon", "all_points_x": [5, 20, 9], "all_points_y": [6, 6, 9]}
VIA = {
    "_via_img_metadata": {
        "a.jpg1": {
            "filename": "a.jpg",
            "size": 1,
            "regions": [RECT, {"shape_attributes": POLYGON, "region_attributes": {"class": {"bolt": True}}}],
            "file_attributes": {"by": "me"},
        }
    }
}
VIA_3 = {
    "project": {},
    "config": {},
    "attribute": {"1": {"aname": "kind", "options": {"0": "bolt"}}},
    "file": {"1": {"fid": "1", "fname": "a.jpg", "type": 2}},
    "metadata": {"m": {"vid": "1", "z": [], "xy": [2, 5, 6, 15, 16], "av": {"1": "0"}}},
    "view": {"1": {"fid_list": ["1"]}},
}
STUDIO = [
    {
        "id": 1,
        "data": {"image": "/data/upload/1/a.jpg"},
        "annotations": [
            {
                "result": [
                    {
                        "id": "r",
                        "type": "rectanglelabels",
                        "original_width": 64,
                        "original_height": 48,
                        "value": {**BOX, "rotation": 5, "rectanglelabels": ["bolt"]},
                    },
                    {"type": "choices", "value": {"choices": ["day"]}},
                ]
            }
        ],
    }
]
SHORT = [{"id": 1, "image": "a.jpg", "annotator": 1, "lead_time": 1, "label": [{**BOX, "rectanglelabels": ["bolt"], "original_width": 64, "original_height": 48}]}]  # fmt: skip # noqa: E501
CREATEML = [{"image": "a.jpg", "annotations": [{"label": "bolt", "coordinates": BOX}]}]
BDD = [
    {
        "name": "a.jpg",
        "attributes": {"weather": "clear"},
        "labels": [
            {"category": "car", "attributes": {"truncated": True}, "box2d": {"x1": 5, "y1": 6, "x2": 20, "y2": 22}},
            {"category": "road", "poly2d": [{"vertices": [[1, 1], [9, 1], [9, 9]], "types": "LLL", "closed": True}]},
            {"category": "sky", "rle": {"size": [48, 64], "counts": [8, 3, 3061]}},
        ],
    }
]
DOCUMENTS = {
    "labelme": LABELME,
    "via": VIA,
    "via 3": VIA_3,
    "label_studio": STUDIO,
    "label_studio short": SHORT,
    "createml": CREATEML,
    "bdd100k": BDD,
}
XML = (
    '<annotations><meta><task><labels><label><name>car</name></label></labels></task></meta><image id="0" name="a.jpg"'
    ' width="64" height="48" subset="train"><box label="car" xtl="5" ytl="6" xbr="20" ybr="22" rotation="0"/><polygon'
    ' label="car" points="5,6;20,6;9,9" group_id="1"/><mask label="car" rle="2, 3, 1" left="4" top="5" width="3"'
    ' height="2"/><ellipse label="car" cx="9" cy="9" rx="3" ry="2"/><tag label="day"/></image></annotations>'
)
KITTI = "Car 0.30 2 -1.57 5.00 6.00 20.00 22.00 1.5 1.6 3.7 1.0 1.7 9.0 -1.6\n"
CSV = (
    "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
    'a.jpg,9,"{}",1,0,"{""name"":""rect"",""x"":5,""y"":6,""width"":15,""height"":16}","{""class"":""bolt""}"\n'
)
PIECES = (b"", b"\xff", b"\x00", b"9" * 400, b"-", b",", b'"', b"nan", b"<", b" ", b"1e999")
TEXTS = {"cvat": ("a.xml", XML), "kitti": ("a.txt", KITTI), "via": ("a.csv", CSV)}


def places(value, path=()):
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in pairs:
        yield from places(below, (*path, key))


def mutated(document, rng):
    """A copy with one or two values that are odd, missing or renamed."""
    out = copy.deepcopy(document)
    for _ in range(rng.choice((1, 1, 2))):
        path = rng.choice(list(places(out)))
        if not path:
            return copy.deepcopy(rng.choice(ODD))
        holder = out
        for key in path[:-1]:
            holder = holder[key]
        if rng.random() < 0.2:
            del holder[path[-1]]
        else:
            holder[path[-1]] = copy.deepcopy(rng.choice(ODD))
        if out in ([], {}):
            break
    return out


def check(root, name, rng):
    """Read in the format, or as recognised."""
    try:
        catalog = read(root, format=name if rng.random() < 0.7 else "auto", bad=rng.choice(("clip", "drop", "error")))
    except FovealError:
        return
    assert len(catalog) and not {"train", "val"} & {*catalog.categories.names}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_json_with_anything_anywhere(lay, kind):
    root = lay({"a.jpg": 0, "b.jpg": 0})
    rng = random.Random(kind)
    for _ in range(ROUNDS):
        document = mutated(DOCUMENTS[kind], rng)
        (root / "a.json").write_text(json.dumps(document), "utf-8")
        check(root, kind.split()[0], rng)


@pytest.mark.parametrize("name", TEXTS)
def test_text_with_anything_anywhere(lay, name):
    file, text = TEXTS[name]
    root = lay({"a.jpg": 0, "b.jpg": 0})
    rng = random.Random(name)
    for _ in range(ROUNDS):
        raw = bytearray(text.encode())
        for _ in range(rng.choice((1, 1, 3))):
            at, count = rng.randrange(len(raw) + 1), rng.choice((0, 1, 1, 5, 40))
            raw[at : at + count] = rng.choice(PIECES)
        (root / file).write_bytes(raw)
        check(root, name, rng)
