import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.catalog.as_masks import as_masks
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import BACKGROUND, read_mask
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.objects import Object, Objects
from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.types.categories import Categories
from foveal.types.flags import Flag
from foveal.types.predictions.masks import IGNORE
from foveal.types.rle import Rle

I = IGNORE  # noqa: E741  (one letter keeps maps readable)


def rect(x1, y1, x2, y2):
    return [[x1, y1, x2, y1, x2, y2, x1, y2]]


def thing(x1, y1, x2, y2, label, flags=0, *, segmented=True):
    return Object((x1, y1, x2, y2), label, int(flags), segmentation=rect(x1, y1, x2, y2) if segmented else None)


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


def test_an_object_without_a_segmentation_hides_its_box():
    row = [thing(0, 0, 3, 4, 0, segmented=False), thing(1, 1, 2, 2, 1)]
    catalog = as_masks(catalog_of([row]))
    assert read_mask(catalog, 0).tolist() == [[I, I, I, 0, 0, 0], [I, 2, I, 0, 0, 0], *[[I, I, I, 0, 0, 0]] * 2]
    assert catalog.notes == ("1 object without a segmentation; the pixels of their boxes are ignored.",)
    assert catalog.labels[0].tolist() == [0, 2]


def test_run_length_masks_are_painted():
    mask = np.array([[0, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 1]] * 2, np.uint8)
    row = [Object((0, 0, 6, 4), 1, segmentation=Rle.of(mask).to_coco())]
    assert (read_mask(as_masks(catalog_of([row])), 0) == mask * 2).all()


def test_there_must_be_a_segmentation(tmp_path):
    with pytest.raises(DataError) as caught:
        as_masks(catalog_of([[thing(0, 0, 3, 4, 0, segmented=False)]], root=tmp_path))
    assert str(caught.value) == (
        f"{tmp_path}: objects have boxes but no segmentations, so the classes of pixels are unknown.\n"
        "Use a data set with polygons or masks."
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


def test_coco_read_as_masks(make_coco, coco_document):
    root = make_coco(coco_document)
    assert (
        read(root).annotation == "boxes" and read(root, annotations=("labels", "boxes", "masks")).annotation == "boxes"
    )
    catalog = read(root, annotations=("masks", "boxes"))
    assert catalog.categories.names == (BACKGROUND, "dog", "cat", "car")
    assert catalog.categories.source_ids == (1, 200, 0, 7)
    at = {catalog.names[i]: i for i in range(3)}
    assert (read_mask(catalog, at["images/c.jpg"]) == 0).all()
    ids = read_mask(catalog, at["images/a.jpg"])
    assert (ids == 3).sum() == 12, "the crowd, whose box is smaller than the cat's"
    assert (ids == I).sum() == 64 * 48 - 12, "the cat has a box only"
    model = Categories((BACKGROUND, "car", "dog", "cat", "cow"))
    evaluated = read(root, annotations=("masks", "boxes"), categories=model)
    assert evaluated.categories is model and (read_mask(evaluated, at["images/a.jpg"]) == 1).sum() == 12


def test_a_set_of_boxes_alone_cannot_be_read_as_masks(make_coco, coco_document):
    for annotation in coco_document["annotations"]:
        annotation.pop("segmentation", None)
    with pytest.raises(DataError, match="objects have boxes but no segmentations"):
        read(make_coco(coco_document), annotations=("masks", "boxes"))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_real_segmentations_are_painted_as_pycocotools_does(real_data):
    from pycocotools.coco import COCO

    catalog = read(real_data / "coco80", annotations=("masks",))
    coco = COCO(str(real_data / "coco80" / "annotations" / "instances.json"))
    files = {image["file_name"]: key for key, image in coco.imgs.items()}
    ids = {key: k for k, key in enumerate(catalog.categories.source_ids)}
    assert len(catalog.categories) == 81 and catalog.categories.source_ids[0] == 0
    for i in range(0, len(catalog), 8):
        annotations = coco.loadAnns(coco.getAnnIds(files[catalog.names[i].rpartition("/")[2]]))
        masks = [(coco.annToMask(a), ids[a["category_id"]]) for a in annotations]
        want = np.zeros(catalog.sizes[i][::-1], np.uint8)
        for mask, label in sorted(masks, key=lambda pair: -int(pair[0].sum())):
            want[mask > 0] = label
        assert (read_mask(catalog, i) != want).mean() < 1e-3
