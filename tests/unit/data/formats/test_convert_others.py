"""Masks and labels that go through another format come back; what a format cannot hold is refused in one line."""

import string
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from foveal.data.catalog.as_masks import as_masks
from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.class_maps import read_mask
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.formats.convert import OTHERS, convert
from foveal.data.formats.read import read
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories

FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = ("a.png", "b.c.png", "deep/a.png", "deep/A.jpg", "train/images/a.jpg", "ü.png", ".hidden.png", "no_suffix")
SIZE = (9, 6)
words = st.text(string.ascii_letters + string.digits + " _-.ßé&'+,;", min_size=1, max_size=8)
titles = words.map(str.strip).filter(lambda name: name.strip("._ ") and not name.endswith(".") and name[0] != ".")
NOT_CLASSES = {"void", "ignore", "ignored", "unlabelled", "unlabeled"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Images under names that layouts find hard, each of its own content."""
    root = tmp_path_factory.mktemp("images")
    for i, name in enumerate(NAMES):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", SIZE, (i * 9, i, 3)).save(root / name, "JPEG" if name.endswith("jpg") else "PNG")
    return root


@st.composite
def labelled(draw, root, *, multi_label=None):
    """A data set of labels in which each class occurs in training."""
    classes = sorted(draw(st.lists(titles, min_size=2, max_size=3, unique_by=str.casefold)))
    several = draw(st.booleans()) if multi_label is None else multi_label
    chosen = sorted(draw(st.permutations(NAMES))[: draw(st.integers(len(classes), len(NAMES)))], key=str.encode)
    others = st.lists(st.integers(0, len(classes) - 1), max_size=2, unique=True) if several else st.just([])
    one = st.integers(0, len(classes) - 1)
    rows = [
        [i] if i < len(classes) else draw(others if several else one.map(lambda k: [k])) for i in range(len(chosen))
    ]
    codes = [0] * len(classes) + draw(st.lists(st.integers(0, 2), min_size=len(NAMES), max_size=len(NAMES)))
    splits = codes[: len(chosen)] if draw(st.booleans()) else [UNASSIGNED] * len(chosen)
    return Catalog(
        root,
        "table",
        "labels",
        Categories(tuple(classes)),
        Names.of(chosen),
        np.array(splits, np.uint8),
        Ragged.of([sorted(row) for row in rows]),
        multi_label=several,
    )


def contents(catalog):
    """Each image by its bytes: classes and split."""
    names, out = catalog.categories.names, {}
    for i in range(len(catalog)):
        split = int(catalog.splits[i])
        labels = sorted(names[k] for k in catalog.labels[i].tolist())
        out[catalog.path(i).read_bytes()] = (labels, None if split == UNASSIGNED else SPLITS[split])
    return out


@pytest.mark.parametrize("way", [("table",), ("image_folder",), ("table", "image_folder", "table")])
@given(data=st.data())
@FEW
def test_labels_come_back(root, way, data):
    before = data.draw(labelled(root, multi_label=None if way == ("table",) else False))
    with tempfile.TemporaryDirectory() as folder:
        after = before
        for step, to in enumerate(way):
            done = convert(after, Path(folder) / f"{step}", to=to, link=step > 0)
            assert done.kept == ()
            after = read(Path(folder) / f"{step}", format=to)
        assert contents(after) == contents(before)
        assert after.categories.names == before.categories.names
        assert after.multi_label == before.multi_label


@st.composite
def masked(draw, root, folder):
    """A data set of masks whose pixel values are gray, palette indices or colours, some of them ignored."""
    count = draw(st.integers(2, 4))
    classes = draw(st.lists(titles, min_size=count, max_size=count, unique=True))
    classes = [name for name in classes if name.strip("_ ").casefold() not in NOT_CLASSES]
    classes = classes if len(classes) > 1 else ["one", "two"]
    colour = draw(st.booleans())
    values = draw(st.lists(st.integers(0, 2**24 - 1 if colour else 255), min_size=5, max_size=5, unique=True))
    ids, ignored = tuple(values[: len(classes)]), tuple(values[len(classes) : len(classes) + draw(st.integers(0, 1))])
    chosen = sorted(draw(st.permutations(NAMES))[: draw(st.integers(2, 5))], key=str.encode)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    rows = []
    for i in range(len(chosen)):
        pixels = rng.choice(np.array([*ids, *ignored]), SIZE[::-1]).astype(np.uint32)
        channels = np.stack([pixels >> 16, pixels >> 8, pixels], -1).astype(np.uint8)
        Image.fromarray(channels if colour else pixels.astype(np.uint8)).save(folder / f"{i}.png")
        rows.append([k for k, value in enumerate(ids) if (pixels == value).any()])
    splits = draw(st.lists(st.integers(0, 2), min_size=len(chosen), max_size=len(chosen)))
    return Catalog(
        root,
        "mask_folder",
        "masks",
        Categories(tuple(classes), ids, ignored),
        Names.of(chosen),
        np.array(splits if draw(st.booleans()) else [UNASSIGNED] * len(chosen), np.uint8),
        Ragged.of(rows),
        multi_label=True,
        sizes=np.array([SIZE] * len(chosen), np.int32),
        masks=Names.of([str(folder / f"{i}.png") for i in range(len(chosen))]),
    )


def pixels(catalog):
    """Each image by its bytes: the name of each pixel's class, and its split."""
    names = np.array([*catalog.categories.names, *[""] * (256 - len(catalog.categories))])
    return {
        catalog.path(i).read_bytes(): (names[read_mask(catalog, i)].tolist(), int(catalog.splits[i]))
        for i in range(len(catalog))
    }


@given(data=st.data())
@FEW
def test_masks_come_back(root, data):
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        before = data.draw(masked(root, folder))
        convert(before, folder / "out", to="mask_folder")
        after = read(folder / "out")
        assert after.format == "mask_folder"
        assert pixels(after) == pixels(before)
        assert after.categories.names == before.categories.names


def test_pixel_values_stay_where_they_fit(make_masks, tmp_path):
    root = make_masks({"1": [[0, 5], [5, 7]], "2": [[7, 7], [0, 0]]})
    convert(read(root, classes="a,b,c,d,e,f,g,h", ignore=(7,)), tmp_path / "out", to="mask_folder")
    with Image.open(tmp_path / "out" / "masks" / "1.png") as mask:
        assert np.asarray(mask).tolist() == [[0, 5], [5, 255]]
        assert mask.mode == "P"
    assert (tmp_path / "out" / "classes.csv").read_text().startswith("name,id,r,g,b\na,0,")


def test_segmentations_are_rasterised_as_the_segment_task_does(make_coco, coco_document, tmp_path):
    before = read(make_coco(coco_document))
    done = convert(before, tmp_path / "out", to="mask_folder")
    after, wanted = read(tmp_path / "out"), as_masks(before)
    assert after.categories.names == ("background", "dog", "cat", "car")
    assert pixels(after) == pixels(wanted)
    assert ("objects as such, rasterised into masks", 3) in [(kept.field, kept.count) for kept in done.kept]


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("image_folder", "has boxes, which an image folder cannot hold; it needs one class per image."),
        ("table", "has boxes, which a table of labels cannot hold; it needs class labels."),
    ],
)
def test_boxes_are_refused_by_formats_of_labels(make_coco, coco_document, tmp_path, to, says):
    with pytest.raises(DataError, match=says):
        convert(read(make_coco(coco_document)), tmp_path / "out", to=to)


