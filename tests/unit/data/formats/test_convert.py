"""What goes through another format comes back: on generated data sets, on bccd and on coco80."""

import json
import string
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.annotated import voc_object

from foveal.data.catalog.catalog import UNASSIGNED, Catalog
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.objects import NO_ID, Object, Objects
from foveal.data.formats import layout
from foveal.data.formats.convert import WRITERS, convert
from foveal.data.formats.read import read
from foveal.data.formats.sidecar.writer import Kept, same_segmentation
from foveal.errors import CategoryError, DataError, RunError
from foveal.types.categories import Categories
from foveal.types.flags import Flag
from foveal.types.rle import Rle

FORMATS = tuple(WRITERS)
SIZES = ((31, 17), (16, 40), (640, 8))
TOLERANCE_PX = 1e-6


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder of images under names that formats find hard; their sizes are ``SIZES`` in turn."""
    root = tmp_path_factory.mktemp("images")
    names = ("a.png", "deep/a.png", "train/images/a.jpg", "with blank.png", "A.jpg", "ü/b.c.png")
    for i, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", SIZES[i % len(SIZES)], (i, 2 * i, 3 * i)).save(root / name)
    return root, sorted(names, key=str.encode), dict(zip(names, (SIZES * 2), strict=True))


words = st.text(string.ascii_letters + string.digits + " _-.ßé/&<'\"", min_size=1, max_size=8)
titles = words.map(str.strip).filter(bool)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
extras = st.dictionaries(
    st.sampled_from(FORMATS), st.dictionaries(st.sampled_from(("pose", "score", "@by", "x y")), plain, max_size=2)
)


@st.composite
def boxes(draw, size):
    """Inside the image, on whole pixels or between them."""
    sides = []
    for length in size:
        ends = st.lists(st.integers(0, length), min_size=2, max_size=2, unique=True)
        between = st.lists(st.floats(0, length), min_size=2, max_size=2).filter(lambda v: abs(v[0] - v[1]) > 0.03)
        sides.append(sorted(draw(ends | between)))
    return tuple(float(v) for v in (sides[0][0], sides[1][0], sides[0][1], sides[1][1]))


@st.composite
def segmentations(draw, size):
    """None, polygons, or a mask as numbers or as text."""
    kind = draw(st.sampled_from(("none", "polygon", "polygons", "runs", "text")))
    if kind == "none":
        return None
    if kind.startswith("polygon"):
        point = st.tuples(st.floats(0, size[0]), st.floats(0, size[1]))
        rings = st.lists(st.lists(point, min_size=3, max_size=5), min_size=1, max_size=2 if kind == "polygons" else 1)
        return [[v for xy in ring for v in xy] for ring in draw(rings)]
    seed = draw(st.integers(0, 99))
    mask = (np.random.default_rng(seed).random(size[::-1]) < 0.3).astype(np.uint8)
    return Rle.of(mask).to_coco(compressed=kind == "text")


@st.composite
def objects(draw, size, num_classes, ids):
    box = draw(boxes(size))
    area = draw(st.none() | st.floats(0.5, 1e4))
    flags = draw(st.sampled_from([0, 0, 0, *map(int, Flag), int(Flag.DIFFICULT | Flag.TRUNCATED)]))
    number = NO_ID if ids is None else ids.pop()
    return Object(
        box, draw(st.integers(0, num_classes - 1)), flags, area, number, draw(segmentations(size)), draw(extras)
    )


@st.composite
def catalogs(draw, images):
    """Any data set that a reader could give."""
    root, names, sizes = images
    chosen = draw(
        st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True).map(lambda n: sorted(n, key=str.encode))
    )
    titles_ = draw(st.lists(titles, min_size=1, max_size=4, unique_by=str.casefold))
    numbers = st.lists(st.integers(0, 300), min_size=len(titles_), max_size=len(titles_), unique=True).map(tuple)
    categories = Categories(tuple(titles_), draw(st.just(()) | numbers))
    ids = draw(st.none() | st.permutations(range(40)))
    ids = None if ids is None else list(ids)
    rows = []
    for name in chosen:
        row = draw(st.lists(objects(sizes[name], len(titles_), ids), max_size=4))
        alone = {}
        for thing in row:  # one box given twice is a fault
            alone.setdefault((thing.box, thing.label, json.dumps(thing.segmentation), thing.flags & Flag.CROWD), thing)
        rows.append(list(alone.values()))
    says = []
    for at in range(len(chosen)):
        extra = draw(extras)
        if draw(st.booleans()):
            extra.setdefault("coco", {})["id"] = draw(st.integers(0, 9)) * 10 + at
        says.append(extra)
    return Catalog(
        root,
        draw(st.sampled_from(FORMATS)),
        "boxes",
        categories,
        Names.of(chosen),
        np.array(
            draw(st.lists(st.sampled_from([0, 1, 2, UNASSIGNED]), min_size=len(chosen), max_size=len(chosen))), np.uint8
        ),
        Ragged.of([sorted({o.label for o in row if not o.flags & 7}) for row in rows]),
        multi_label=True,
        sizes=np.array([sizes[name] for name in chosen], np.int32),
        objects=Objects.of(rows),
        extras=Names.of([json.dumps(extra) for extra in says]),
        about=json.dumps({"yolo": {"license": "none"}} if draw(st.booleans()) else {}),
    )


def own_names(catalog):
    extras = [json.loads(catalog.extras[i]) if catalog.extras[i] else {} for i in range(len(catalog))]
    return layout.own_names(catalog, extras), extras


def holds(more, less):
    """Whether ``more`` says all that ``less`` says."""
    if isinstance(less, dict):
        return isinstance(more, dict) and all(k in more and holds(more[k], v) for k, v in less.items() if v != {})
    return more == less


def assert_nothing_lost(before, after):
    """Every image, object and remark of ``before`` is in ``after``; ids may have been given to what had none."""
    assert after.repairs == ()
    assert after.categories.names == before.categories.names
    assert before.categories.source_ids in ((), after.categories.source_ids)
    assert holds(json.loads(after.about or "{}"), json.loads(before.about or "{}"))
    (names, said), (new_names, new_said) = own_names(before), own_names(after)
    assert sorted(names) == sorted(new_names)
    for i, name in enumerate(names):
        k = new_names.index(name)
        assert before.path(i).read_bytes() == after.path(k).read_bytes()
        assert before.splits[i] == after.splits[k]
        assert before.labels[i].tolist() == after.labels[k].tolist()
        assert before.sizes[i].tolist() == after.sizes[k].tolist()
        assert holds(new_said[k], said[i])
        for old, new in zip(before.objects[i], after.objects[k], strict=True):
            assert np.allclose(old.box, new.box, rtol=0, atol=TOLERANCE_PX)
            assert (old.label, old.flags) == (new.label, new.flags)
            assert old.id in (NO_ID, new.id)
            assert abs(old.area - new.area) <= 1e-6 * max(1, old.area)
            assert same_segmentation(old.segmentation, new.segmentation)
            assert holds(new.extras, old.extras)


@pytest.mark.parametrize("first", FORMATS)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_there_and_back_loses_nothing(images, first, data):
    before, second = data.draw(catalogs(images)), data.draw(st.sampled_from(FORMATS))
    with tempfile.TemporaryDirectory() as folder:
        convert(before, Path(folder, "one"), to=first)
        one = read(Path(folder, "one"), bad="error")
        assert one.format == first
        assert_nothing_lost(before, one)
        convert(one, Path(folder, "two"), to=second)
        assert_nothing_lost(before, read(Path(folder, "two"), bad="error"))


@pytest.mark.parametrize("name", ["bccd", "coco80"])
@pytest.mark.parametrize("first", FORMATS)
def test_real_data_through_every_pair(real_data, tmp_path, name, first):
    before = read(real_data / name, bad="error")
    convert(before, tmp_path / "one", to=first, link=False)
    one = read(tmp_path / "one", bad="error")
    assert_nothing_lost(before, one)
    for second in FORMATS if name == "coco80" else ("coco",):
        convert(one, tmp_path / second, to=second, link=True)
        assert_nothing_lost(before, read(tmp_path / second, bad="error"))


def test_what_voc_has_no_place_for_is_told(make_coco, coco_document, tmp_path):
    catalog = read(make_coco(coco_document))
    done = convert(catalog, tmp_path / "voc", to="voc")
    assert (done.images, done.objects, done.splits) == (3, 3, {})
    assert {(kept.field, kept.count) for kept in done.kept} == {
        ("area", 2),
        ("class ids and order", 3),
        ("coco classes", 1),
        ("coco files", 1),
        ("coco id", 3),
        ("coco license", 1),
        ("coco score_of_annotator", 1),
        ("exact box", 1),
        ("flag crowd", 1),
        ("object id", 3),
        ("segmentation (mask)", 1),
        ("segmentation (polygons)", 1),
    }
    assert {kept.where for kept in done.kept} == {"foveal-sidecar.json"}
    assert json.loads(json.dumps(done.to_dict()))["kept"][0] == {
        "field": "area",
        "count": 2,
        "where": "foveal-sidecar.json",
    }


def test_flags_that_coco_lacks_stand_in_keys_of_their_own(make_voc, tmp_path):
    thing = voc_object("cat", (1, 1, 9, 9), truncated=1, difficult=1)
    done = convert(read(make_voc({"a": [thing]})), tmp_path / "coco", to="coco")
    told = {kept.field: kept for kept in done.kept}
    where = "key 'difficult' of the annotation, which other tools ignore"
    assert told["flag difficult"] == Kept("flag difficult", 1, where)
    (record,) = json.loads((tmp_path / "coco/annotations/instances.json").read_text())["annotations"]
    assert (record["iscrowd"], record["difficult"], record["truncated"]) == (0, 1, 1)


@pytest.mark.parametrize("through", FORMATS)
def test_one_name_in_two_splits_comes_back(make_coco, tmp_path, draw, through):
    for at, split in enumerate(("train", "val")):
        draw(tmp_path / f"coco/images/{split}/1.jpg", at)
        record = {"id": 7, "image_id": 1, "category_id": 1, "bbox": [at, 2, 9, 9], "area": 12, "iscrowd": 0}
        document = {
            "images": [{"id": 1, "file_name": "1.jpg", "width": 64, "height": 48}],
            "annotations": [record],
            "categories": [{"id": 1, "name": "cat"}],
        }
        make_coco(document, name=f"annotations/instances_{split}.json")
    convert(read(tmp_path / "coco", bad="error"), tmp_path / "one", to=through)
    convert(read(tmp_path / "one", bad="error"), tmp_path / "two", to="coco")
    two = read(tmp_path / "two", bad="error")
    assert [two.names[i] for i in range(2)] == ["images/train/1.jpg", "images/val/1.jpg"]
    assert [row[0].box for row in map(two.objects.__getitem__, range(2))] == [(0, 2, 9, 11), (1, 2, 10, 11)]
    for split in ("train", "val"):
        written = json.loads((tmp_path / f"two/annotations/instances_{split}.json").read_text())
        assert written["images"] == [{"id": 1, "file_name": "1.jpg", "width": 64, "height": 48}]
        image = f"images/{split}/1.jpg"
        assert (tmp_path / "two" / image).read_bytes() == (tmp_path / "coco" / image).read_bytes()


def test_one_name_with_and_without_a_split_comes_back(make_coco, tmp_path, draw):
    sizes, splits = {"a.png": (64, 48), "deep/a.png": (20, 30)}, {"a.png": "", "deep/a.png": "_train"}
    for at, (name, split) in enumerate(splits.items()):
        draw(tmp_path / f"coco/images/{name}", at, size=sizes[name])
        width, height = sizes[name]
        document = {
            "images": [{"id": at, "file_name": name, "width": width, "height": height}],
            "annotations": [{"id": at, "image_id": at, "category_id": 1, "bbox": [at, 2, 9, 9]}],
            "categories": [{"id": 1, "name": "cat"}],
        }
        make_coco(document, name=f"annotations/instances{split or '_unassigned'}.json")
    before = read(tmp_path / "coco", bad="error")
    convert(before, tmp_path / "two", to="coco")
    assert_nothing_lost(before, read(tmp_path / "two", bad="error"))
    for name in ("train/deep/a.png", "unassigned/a.png"):
        (tmp_path / "two/images" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "two/images" / name.partition("/")[2]).rename(tmp_path / "two/images" / name)
    after = read(tmp_path / "two", bad="error")
    assert sorted(after.names[i] for i in range(2)) == ["images/train/deep/a.png", "images/unassigned/a.png"]
    assert_nothing_lost(before, after)


def test_areas_come_back_without_noise(make_coco, coco_document, tmp_path):
    square = [10.1, 10.1, 14.1, 10.1, 14.1, 13.1, 10.1, 13.1]
    record = {"id": 5, "image_id": 3, "category_id": 0, "bbox": [10.1, 10.1, 4, 3], "area": 12}
    coco_document["annotations"] = [record | {"segmentation": [square]}]
    convert(read(make_coco(coco_document)), tmp_path / "one", to="yolo")
    convert(read(tmp_path / "one"), tmp_path / "two", to="coco")
    (written,) = json.loads((tmp_path / "two/annotations/instances.json").read_text())["annotations"]
    assert written["area"] == 12


def test_images_are_copies_or_second_names(make_coco, coco_document, tmp_path):
    catalog = read(make_coco(coco_document))
    done = []
    convert(catalog, tmp_path / "copy", to="yolo", progress=done.append)
    convert(catalog, tmp_path / "link", to="yolo", link=True)
    assert done == [1, 2, 3]
    assert not (tmp_path / "copy/images/train/a.jpg").samefile(catalog.path(0))
    assert (tmp_path / "link/images/train/a.jpg").samefile(catalog.path(0))


def test_an_empty_folder_is_filled(make_coco, coco_document, tmp_path):
    (tmp_path / "out").mkdir()
    convert(read(make_coco(coco_document)), tmp_path / "out", to="coco")
    assert len(read(tmp_path / "out", bad="error")) == 3


@pytest.mark.parametrize(
    ("place", "what", "hint"),
    [
        ("coco/new", "{} is inside the data set, which must not be changed.", "Choose another folder."),
        ("full", "{} is not empty.", "Give a folder that does not exist yet, or an empty one."),
        ("full/file", "{} is a file.", "Give a folder that does not exist yet."),
    ],
)
def test_places_that_are_refused(make_coco, coco_document, tmp_path, place, what, hint):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    with pytest.raises(RunError) as caught:
        convert(read(make_coco(coco_document)), tmp_path / place, to="voc")
    assert str(caught.value) == f"{what.replace('{}', str(tmp_path / place))}\n{hint}"


def test_labels_alone_cannot_be_converted(make_tree, tmp_path):
    root = make_tree({"a": 1, "b": 1})
    with pytest.raises(DataError) as caught:
        convert(read(root), tmp_path / "out", to="coco")
    assert str(caught.value) == (
        f"{root} has class labels only; coco needs boxes.\n"
        "Convert it to image_folder or table, or convert a data set that has boxes."
    )


def test_a_class_that_xml_cannot_hold(make_coco, coco_document, tmp_path):
    coco_document["categories"][0]["name"] = "a\x01b"
    with pytest.raises(CategoryError) as caught:
        convert(read(make_coco(coco_document)), tmp_path / "out", to="voc")
    assert caught.value.what == "The class name 'a\\x01b' has characters that XML does not allow."
    assert list(tmp_path.iterdir()) == [tmp_path / "coco"], "nothing half-written stays"


def test_an_image_that_vanishes_leaves_nothing_half_written(make_coco, coco_document, tmp_path):
    catalog = read(make_coco(coco_document))
    catalog.path(1).unlink()
    with pytest.raises(DataError) as caught:
        convert(catalog, tmp_path / "out", to="coco")
    assert caught.value.what == f"{catalog.path(1)}: cannot be copied (No such file or directory)."
    assert list(tmp_path.iterdir()) == [tmp_path / "coco"]


def test_masks_cannot_be_converted(make_masks, tmp_path):
    root = make_masks({"a": [[0, 1]]})
    with pytest.raises(DataError) as caught:
        convert(read(root), tmp_path / "out", to="coco")
    assert str(caught.value) == (
        f"{root} has semantic masks, which cannot be converted to coco; it needs objects.\n"
        "Convert it to mask_folder, or convert a data set that has boxes."
    )
