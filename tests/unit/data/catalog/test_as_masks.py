import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import BACKGROUND, as_masks, read_mask
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.objects import Object, Objects
from foveal.data.formats.read import read
from foveal.data.inspection.masks import count_masks, pixel_counts
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories
from foveal.types.flags import Flag
from foveal.types.masks import IGNORE
from foveal.types.rle import Rle

I = IGNORE  # noqa: E741  (one letter keeps maps readable)


def rect(x1, y1, x2, y2):
    return [[x1, y1, x2, y1, x2, y2, x1, y2]]


def thing(x1, y1, x2, y2, label, flags=0, *, outlined=True):
    return Object((x1, y1, x2, y2), label, int(flags), outline=rect(x1, y1, x2, y2) if outlined else None)


def catalog_of(rows, size=(6, 4), categories=None, root=None):
    """Images that need not exist: sizes are known."""
    return Catalog(
        root=root,
        format="made",
        annotation="boxes",
        categories=categories or Categories(("cat", "dog"), (3, 7)),
        names=Names.of([f"{i}.png" for i in range(len(rows))]),
        splits=np.zeros(len(rows), np.uint8),
        labels=Ragged.of([sorted({o.label for o in row}) for row in rows]),
        multi_label=True,
        sizes=np.array([size] * len(rows), np.int32),
        objects=Objects.of(rows),
    )


