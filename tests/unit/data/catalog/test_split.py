from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.split import with_splits
from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.types.categories import Categories

TRAIN, VAL, TEST = range(3)


def catalog_of(images, *, multi_label=False, splits=None, num_classes=None):
    """A catalog of (content, labels) pairs that has no files; content is a number."""
    num_classes = num_classes or 1 + max((label for _, labels in images for label in labels), default=0)
    catalog = Catalog(
        Path("set"),
        "made",
        "labels",
        Categories(tuple(f"c{i}" for i in range(max(num_classes, 2)))),
        Names.of([f"{i}.png" for i in range(len(images))]),
        np.full(len(images), UNASSIGNED, np.uint8) if splits is None else np.array(splits, np.uint8),
        Ragged.of([labels for _, labels in images]),
        multi_label,
    )
    hashes = np.array([content * 7919 + 1 for content, _ in images], np.uint64)
    catalog.__dict__["content_hashes"] = np.stack([hashes, hashes], 1).copy().view("V16").ravel()
    return catalog


@st.composite
def single_label_sets(draw):
    """Two to five classes of 2 to 20 images, some of them copies of others of their class."""
    images = []
    for label in range(draw(st.integers(2, 5))):
        contents = draw(st.lists(st.integers(0, 12), min_size=2, max_size=20))
        images += [(label * 100 + content, (label,)) for content in contents]
    return images


