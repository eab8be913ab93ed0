import copy
import json
import math
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.catalog.objects import NO_ID
from foveal.data.catalog.split import with_splits
from foveal.data.formats.convert import convert
from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError, FovealError
from foveal.types.categories import Categories
from foveal.types.flags import Flag


def names(catalog):
    return [catalog.names[i] for i in range(len(catalog))]


def test_a_worked_case(make_coco, coco_document):
    root = make_coco(coco_document)
    catalog = read(root)
    assert (catalog.format, catalog.annotation, catalog.multi_label, catalog.repairs) == ("coco", "boxes", True, ())
    assert names(catalog) == ["images/a.jpg", "images/b.jpg", "images/c.jpg"]
    assert catalog.categories == Categories(("dog", "cat", "car"), (200, 0, 7))
    assert catalog.sizes.tolist() == [[64, 48]] * 3
    assert [row.tolist() for row in map(catalog.labels.__getitem__, range(3))] == [[1], [0], []], (
        "a crowd is not evaluated"
    )
    whole, crowd = catalog.objects[0]
    assert (whole.box, whole.label, whole.flags, whole.area, whole.id) == ((0, 0, 64, 48), 1, 0, 3072, 5)
    assert (crowd.flags, crowd.area, crowd.id) == (Flag.CROWD, 12, 6)
    assert crowd.segmentation == {"size": [48, 64], "counts": [1000, 12, 2060]}
    (dog,) = catalog.objects[1]
    assert dog.box == (1.5, 2, 11.5, 22.25)
    assert dog.segmentation == [[1.5, 2, 11.5, 2, 11.5, 22.25]]
    assert dog.extras == {"coco": {"score_of_annotator": 0.9}}
    assert json.loads(catalog.extras[1]) == {"coco": {"id": 17, "license": 4}}
    about = json.loads(catalog.about)["coco"]
    assert about["files"] == {"": {"info": {"year": 2024}, "licenses": [{"id": 4, "name": "free"}]}}
    assert about["classes"] == {"dog": {"supercategory": "animal"}, "cat": {"supercategory": "animal"}}


def test_written_back_unchanged(make_coco, coco_document, tmp_path):
    convert(read(make_coco(coco_document)), tmp_path / "out", to="coco")
    out = json.loads((tmp_path / "out/annotations/instances.json").read_text())
    for key in ("images", "annotations"):
        expected = sorted(coco_document[key], key=lambda r: r["id"])
        got = [{**r} for r in sorted(out[key], key=lambda r: r["id"])]
        for before, after in zip(expected, got, strict=True):
            after = {k: v for k, v in after.items() if k in before or v != []}
            assert after == before
    assert out["categories"] == coco_document["categories"], "gaps, 0, 200, and the order are the source's"
    assert out["info"] == coco_document["info"] and out["licenses"] == coco_document["licenses"]
    assert not (tmp_path / "out/foveal-sidecar.json").exists()


def test_flags_that_other_tools_add(make_coco, coco_document):
    coco_document["annotations"][0] |= {"ignore": 1, "difficult": True, "truncated": 1}
    catalog = read(make_coco(coco_document))
    assert catalog.objects[1][0].flags == Flag.IGNORE | Flag.DIFFICULT | Flag.TRUNCATED
    assert catalog.labels[1].tolist() == []


def test_ids_that_are_text_or_missing_are_kept(make_coco, coco_document, tmp_path):
    coco_document["annotations"][0]["id"] = "a1"
    del coco_document["annotations"][1]["id"]
    catalog = read(make_coco(coco_document))
    assert catalog.objects[1][0].id == NO_ID and catalog.objects[1][0].extras["coco"]["id"] == "a1"
    assert catalog.repairs == ()
    convert(catalog, tmp_path / "out", to="coco")
    out = json.loads((tmp_path / "out/annotations/instances.json").read_text())
    assert [a["id"] for a in out["annotations"]] == [7, 6, "a1"]


