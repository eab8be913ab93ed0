from pathlib import Path

import numpy as np
import pytest

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.loading.sampling import balanced_weights
from foveal.types.categories import Categories


def catalog(*labels):
    names = Names.of([f"{i}.png" for i in range(len(labels))])
    categories = Categories(("common", "rare", "never"))
    splits = np.zeros(len(labels), np.uint8)
    return Catalog(Path(), "test", "boxes", categories, names, splits, Ragged.of(labels), multi_label=True)


def test_the_rarest_class_decides():
    weights = balanced_weights(catalog([0], [0], [0, 1], [0], []))
    assert weights == pytest.approx([1 / 4, 1 / 4, 1, 1 / 4, 1 / 4])


def test_each_class_is_drawn_as_often():
    weights = balanced_weights(catalog(*[[0]] * 9, [1], [1], [1]))
    assert weights[:9].sum() == pytest.approx(weights[9:].sum())


def test_without_any_label_all_are_drawn_alike():
    assert balanced_weights(catalog([], [])) == pytest.approx([1, 1])
