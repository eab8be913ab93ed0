"""Folds of a cross-validation: every image is held out once, and what hangs together stays together."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from tests.scenes import write_squares

from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.data.formats.read import read
from foveal.data.inspection import near_identical
from foveal.data.inspection.folds import Fold, with_fold
from foveal.errors import DataError

VAL, TEST = SPLITS.index("val"), SPLITS.index("test")


def held_out(catalog: Catalog, folds: int, *, seed: int = 0) -> np.ndarray:
    """(folds, N) whether each fold holds an image out."""
    return np.stack([with_fold(catalog, Fold(folds, k), seed=seed).splits == VAL for k in range(1, folds + 1)])


def test_every_image_is_held_out_once_and_classes_are_spread(squares: Path) -> None:
    catalog = read(squares)
    out = held_out(catalog, 5)
    assert (out.sum(0) == 1).all()
    assert set(out.sum(1).tolist()) <= {7, 8}
    labels = catalog.labels.values
    for fold in out:
        assert set(np.bincount(labels[fold], minlength=3).tolist()) <= {2, 3}
    assert (out == held_out(catalog, 5)).all()
    assert (out != held_out(catalog, 5, seed=1)).any()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten photos per class; of four of them a copy, a smaller one, a brighter one and a compressed one."""
    root, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for label in "ab":
        (root / label).mkdir()
        for i in range(10):
            coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
            coarse.resize((160, 120), Image.Resampling.BICUBIC).save(root / label / f"{i}.png")
    first = [Image.open(root / "a" / f"{i}.png") for i in range(4)]
    first[0].save(root / "a" / "0-copy.png")
    first[1].resize((70, 52)).save(root / "a" / "1-small.png")
    ImageEnhance.Brightness(first[2]).enhance(1.12).save(root / "a" / "2-bright.png")
    first[3].save(root / "a" / "3-small.jpg", quality=30)
    return root


def test_identical_and_near_identical_files_stay_together(photos: Path) -> None:
    catalog = read(photos)
    names = [catalog.names[i] for i in range(len(catalog))]
    pairs = near_identical.near_identical(catalog, np.arange(len(catalog)))
    stems = [{Path(names[k]).stem.partition("-")[0] + names[k][0] for k in pair} for pair in pairs]
    assert all(len(pair) == 1 for pair in stems), "no two different photos"
    assert {next(iter(pair)) for pair in stems} == {"0a", "1a", "2a", "3a"}
    for seed in range(3):
        out = held_out(catalog, 4, seed=seed)
        assert (out.sum(0) == 1).all()
        for one, other in pairs:
            assert (out[:, one] == out[:, other]).all()


def test_blocks_of_any_size_find_the_same_pairs(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog, pool = read(photos), np.arange(20)
    known = near_identical._pairs(catalog, pool)
    monkeypatch.setattr(near_identical, "BLOCK", 3)
    assert sorted(near_identical._pairs(catalog, pool)) == sorted(known)


def test_noise_is_not_near_identical(squares: Path) -> None:
    catalog = read(squares)
    assert near_identical.near_identical(catalog, np.arange(len(catalog))) == []


def test_groups_are_never_cut_and_a_test_split_is_left_alone(tmp_path: Path) -> None:
    for seed, split in enumerate(("train", "val", "test")):
        write_squares(tmp_path / "set" / split, per_class=8, classes=2, seed=seed)
    catalog = read(tmp_path / "set", groups=r"(\d)\.png")
    made = with_fold(catalog, Fold(3, 2), seed=0)
    assert ((made.splits == TEST) == (catalog.splits == TEST)).all()
    assert "The folds are of the training and the validation images together." in made.notes
    out = held_out(catalog, 3)
    assert (out.sum(0) == (catalog.splits != TEST)).all()
    groups = catalog.group_ids()
    assert groups is not None
    for fold in out:
        inside, outside = set(groups[fold].tolist()), set(groups[~fold & (catalog.splits != TEST)].tolist())
        assert not inside & outside


def test_too_few_for_so_many_folds(tmp_path: Path) -> None:
    write_squares(tmp_path / "few", per_class=2, classes=2)
    with pytest.raises(DataError, match="4 different images cannot be spread over 5 folds") as error:
        with_fold(read(tmp_path / "few"), Fold(5, 1), seed=0)
    assert error.value.hint == "Use fewer folds, or add images."
    (tmp_path / "few" / "class1" / "001.png").unlink()
    with pytest.raises(DataError, match=r"a class needs at least two different images, .* these have one: class1"):
        with_fold(read(tmp_path / "few"), Fold(2, 1), seed=0)