@pytest.mark.parametrize(
    ("files", "folders"),
    [
        (("annotations/instances_train2017.json", "annotations/instances_val2017.json"), ("train2017", "val2017")),
        (("annotations/instances_train.json", "annotations/instances_val.json"), ("images", "images")),
        (("annotations/instances_train.json", "annotations/instances_val.json"), ("images/train", "images/val")),
        (("train/_annotations.coco.json", "valid/_annotations.coco.json"), ("train", "valid")),
    ],
)
def test_splits_and_where_images_lie(tmp_path, draw, coco_document, files, folders):
    root = tmp_path / "set"
    parts = []
    for at, (file, folder) in enumerate(zip(files, folders, strict=True)):
        document = copy.deepcopy(coco_document)
        document["images"] = [i for i in document["images"] if (i["file_name"] == "a.jpg") == bool(at)]
        inside = {i["id"] for i in document["images"]}
        document["annotations"] = [a for a in document["annotations"] if a["image_id"] in inside]
        for image in document["images"]:
            draw(root / folder / image["file_name"], image["id"])
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(json.dumps(document))
        parts.append({f"{folder}/{i['file_name']}" for i in document["images"]})
    catalog = read(root, bad="error")
    for split, expected in zip(("train", "val"), parts, strict=True):
        assert set(names(catalog.split(split))) == expected
    one = read(root / files[1])
    assert len(one) == 1 and SPLITS[one.splits[0]] == "val" and one.repairs == ()


def test_an_image_of_no_split_beside_splits(make_coco, coco_document, tmp_path):
    catalog = read(make_coco(coco_document))
    convert(catalog.assign(np.array([0, 1, UNASSIGNED], np.uint8)), tmp_path / "out", to="coco")
    assert sorted(p.name for p in (tmp_path / "out/annotations").iterdir()) == [
        "instances_train.json",
        "instances_unassigned.json",
        "instances_val.json",
    ]
    assert read(tmp_path / "out").splits.tolist() == [0, 1, UNASSIGNED]


def test_a_file_of_all_images_beside_splits_is_left_out_and_noted(make_coco, coco_document):
    root = make_coco(coco_document, name="annotations/instances_train.json")
    make_coco(coco_document, root, "annotations/instances_trainval.json")
    catalog = read(root)
    assert catalog.notes[0] == "Files without a split were left out: instances_trainval.json."
    assert catalog.splits.tolist() == [0, 0, 0] and catalog.repairs == ()


def test_one_class_map_over_all_files(make_coco, coco_document):
    root = make_coco(coco_document, name="annotations/instances_train.json")
    other = copy.deepcopy(coco_document)
    other["categories"] = [{"id": 9, "name": "bus"}, *coco_document["categories"][:1]]
    other["annotations"] = [{"id": 1, "image_id": 1, "category_id": 9, "bbox": [1, 2, 3, 4]}]
    other["images"] = [{"id": 1, "file_name": "d.jpg", "width": 64, "height": 48}]
    make_coco(other, root, "annotations/instances_val.json")
    assert read(root, bad="error").categories == Categories(("dog", "cat", "car", "bus"), (200, 0, 7, 9))
    other["categories"][0]["id"] = 7
    make_coco(other, root, "annotations/instances_val.json")
    with pytest.raises(CategoryError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}/annotations/instances_val.json: categories[0]: 'bus' has the id 7, which 'car' has too.\n"
        "Give every class a unique id, the same in every file."
    )


def test_a_model_s_class_map_is_enforced(make_coco, coco_document):
    root = make_coco(coco_document)
    own = Categories(("bus", "car", "cat", "dog"), (1, 2, 3, 4))
    catalog = read(root, categories=own)
    assert catalog.categories == own
    assert catalog.objects.labels.tolist() == [2, 1, 3]
    read(root, categories=Categories(("cat", "dog", "car")))
    with pytest.raises(CategoryError) as caught:
        read(root, categories=Categories(("cats", "dog", "car")))
    assert str(caught.value) == (
        f"{root}/annotations/instances.json, annotation 5: unknown class 'cat'.\n"
        "Did you mean 'cats'? Known classes: cats, dog, car."
    )


def test_a_declared_class_without_objects_need_not_be_in_the_model_s_map(make_coco, coco_document):
    coco_document["categories"].append({"id": 1, "name": "things"})
    assert len(read(make_coco(coco_document), categories=Categories(("cat", "dog", "car"))).categories) == 3


HINT = 'COCO\'s instances JSON is an object with the lists "images", "annotations" and "categories".'


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ('{"images": [\n  1,,', "{}, line 2, column 5: not JSON (Expecting value).", "Correct or replace the file."),
        ("[]", "{}: the JSON is not an object.", HINT),
        ('{"images": [], "categories": []}', "{}: the list 'annotations' is missing.", HINT),
        ('{"annotations": [], "categories": []}', "{}: the list 'images' is missing.", HINT),
        (
            b'{"images": "\xff"}',
            "{}, line 1: byte 13 (0xff) is not UTF-8 text.",
            "Save it as UTF-8, or replace the file.",
        ),
        (
            '{"images": [{"id": 1}], "annotations": [], "categories": [{"id": 1, "name": "a"}]}',
            "{}: images[0] has no file_name.",
            "Name the image's file.",
        ),
        (
            '{"images": [{"file_name": "a.jpg"}], "annotations": [], "categories": [{"id": 1, "name": "a"}]}',
            "{}: images[0] (a.jpg) has no id.",
            "Give the image an id.",
        ),
        (
            '{"images": [], "annotations": [], "categories": [{"id": "x", "name": "a"}]}',
            "{}: categories[0], 'a': the id 'x' is not a whole number.",
            "Use whole numbers as ids.",
        ),
        (
            '{"images": [], "annotations": [], "categories": [7]}',
            "{}: categories[0] has no name.",
            'Each class is {"id": number, "name": text}.',
        ),
    ],
)
def test_bad_input_is_named(tmp_path, text, what, hint):
    path = tmp_path / "instances.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == f"{what.replace('{}', str(path))}\n{hint}"


