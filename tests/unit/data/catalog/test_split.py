from dataclasses import replace
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


def grouped(images, groups, **options):
    catalog = catalog_of(images, **options)
    made = replace(catalog, groups=Names.of([str(g) for g in groups]))
    made.__dict__["content_hashes"] = catalog.content_hashes
    return made


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=30, max_size=150),
    st.floats(0.1, 0.5),
    st.integers(0, 2**31),
)
@settings(max_examples=60, deadline=None)
def test_a_group_is_never_cut(pairs, fraction, seed):
    """Groups may have images of several classes, and equal images may lie in several groups."""
    images = [(i % 97, (label,)) for i, (label, _) in enumerate(pairs)]
    catalog = grouped(images, [group for _, group in pairs], multi_label=True)
    try:
        made = with_splits(catalog, val_fraction=fraction, seed=seed)
    except DataError:
        return
    sides = {}
    for i, split in enumerate(made.splits):
        assert sides.setdefault(catalog.groups[i], split) == split
        assert sides.setdefault(images[i][0], split) == split
    assert {TRAIN, VAL} == set(made.splits)


def test_groups_spread_classes_as_well_as_they_can():
    """Forty patients, two classes, a fifth is wanted: both classes come close to it, with whole patients."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), rng.integers(3, 12, 40))
    images = [(i, (int(g) % 2,)) for i, g in enumerate(groups)]
    made = with_splits(grouped(images, groups), val_fraction=0.2, seed=1)
    for label in (0, 1):
        mine = made.splits[groups % 2 == label]
        assert 0.14 < (mine == VAL).mean() < 0.26
    assert not [note for note in made.notes if "share" in note]


def test_a_group_of_the_size_of_the_rest_is_held_out_where_it_comes_closer():
    images = [(i, (i // 30,)) for i in range(60)]
    groups = [i // 10 for i in range(60)]
    made = with_splits(grouped(images, groups), val_fraction=0.5, seed=0)
    assert [(made.splits[start : start + 30] == VAL).sum() for start in (0, 30)] == [10, 10] or [
        (made.splits[start : start + 30] == VAL).sum() for start in (0, 30)
    ] == [20, 20]


def test_groups_without_names_of_their_own_split_as_images_do():
    images = [(i, (i % 3,)) for i in range(60)]
    alone = with_splits(catalog_of(images), val_fraction=0.2, seed=5).splits
    assert (with_splits(grouped(images, range(60)), val_fraction=0.2, seed=5).splits == alone).all()


def test_a_class_needs_two_groups():
    images = [(i, (i // 10,)) for i in range(20)]
    with pytest.raises(DataError) as caught:
        with_splits(grouped(images, [0] * 10 + [1] * 5 + [2] * 5), val_fraction=0.2, seed=0)
    assert caught.value.what == (
        "set: a class needs at least two groups of images, one for training and one for validation; these have one: c0."
    )
    assert caught.value.hint == (
        "Choose a finer rule for the groups, add images, or give the data set a validation split of its own."
    )


def test_a_split_that_cuts_groups_is_told():
    images = [(i, (i % 2,)) for i in range(8)]
    splits = [TRAIN, TRAIN, TRAIN, TRAIN, VAL, VAL, TEST, TEST]
    made = with_splits(grouped(images, "aabbbccd", splits=splits), val_fraction=0.2, seed=0)
    assert made.splits.tolist() == splits
    assert made.notes == (
        "train and val share 1 group (b), so results on val are optimistic; move all images of a group into one split.",
        "val and test share 1 group (c), so results on test are optimistic; move all images of a group into one split.",
    )
