"""A fraction of the training images: nested, class by class, and the other splits as they were."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.scenes import write_squares

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.fraction import thinned
from foveal.data.catalog.split import with_splits
from foveal.data.formats.read import read


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = write_squares(tmp_path_factory.mktemp("squares"), per_class=20)
    return with_splits(read(folder), val_fraction=0.2, seed=0)


def names(catalog: Catalog, split: str) -> set[str]:
    part = catalog.split(split)
    return {part.names[i] for i in range(len(part))}


@pytest.mark.parametrize("seed", [0, 1])
def test_smaller_parts_lie_in_larger_ones(catalog: Catalog, seed: int) -> None:
    parts = [names(thinned(catalog, fraction, seed=seed), "train") for fraction in (1 / 8, 1 / 4, 1 / 2, 1)]
    assert [len(part) for part in parts] == [6, 12, 24, 48]
    assert all(small < large for small, large in pairwise(parts))


def test_every_class_keeps_its_share_and_validation_is_the_same(catalog: Catalog) -> None:
    part = thinned(catalog, 0.25, seed=3)
    assert part.split("train").class_counts().tolist() == [4, 4, 4]
    assert names(part, "val") == names(catalog, "val")
    assert "12 of 48 training images are used (0.25)." in part.notes
    assert thinned(catalog, 0.001, seed=3).split("train").class_counts().tolist() == [1, 1, 1]


def test_seeds_choose_differently_and_names_do_not_matter(catalog: Catalog, tmp_path: Path) -> None:
    chosen = [names(thinned(catalog, 0.25, seed=seed), "train") for seed in (0, 1)]
    assert chosen[0] != chosen[1]
    again = thinned(catalog, 0.25, seed=0)
    assert names(again, "train") == chosen[0]
    backwards = catalog.take(np.arange(len(catalog))[::-1])
    assert names(thinned(backwards, 0.25, seed=0), "train") == chosen[0]
