"""VIA of versions 1, 2 and 3, as JSON and as CSV."""

import json

import pytest

from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.types.flags import Flag

RECT = {"name": "rect", "x": 5, "y": 6, "width": 15, "height": 16}
BOLT = ("bolt", (5, 6, 20, 22), 0)


def region(shape=None, **attributes):
    return {"shape_attributes": shape or RECT, "region_attributes": attributes}


def file(name, *regions, **more):
    return {"filename": name, "size": 99, "regions": list(regions), "file_attributes": {}, **more}


def test_annotations_of_each_split(lay, told):
    files = {"train/a.jpg": 0, "train/b.jpg": 0, "val/a.jpg": 0}
    train = {"a.jpg99": file("a.jpg", region(type="bolt")), "b.jpg99": file("b.jpg")}
    val = {"a.jpg99": {**file("a.jpg"), "regions": {"0": region(type="bolt")}}}
    catalog = read(lay({**files, "train/via_region_data.json": train, "val/x.json": val}))
    assert catalog.format == "via"
    assert told(catalog) == {
        "train/a.jpg": ("train", [BOLT]),
        "train/b.jpg": ("train", []),
        "val/a.jpg": ("val", [BOLT]),
    }


def test_a_project_with_every_shape_and_attributes(lay, told):
    regions = [
        region(label={"bolt": True}, truncated="1", note="x"),
        region({"name": "polygon", "all_points_x": [5, 20, 20], "all_points_y": [6, 6, 22]}, label="nut"),
        region({"name": "circle", "cx": 20, "cy": 20, "r": 5}, label="nut"),
        region({"name": "ellipse", "cx": 20, "cy": 20, "rx": 5, "ry": 3, "theta": 0}, label="nut"),
        region({"name": "point", "cx": 20, "cy": 20}, label="nut"),
        region({"name": "polygon", "all_points_x": [5, 20], "all_points_y": [6, 6]}, label="nut"),
        region(label={"bolt": True, "nut": True}),
    ]
    project = {"_via_settings": {}, "_via_img_metadata": {"a.jpg9": file("a.jpg", *regions)}, "_via_attributes": {}}
    catalog = read(lay({"a.jpg": 0, "p.json": project}))
    assert [(name, tuple(round(v, 6) for v in box), flags) for name, box, flags in told(catalog)["a.jpg"][1]] == [
        ("bolt", (5, 6, 20, 22), Flag.TRUNCATED),
        ("nut", (5, 6, 20, 22), 0),
        ("nut", (15, 15, 25, 25), 0),
        ("nut", (15, 17, 25, 23), 0),
    ]
    assert catalog.objects[0][0].extras == {"via": {"region_attributes": {"note": "x"}}}
    assert catalog.notes[:4] == (
        "The class is the regions' attribute 'label'; other attributes: note.",
        "1 circle read as polygons of 64 points.",
        "1 ellipse read as polygons of 64 points.",
        "1 point not read: no area.",
    )
    assert sorted(repair.message for repair in catalog.repairs) == [
        'an object has the class ["bolt", "nut"], not one name',
        "it is a polygon of 2 points; at least 3 are needed",
    ]


def test_regions_without_attributes_are_of_one_class(lay, told):
    catalog = read(lay({"a.jpg": 0, "p.json": {"a.jpg9": file("a.jpg", region())}}))
    assert told(catalog)["a.jpg"][1] == [("object", (5, 6, 20, 22), 0)]
    assert catalog.notes == ("Regions have no attributes; all are of one class, 'object'.",)


def test_csv(lay, told):
    head = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
    cells = [f'"{json.dumps(value).replace(chr(34), chr(34) * 2)}"' for value in (RECT, {"class": "bolt"})]
    rows = [f'a.jpg,9,"{{}}",1,0,{cells[0]},{cells[1]}\n', 'b.jpg,9,"{}",0,0,"{}","{}"\n']
    catalog = read(lay({"a.jpg": 0, "b.jpg": 0, "x.csv": head + "".join(rows)}))
    assert told(catalog) == {"a.jpg": ("", [BOLT]), "b.jpg": ("", [])}


def version_3(**changes):
    return {
        "project": {"pid": "x", "data_format_version": "3.1.1"},
        "config": {},
        "attribute": {"1": {"aname": "kind", "type": 4, "options": {"0": "bolt", "1": "nut"}}},
        "file": {"1": {"fid": "1", "fname": "a.jpg", "type": 2, "loc": 1, "src": ""}},
        "metadata": {
            "1_a": {"vid": "1", "flg": 0, "z": [], "xy": [2, 5, 6, 15, 16], "av": {"1": "0"}},
            "1_b": {"vid": "1", "flg": 0, "z": [], "xy": [7, 5, 6, 20, 6, 20, 22], "av": {"1": "1"}},
            "1_c": {"vid": "1", "flg": 0, "z": [], "xy": [6, 5, 6, 20, 6, 20, 22], "av": {"1": "1"}},
        },
        "view": {"1": {"fid_list": ["1"]}},
        **changes,
    }


def test_version_3(lay, told):
    catalog = read(lay({"a.jpg": 0, "x.json": version_3()}))
    assert told(catalog)["a.jpg"][1] == [BOLT, ("nut", (5, 6, 20, 22), 0)]
    assert catalog.notes == ("1 polyline not read: no area.",)


def test_csv_of_version_3(lay, told):
    text = (
        "# Exported using VGG Image Annotator\n"
        "# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata\n"
        '"1_a","[""a.jpg""]",0,"[]","[2,5,6,15,16]","{""kind"":""bolt""}"\n'
    )
    assert told(read(lay({"a.jpg": 0, "x.csv": text}))) == {"a.jpg": ("", [BOLT])}


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"1_a": {"vid": "1", "z": [1.5, 2], "xy": [], "av": {}}}},
        {"file": {"1": {"fid": "1", "fname": "a.mp4", "type": 4}}},
    ],
)
def test_videos_are_refused(lay, changes):
    with pytest.raises(DataError) as caught:
        read(lay({"a.jpg": 0, "x.json": version_3(**changes)}))
    assert "VIA annotates a video or audio here, which is not read." in caught.value.what