def test_labels_are_refused_by_formats_of_masks_and_boxes(make_tree, tmp_path):
    catalog = read(make_tree({"a": 2, "b": 2}))
    with pytest.raises(DataError, match="has class labels only; mask_folder needs masks or segmentations"):
        convert(catalog, tmp_path / "out", to="mask_folder")
    with pytest.raises(DataError, match="has class labels only; coco needs boxes"):
        convert(catalog, tmp_path / "out", to="coco")


def test_several_labels_go_into_a_table_alone(make_tree, tmp_path):
    root = make_tree({"images": 2})
    (root / "t.csv").write_text("path,label\n000.png,a|b\n001.png,\n")
    catalog = read(root)
    with pytest.raises(DataError) as caught:
        convert(catalog, tmp_path / "out", to="image_folder")
    assert "has several labels per image, which an image folder cannot hold." in str(caught.value)
    assert "--to table" in caught.value.hint


@pytest.mark.parametrize("name", ["a/b", ".a", "a.", "con:", "x" * 300])
def test_a_class_that_is_no_folder_is_named(root, tmp_path, name):
    catalog = Catalog(
        root,
        "table",
        "labels",
        Categories((name, "other")),
        Names.of(NAMES[:2]),
        np.full(2, UNASSIGNED, np.uint8),
        Ragged.of([[0], [1]]),
    )
    with pytest.raises(CategoryError, match="cannot be the name of a folder"):
        convert(catalog, tmp_path / "out", to="image_folder")


def test_what_is_lost_is_told(root, tmp_path):
    catalog = Catalog(
        root,
        "table",
        "labels",
        Categories(("b", "a", "unused")),
        Names.of(NAMES[:4]),
        np.array([0, 1, UNASSIGNED, UNASSIGNED], np.uint8),
        Ragged.of([[0], [1], [0], [1]]),
        groups=Names.of(["x", "x", "y", "y"]),
    )
    done = convert(catalog, tmp_path / "folder", to="image_folder")
    assert {kept.field: kept.count for kept in done.kept} == {
        "class ids and order": 2,
        "class without images": 1,
        "groups": 2,
        "images without a split, now in train": 2,
    }
    done = convert(catalog, tmp_path / "table", to="table")
    assert read(tmp_path / "table", groups="group").num_groups == 2
    assert "--data.groups group" in next(kept.where for kept in done.kept if kept.field == "groups")


def test_a_folder_that_is_not_recognised_is_told(root, tmp_path):
    catalog = Catalog(
        root,
        "table",
        "labels",
        Categories(("images", "masks")),
        Names.of(NAMES[:2]),
        np.full(2, UNASSIGNED, np.uint8),
        Ragged.of([[0], [1]]),
    )
    (note,) = convert(catalog, tmp_path / "out", to="image_folder").notes
    assert note.startswith("Read it with --data.format image_folder")
    assert len(read(tmp_path / "out", format="image_folder")) == 2


def test_every_target_has_a_writer():
    assert sorted(OTHERS) == ["image_folder", "mask_folder", "table"]
