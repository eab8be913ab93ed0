"""Supervisely: a file for each image, boxes, polygons with holes, bitmaps, tags."""

import base64
import io
import zlib

import numpy as np
from PIL import Image

from foveal.data.formats.read import read
from foveal.types.flags import Flag
from foveal.types.rle import Rle

META = {"classes": [{"title": "dog", "shape": "rectangle"}, {"title": "cat", "shape": "any"}], "tags": []}


def page(*objects, tags=()):
    return {"description": "", "tags": list(tags), "size": {"height": 48, "width": 64}, "objects": list(objects)}


def thing(kind="rectangle", outer=((5, 6), (20, 22)), inner=(), **more):
    points = {"exterior": list(map(list, outer)), "interior": [list(map(list, ring)) for ring in inner]}
    return {"id": 1, "classTitle": "cat", "geometryType": kind, "points": points, "tags": [], **more}


def bitmap(pixels, origin):
    file = io.BytesIO()
    Image.fromarray(pixels * np.uint8(255)).save(file, "PNG")
    return {"data": base64.b64encode(zlib.compress(file.getvalue())).decode(), "origin": origin}


def test_a_project(lay, told):
    files = {f"{home}/img/{name}.jpg": 0 for home in ("train", "val") for name in "ab"}
    pages = {f"{home}/ann/a.jpg.json": page(thing()) for home in ("train", "val")}
    pages |= {f"{home}/ann/b.jpg.json": page() for home in ("train", "val")}
    catalog = read(lay({"meta.json": META, **files, **pages}))
    assert (catalog.format, catalog.categories.names) == ("supervisely", ("dog", "cat"))
    cat = ("cat", (5, 6, 20, 22), 0)
    assert told(catalog) == {
        "train/img/a.jpg": ("train", [cat]),
        "train/img/b.jpg": ("train", []),
        "val/img/a.jpg": ("val", [cat]),
        "val/img/b.jpg": ("val", []),
    }
    assert catalog.repairs == ()


def test_shapes_tags_and_faults(lay, told):
    square = ((10, 10), (30, 10), (30, 30), (10, 30))
    hole = ((15, 15), (25, 15), (25, 25), (15, 25))
    mask = np.array([[1, 0, 1], [1, 1, 1]], np.uint8)
    things = [
        thing("polygon", square, tags=[{"name": "difficult", "value": None}, {"name": "by", "value": "me"}]),
        thing("polygon", square, [hole], classTitle="dog"),
        thing("bitmap", bitmap=bitmap(mask, [7, 8])),
        thing("line", ((1, 1), (2, 2))),
        thing("rectangle", square),
        thing("bitmap", bitmap=bitmap(mask, [63, 8])),
        thing("bitmap", bitmap={"data": "x", "origin": [0, 0]}),
        thing("sphere"),
    ]
    pages = {"ds/ann/a.jpg.json": page(*things, tags=[{"name": "val"}]), "ds/ann/b.jpg.json": page(thing())}
    catalog = read(lay({"meta.json": META, "ds/img/a.jpg": 0, "ds/img/b.jpg": 0, **pages}))
    split, found = told(catalog)["ds/img/a.jpg"]
    assert split == "val"
    assert found[0] == ("cat", (10, 10, 30, 30), Flag.DIFFICULT)
    assert catalog.objects[0][0].extras["supervisely"]["tags"] == {"by": "me"}
    ring = Rle.from_coco(catalog.objects[0][1].segmentation).mask()
    assert (found[1][:2], int(ring.sum())) == (("dog", (10, 10, 30, 30)), 20 * 20 - 10 * 10)
    part = Rle.from_coco(catalog.objects[0][2].segmentation).mask()
    assert found[2][1] == (7, 8, 10, 10)
    assert (part[8:10, 7:10] == mask).all() and part.sum() == mask.sum()
    assert sorted(repair.message for repair in catalog.repairs) == [
        "it is a rectangle of 4 points, not two",
        "its bitmap is no PNG in base64 and zlib",
        "its bitmap of 3 x 2 pixels at 63, 8 does not fit into the image",
        "the geometry 'sphere' is none that is read",
    ]
    assert "1 line not read: no area." in catalog.notes
    assert "1 image whose split is one of its tags." in catalog.notes


def test_tags_are_labels(lay):
    pages = {f"ds/ann/{n}.jpg.json": page(tags=[{"name": label}]) for n, label in (("a", "x"), ("b", "y"))}
    catalog = read(lay({"meta.json": META, "ds/img/a.jpg": 0, "ds/img/b.jpg": 0, **pages}))
    assert (catalog.annotation, catalog.categories.names) == ("labels", ("x", "y"))