@given(single_label_sets(), st.floats(0.05, 0.6), st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_properties_of_a_stratified_split(images, fraction, seed):
    distinct = {label: len({c for c, (k,) in images if k == label}) for _, (label,) in images}
    if max(distinct.values()) < 2:
        with pytest.raises(
            DataError, match="no image can be held out for validation; each is the only one of its class"
        ):
            with_splits(catalog_of(images), val_fraction=fraction, seed=seed)
        return
    splits = with_splits(catalog_of(images), val_fraction=fraction, seed=seed).splits
    assert set(splits) <= {TRAIN, VAL}
    by_content = {}
    for (content, _), split in zip(images, splits, strict=True):
        assert by_content.setdefault(content, split) == split, "identical files were parted"
    for label, groups in distinct.items():
        mine = [split for (_, (k,)), split in zip(images, splits, strict=True) if k == label]
        assert TRAIN in mine
        assert (VAL in mine) == (groups >= 2)


@given(single_label_sets(), st.integers(0, 2**31), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_order_and_names_do_not_matter(images, seed, random):
    shuffled = random.sample(images, len(images))
    try:
        one = with_splits(catalog_of(images), val_fraction=0.3, seed=seed).splits
    except DataError:
        return
    two = with_splits(catalog_of(shuffled), val_fraction=0.3, seed=seed).splits
    sides = {content: split for (content, _), split in zip(images, one, strict=True)}
    assert [sides[content] for content, _ in shuffled] == two.tolist()


@given(st.lists(st.sets(st.integers(0, 4)), min_size=2, max_size=40), st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_multi_label_keeps_each_label_in_training(rows, seed):
    catalog = catalog_of([(i, tuple(row)) for i, row in enumerate(rows)], multi_label=True, num_classes=5)
    try:
        splits = with_splits(catalog, val_fraction=0.25, seed=seed).splits
    except DataError:
        assert all(any(sum(label in r for r in rows) == 1 for label in row) for row in rows)
        return
    for label in set().union(*rows):
        assert any(split == TRAIN and label in row for row, split in zip(rows, splits, strict=True))


def test_fractions_are_met_in_each_class():
    images = [(i, (0 if i < 700 else 1,)) for i in range(1000)]
    splits = with_splits(catalog_of(images), val_fraction=0.2, seed=3).splits
    assert (splits[:700] == VAL).sum() == 140 and (splits[700:] == VAL).sum() == 60


def test_it_is_told_when_rare_classes_keep_much_more_back():
    rare = catalog_of([(10 * k + i, (k,)) for k in range(6) for i in range(2)])
    note = "6 of 12 images are held out for validation, not 20%: at least one of every class."
    assert with_splits(rare, val_fraction=0.2, seed=0).notes == (note,)
    plain = catalog_of([(100 * k + i, (k,)) for k in range(3) for i in range(10)])
    assert with_splits(plain, val_fraction=0.2, seed=0).notes == ()


def test_multi_label_fractions_are_met_nearly():
    generator = np.random.default_rng(0)
    chance = np.array([0.02, 0.1, 0.3, 0.5])
    rows = [tuple(np.flatnonzero(generator.random(4) < chance).tolist()) for _ in range(2000)]
    catalog = catalog_of(list(enumerate(rows)), multi_label=True)
    splits = with_splits(catalog, val_fraction=0.2, seed=0).splits
    for label in range(4):
        has = np.array([label in row for row in rows])
        assert abs((splits[has] == VAL).mean() - 0.2) < 0.06
    assert abs((splits == VAL).mean() - 0.2) < 0.06


def test_another_seed_gives_another_split():
    images = [(i, (i % 2,)) for i in range(100)]
    one, two = (with_splits(catalog_of(images), val_fraction=0.2, seed=seed).splits for seed in (0, 1))
    assert (one != two).any()


def test_given_val_is_kept_and_the_rest_trains():
    given_splits = [TRAIN, VAL, UNASSIGNED, TEST]
    catalog = catalog_of([(i, (i % 2,)) for i in range(4)], splits=given_splits)
    assert with_splits(catalog, val_fraction=0.2, seed=0).splits.tolist() == [TRAIN, VAL, TRAIN, TEST]


def test_val_is_carved_from_train_and_test_is_never_touched():
    catalog = catalog_of([(i, (i % 2,)) for i in range(40)], splits=[TRAIN] * 20 + [TEST] * 20)
    splits = with_splits(catalog, val_fraction=0.2, seed=0).splits
    assert (splits[:20] == VAL).sum() == 4 and (splits[20:] == TEST).all()
    assert (catalog.splits[:20] == TRAIN).all(), "the catalog given is unchanged"


def test_an_image_under_two_classes_stays_on_one_side():
    images = [(0, (0,)), (0, (1,))] + [(i, (i % 2,)) for i in range(1, 21)]
    for seed in range(20):
        splits = with_splits(catalog_of(images), val_fraction=0.3, seed=seed).splits
        assert splits[0] == splits[1]


def test_only_test_images_are_left_alone():
    catalog = catalog_of([(i, (i % 2,)) for i in range(4)], splits=[TEST] * 4)
    assert (with_splits(catalog, val_fraction=0.2, seed=0).splits == TEST).all()


def test_too_few_images_are_named(make_tree):
    root = make_tree({"ant": 1, "bee": 1, "cat": 5})
    with pytest.raises(DataError) as caught:
        with_splits(read(root), val_fraction=0.2, seed=0)
    assert str(caught.value) == (
        f"{root}: a class needs at least two images, one for training and one for validation;"
        " these have one: ant, bee.\nAdd images, or leave the class out."
    )


def test_one_image_of_a_multi_label_set():
    with pytest.raises(DataError) as caught:
        with_splits(catalog_of([(0, (0, 1))], multi_label=True), val_fraction=0.2, seed=0)
    assert "these have one: c0, c1." in caught.value.what


def test_renaming_real_files_changes_nothing(make_tree, tmp_path):
    root = make_tree({"a": 12, "b": 9})
    before = read(root)
    split = with_splits(before, val_fraction=0.3, seed=5)
    sides = {before.path(i).read_bytes(): SPLITS[split.splits[i]] for i in range(len(before))}
    for i, path in enumerate(sorted(root.rglob("*.png"))):
        path.rename(path.with_name(f"{(i * 7) % 97:02d}_renamed.png"))
    after = with_splits(read(root), val_fraction=0.3, seed=5)
    assert {after.path(i).read_bytes(): SPLITS[after.splits[i]] for i in range(len(after))} == sides
    assert (after.content_hashes == read(root).content_hashes).all()