def test_an_image_too_large_to_be_decoded_at_once_is_kept_for_tiles(make_coco, coco_document, monkeypatch):
    root, whole = make_coco(coco_document), 64 * 48
    monkeypatch.setattr("foveal.imaging.codecs.pillow.MAX_PIXELS", whole - 1)
    assert names(read(root, tiled=True)) == ["images/a.jpg", "images/b.jpg", "images/c.jpg"]
    with pytest.raises(DataError, match="64 x 48 pixels, over the limit"):
        read(root)


def test_no_image_is_there(make_coco, coco_document):
    root = make_coco(coco_document)
    shutil.rmtree(root / "images")
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}: none of the images listed can be used. The first: a.jpg is listed but does not exist.\n"
        "Check the paths of the images."
    )


@pytest.mark.parametrize(
    ("change", "what", "hint"),
    [
        ({"images": []}, "the list 'images' is empty.", "List each image with its id, file_name and size."),
        ({"categories": []}, "the list 'categories' is empty.", "Name at least one class."),
        (
            {"categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "cat"}]},
            "categories[1]: 'cat' has the id 2, and the id 1 too.",
            "Give every class one id, the same in every file.",
        ),
        (
            {"categories": [{"id": 1, "name": " "}]},
            "categories[0] has no name.",
            'Each class is {"id": number, "name": text}.',
        ),
    ],
)
def test_lists_that_are_empty_or_name_a_class_twice(make_coco, coco_document, change, what, hint):
    root = make_coco(coco_document | change)
    with pytest.raises(DataError) as caught:
        read(root)
    assert str(caught.value) == f"{root}/annotations/instances.json: {what}\n{hint}"


def unlisted_in(catalog):
    assert {repair.kind for repair in catalog.repairs} <= {"unlisted"}
    return [repair.path for repair in catalog.repairs]


def test_images_in_folders_that_nothing_lists(make_coco, coco_document, draw):
    root = make_coco(coco_document)
    draw(root / "images/sub/z.jpg")
    draw(root / "images/.hidden/z.jpg")
    draw(root / "elsewhere/z.jpg")
    assert unlisted_in(read(root)) == unlisted_in(read(root / "annotations/instances.json")) == ["images/sub/z.jpg"]
    (root / "annotations/captions.json").write_text("{}")
    assert unlisted_in(read(root)) == [], "another file may list it"


def test_folders_of_other_files_are_not_told(make_coco, coco_document, draw):
    root = make_coco(coco_document, name="annotations/instances_train2017.json")
    (root / "images").rename(root / "elsewhere")
    (root / "images").mkdir()
    (root / "elsewhere").rename(root / "images/train2017")
    for name in ("val2017/1.jpg", "test2017/2.jpg"):
        draw(root / "images" / name)
    assert unlisted_in(read(root)) == []
    draw(root / "images/train2017/sub/z.jpg")
    assert unlisted_in(read(root)) == ["images/train2017/sub/z.jpg"]


def test_coco80_is_read_whole(real_data):
    """Every number of the JSON file is in the catalog, and the other way round."""
    catalog = read(real_data / "coco80", bad="error")
    document = json.loads((real_data / "coco80/annotations/instances.json").read_text())
    theirs = {a["id"]: a for a in document["annotations"]}
    ids = {c["name"]: c["id"] for c in document["categories"]}
    assert len(catalog) == 80 and len(theirs) == len(catalog.objects.ids) == 739
    for i in range(len(catalog)):
        image_id = json.loads(catalog.extras[i])["coco"]["id"]
        for thing in catalog.objects[i]:
            record = theirs[thing.id]
            x, y, w, h = record["bbox"]
            assert thing.box == (x, y, x + w, y + h)
            assert record["image_id"] == image_id
            assert ids[catalog.categories.names[thing.label]] == record["category_id"]
            assert thing.area == record["area"] and thing.segmentation == record["segmentation"]
            assert bool(thing.flags & Flag.CROWD) == record["iscrowd"]
    assert (catalog.objects.flags == Flag.CROWD).sum() == 8


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_what_is_written_loads_in_pycocotools(real_data, tmp_path, capsys):
    convert(read(real_data / "bccd"), tmp_path / "bccd", to="coco")
    convert(read(real_data / "coco80"), tmp_path / "coco80", to="coco")
    val = COCO(str(tmp_path / "bccd/annotations/instances_val.json"))
    assert len(val.imgs) == 87 and {c["name"] for c in val.cats.values()} == {"RBC", "WBC", "Platelets"}
    both = [COCO(str(root / "annotations/instances.json")) for root in (tmp_path / "coco80", real_data / "coco80")]
    for key in both[1].anns:
        assert (both[0].annToMask(both[0].anns[key]) == both[1].annToMask(both[1].anns[key])).all()
        assert both[0].anns[key] == both[1].anns[key]
    capsys.readouterr()


def test_splits_of_images_with_many_classes(real_data):
    split = with_splits(read(real_data / "bccd").assign(np.full(292, UNASSIGNED, np.uint8)), val_fraction=0.2, seed=0)
    part = (split.splits == SPLITS.index("val")).mean()
    assert 0.15 < part < 0.3
    for label in range(3):
        has = np.array([label in split.labels[i] for i in range(len(split))])
        assert abs((split.splits[has] == 1).mean() - 0.2) < 0.07
    few = with_splits(read(real_data / "coco80"), val_fraction=0.2, seed=0)
    trained = {k for i in range(80) if few.splits[i] == 0 for k in few.labels[i]}
    assert trained == set(few.labels.values.tolist()), "every class is trained on"


def test_a_hundred_thousand_objects_take_seconds(tmp_path, draw):
    """About two seconds on two idle cores; the limit leaves room for a busy machine."""
    generator = np.random.default_rng(0)
    document = {"images": [], "annotations": [], "categories": [{"id": k, "name": f"c{k}"} for k in range(80)]}
    first = draw(tmp_path / "images" / "0.jpg")
    for i in range(1000):
        document["images"].append({"id": i, "file_name": f"{i}.jpg", "width": 64, "height": 48})
        if i:
            (tmp_path / "images" / f"{i}.jpg").hardlink_to(first)
    corners = generator.uniform(0, 20, (100_000, 4)).round(2)
    for k, (x, y, w, h) in enumerate(corners.tolist()):
        polygon = [x, y, x + w + 1, y, x + w + 1, y + h + 1, x, y + h + 1]
        document["annotations"].append(
            {
                "id": k,
                "image_id": k % 1000,
                "category_id": k % 80,
                "bbox": [x, y, w + 1, h + 1],
                "area": 9.5,
                "iscrowd": 0,
            }
            | {"segmentation": [polygon]}
        )
    (tmp_path / "instances.json").write_text(json.dumps(document))
    begin = time.perf_counter()
    catalog = read(tmp_path / "instances.json")
    assert len(catalog.objects.labels) == 100_000 and catalog.repairs == ()
    assert time.perf_counter() - begin < 25


odd = st.sampled_from(
    [None, True, -1, 0, 2**70, 10**400, 1.5, math.nan, math.inf, "", "x", "\ud800", [], [1], {}, {"a": 1}]
)


def leaves(value, path=()):
    """Paths of all values inside a document, and of the containers that hold them."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from leaves(inner, (*path, key))


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_odd_value_is_fixed_or_named(make_coco, coco_document, data):
    """Whatever one value of the file is, the set is read or refused in words, and reading it never fails otherwise."""
    document = copy.deepcopy(coco_document)
    root = make_coco(document)
    path = data.draw(st.sampled_from(list(leaves(document))))
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = data.draw(odd)
    (root / "annotations/instances.json").write_text(json.dumps(document))
    try:
        catalog = read(root)
    except FovealError:
        return
    for i in range(len(catalog)):
        for thing in catalog.objects[i]:
            assert 0 <= thing.box[0] < thing.box[2] <= 64 and 0 <= thing.box[1] < thing.box[3] <= 48
    assert np.isfinite(catalog.objects.areas).all()
    with tempfile.TemporaryDirectory() as folder:
        for to in ("coco", "voc", "yolo"):
            try:
                convert(catalog, Path(folder, to), to=to)
            except CategoryError:
                continue
            assert len(read(Path(folder, to)).objects.labels) == len(catalog.objects.labels)