def test_objects_are_painted_on_background():
    catalog = as_masks(catalog_of([[thing(1, 1, 3, 3, 0), thing(4, 0, 6, 2, 1)], []]))
    assert catalog.annotation == "masks" and catalog.masks is None
    assert catalog.categories == Categories((BACKGROUND, "cat", "dog"), (0, 3, 7))
    assert read_mask(catalog, 0).tolist() == [
        [0, 0, 0, 0, 2, 2],
        [0, 1, 1, 0, 2, 2],
        [0, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    assert (read_mask(catalog, 1) == 0).all()
    assert [catalog.labels[i].tolist() for i in range(2)] == [[0, 1, 2], [0]]


@pytest.mark.parametrize("order", [1, -1])
def test_smaller_objects_lie_on_larger_ones(order):
    row = [thing(0, 0, 6, 4, 0), thing(1, 1, 4, 3, 1), thing(2, 1, 3, 2, 0)]
    assert read_mask(as_masks(catalog_of([row[::order]])), 0).tolist() == [
        [1, 1, 1, 1, 1, 1],
        [1, 2, 1, 2, 1, 1],
        [1, 2, 2, 2, 1, 1],
        [1, 1, 1, 1, 1, 1],
    ]


def test_crowds_count_and_difficult_ones_do_not():
    row = [thing(0, 0, 2, 4, 0, Flag.CROWD), thing(2, 0, 3, 4, 1, Flag.DIFFICULT), thing(3, 0, 4, 4, 1, Flag.IGNORE)]
    catalog = as_masks(catalog_of([row]))
    assert read_mask(catalog, 0).tolist() == [[1, 1, I, I, 0, 0]] * 4
    assert catalog.labels[0].tolist() == [0, 1]


def test_an_object_without_an_outline_hides_its_box():
    row = [thing(0, 0, 3, 4, 0, outlined=False), thing(1, 1, 2, 2, 1)]
    catalog = as_masks(catalog_of([row]))
    assert read_mask(catalog, 0).tolist() == [[I, I, I, 0, 0, 0], [I, 2, I, 0, 0, 0], *[[I, I, I, 0, 0, 0]] * 2]
    assert catalog.notes == ("1 object without an outline; pixels of their boxes count nowhere.",)
    assert catalog.labels[0].tolist() == [0, 2]


def test_run_length_masks_are_painted():
    mask = np.array([[0, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 1]] * 2, np.uint8)
    row = [Object((0, 0, 6, 4), 1, outline=Rle.of(mask).to_coco())]
    assert (read_mask(as_masks(catalog_of([row])), 0) == mask * 2).all()


def test_there_must_be_an_outline(tmp_path):
    with pytest.raises(DataError) as caught:
        as_masks(catalog_of([[thing(0, 0, 3, 4, 0, outlined=False)]], root=tmp_path))
    assert str(caught.value) == (
        f"{tmp_path}: objects have boxes and no outlines, so no pixel's class is known.\n"
        "Give a data set with polygons or masks of objects."
    )


@pytest.mark.parametrize(
    ("old", "new"), [((), (0, 1, 2)), ((3, 7), (0, 3, 7)), ((0, 7), (1, 0, 7)), ((1, 0), (2, 1, 0))]
)
def test_background_takes_the_first_free_id(old, new):
    categories = Categories(("cat", "dog"), old, colors=((9, 9, 9), (8, 8, 8)))
    out = as_masks(catalog_of([[thing(0, 0, 3, 4, 0)]], categories=categories)).categories
    assert out == Categories((BACKGROUND, "cat", "dog"), new, colors=((0, 0, 0), (9, 9, 9), (8, 8, 8)))


def test_a_class_of_that_name_is_the_background():
    categories = Categories(("cat", BACKGROUND), (3, 7))
    catalog = as_masks(catalog_of([[thing(0, 0, 6, 1, 0)]], categories=categories))
    assert catalog.categories is categories
    assert read_mask(catalog, 0).tolist() == [[0] * 6, *[[1] * 6] * 3]


def test_a_model_without_background_is_not_asked_about_it():
    catalog = as_masks(catalog_of([[thing(0, 0, 6, 1, 1)]]), fixed=True)
    assert catalog.categories.names == ("cat", "dog")
    assert read_mask(catalog, 0).tolist() == [[1] * 6, *[[I] * 6] * 3]
    assert catalog.labels[0].tolist() == [1]


def test_too_many_classes(tmp_path):
    categories = Categories(tuple(str(i) for i in range(255)))
    with pytest.raises(DataError, match="has 255 classes; masks may have at most 255 with background"):
        as_masks(catalog_of([[thing(0, 0, 3, 4, 0)]], categories=categories, root=tmp_path))


SHAPES = st.lists(
    st.tuples(
        st.integers(0, 5), st.integers(0, 3), st.integers(1, 6), st.integers(1, 4), st.integers(0, 1), st.booleans()
    ),
    min_size=1,
    max_size=6,
)


@given(SHAPES)
def test_painting_equals_a_slow_painter(shapes):
    row = [
        thing(x, y, min(6, x + w), min(4, y + h), label, Flag.DIFFICULT if hard else 0)
        for x, y, w, h, label, hard in shapes
    ]
    want = np.zeros((4, 6), int)
    areas = [(o.box[2] - o.box[0]) * (o.box[3] - o.box[1]) for o in row]
    for at in sorted(range(len(row)), key=lambda i: -areas[i]):
        for y in range(4):
            for x in range(6):
                x1, y1, x2, y2 = row[at].box
                if x1 <= x < x2 and y1 <= y < y2:
                    want[y, x] = I if row[at].flags else row[at].label + 1
    assert (read_mask(as_masks(catalog_of([row])), 0) == want).all()


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_codes_of_any_depth_come_back(tmp_path, data):
    kind = data.draw(st.sampled_from(["gray", "deep", "colour"]))
    top = {"gray": 255, "deep": 65535, "colour": 2**24 - 1}[kind]
    codes = data.draw(st.lists(st.integers(0, top), min_size=3, max_size=6, unique=True))
    ids = np.array(data.draw(st.lists(st.integers(0, len(codes) - 1), min_size=12, max_size=12))).reshape(3, 4)
    pixels = np.array(codes)[ids]
    if kind == "colour":
        stored = np.stack([pixels >> 16, pixels >> 8 & 255, pixels & 255], axis=2).astype(np.uint8)
    else:
        stored = pixels.astype(np.uint8 if kind == "gray" else np.uint16)
    Image.fromarray(stored).save(tmp_path / "m.png")
    catalog = replace(
        catalog_of(
            [[]], size=(4, 3), categories=Categories(tuple("abcdef"[: len(codes) - 1]), tuple(codes[:-1]), (codes[-1],))
        ),
        root=tmp_path,
        annotation="masks",
        objects=None,
        masks=Names.of(["m.png"]),
    )
    out = read_mask(catalog, 0)
    assert (out == np.where(ids == len(codes) - 1, I, ids)).all()
    assert out.flags.writeable and out.flags.c_contiguous and out.dtype == np.uint8


def test_a_mask_that_changed_after_reading(make_masks):
    root = make_masks({"a": [[0, 1, 1]]})
    catalog = read(root)
    before = catalog.fingerprint()
    make_masks({"a": [[0, 1, 9]]})
    with pytest.raises(CategoryError, match=r"masks/a.png: the code 9 at x 2, y 0 is no class"):
        read_mask(catalog, 0)
    assert catalog.fingerprint() != before
    make_masks({"a": [[0, 1], [0, 1]]})
    with pytest.raises(DataError, match=r"masks/a.png: 2 x 2 pixels; its image has 3 x 1"):
        read_mask(catalog, 0)


def test_the_fingerprint_tells_masks_codes_and_names(make_masks):
    root = make_masks({"a": [[0, 1, 1]], "b": [[0, 1, 1]]})
    one = read(root, classes="x,y")
    whole, content = one.fingerprint(), one.content_fingerprint()
    assert read(root, classes="x,y").fingerprint() == whole
    assert read(root, classes="x,z").fingerprint() != whole
    assert read(root, classes="x,y", ignore=[5]).fingerprint() != whole
    make_masks({"a": [[0, 0, 1]], "b": [[0, 1, 1]]})
    other = read(root, classes="x,y")
    assert other.fingerprint() != whole and other.content_fingerprint() == content


def test_masks_go_with_their_images(make_masks):
    catalog = read(make_masks({"a": [[0, 1]], "b": [[1, 1]]}))
    turned = catalog.take(np.array([1, 0]))
    assert [read_mask(turned, i).tolist() for i in range(2)] == [[[1, 1]], [[0, 1]]]


def test_coco_read_as_masks(make_coco, coco_document):
    root = make_coco(coco_document)
    assert read(root).annotation == "boxes" and read(root, wants=("labels", "boxes", "masks")).annotation == "boxes"
    catalog = read(root, wants=("masks", "boxes"))
    assert catalog.categories.names == (BACKGROUND, "dog", "cat", "car") and catalog.categories.source_ids == (
        1,
        200,
        0,
        7,
    )
    at = {catalog.names[i]: i for i in range(3)}
    assert (read_mask(catalog, at["images/c.jpg"]) == 0).all()
    ids = read_mask(catalog, at["images/a.jpg"])
    assert (ids == 3).sum() == 12, "the crowd, whose box is smaller than the cat's"
    assert (ids == I).sum() == 64 * 48 - 12, "the cat has a box only"
    model = Categories((BACKGROUND, "car", "dog", "cat", "cow"))
    evaluated = read(root, wants=("masks", "boxes"), categories=model)
    assert evaluated.categories is model and (read_mask(evaluated, at["images/a.jpg"]) == 1).sum() == 12


def test_a_set_of_boxes_alone_cannot_be_read_as_masks(make_coco, coco_document):
    for annotation in coco_document["annotations"]:
        annotation.pop("segmentation", None)
    with pytest.raises(DataError, match="objects have boxes and no outlines"):
        read(make_coco(coco_document), wants=("masks", "boxes"))


def test_counting(make_masks):
    masks = {"1": [[0, 1, 1, 255]], "2": [[1, 1, 1, 1]]}
    make_masks(masks, images="train/{}.jpg", mask="trainannot/{}.png")
    root = make_masks({"3": [[0, 0, 0, 1]]}, images="val/{}.jpg", mask="valannot/{}.png")
    counts = count_masks(read(root))
    assert counts is not None
    assert counts.to_dict() == {
        "pixels": {"0": {"train": 1, "val": 3}, "1": {"train": 6, "val": 1}},
        "shares": {"0": round(4 / 11, 6), "1": round(7 / 11, 6)},
        "median_px": {"0": 2, "1": 2},
        "ignored": round(1 / 12, 6),
    }
    json.dumps(counts.to_dict())


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_real_outlines_are_painted_as_pycocotools_does(real_data):
    from pycocotools.coco import COCO

    catalog = read(real_data / "coco80", wants=("masks",))
    coco = COCO(str(real_data / "coco80" / "annotations" / "instances.json"))
    files = {image["file_name"]: key for key, image in coco.imgs.items()}
    ids = {code: k for k, code in enumerate(catalog.categories.source_ids)}
    assert len(catalog.categories) == 81 and catalog.categories.source_ids[0] == 0
    for i in range(0, len(catalog), 8):
        annotations = coco.loadAnns(coco.getAnnIds(files[catalog.names[i].rpartition("/")[2]]))
        masks = [(coco.annToMask(a), ids[a["category_id"]]) for a in annotations]
        want = np.zeros(catalog.sizes[i][::-1], np.uint8)
        for mask, label in sorted(masks, key=lambda pair: -int(pair[0].sum())):
            want[mask > 0] = label
        assert (read_mask(catalog, i) != want).mean() < 1e-3


def test_pixels_of_classes_and_of_the_images_that_show_them(tmp_path):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    maps = np.zeros((2, 4, 5), np.uint8)
    maps[0, 0] = IGNORE
    maps[1, :2] = 1
    for i, ids in enumerate(maps):
        Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(tmp_path / "images" / f"{i}.png")
        Image.fromarray(ids).save(tmp_path / "masks" / f"{i}.png")
    own, around = pixel_counts(read(tmp_path))
    assert own.tolist() == [15 + 10, 10]
    assert around.tolist() == [15 + 20, 20]
