import numpy as np
import pytest
import torch

from foveal.data.config import AugmentConfig
from foveal.data.preview import choose, picture_whitening, preview
from foveal.data.read import read
from foveal.data.sheet import Row, draw_sheet
from foveal.data.statistics import fit_whitening, sample_pictures
from foveal.errors import DataError
from foveal.imaging.input_spec import InputSpec

SPEC = InputSpec(size=16, train_size=16)


def test_preview_is_a_function_of_its_seed(make_tree):
    catalog = read(make_tree({"a": 3, "b": 3}))
    torch.manual_seed(1)
    state = torch.get_rng_state()
    one = preview(catalog, AugmentConfig(), spec=SPEC, count=2, columns=3, seed=4)
    torch.manual_seed(2)
    assert np.array_equal(one, preview(catalog, AugmentConfig(), spec=SPEC, count=2, columns=3, seed=4))
    assert not np.array_equal(one, preview(catalog, AugmentConfig(), spec=SPEC, count=2, columns=3, seed=5))
    torch.manual_seed(1)
    preview(catalog, AugmentConfig(), spec=SPEC, count=1)
    assert torch.equal(state, torch.get_rng_state()), "torch's random state is the caller's"


def test_classes_take_turns(make_tree):
    catalog = read(make_tree({"a": 8, "b": 1, "c": 2}))
    shown = [int(catalog.labels[i][0]) for i in choose(catalog, 5, seed=0)]
    assert shown == [0, 1, 2, 0, 2]


def test_nothing_to_show(make_tree):
    catalog = read(make_tree({"a": 1, "b": 1})).take(np.array([], np.int64))
    with pytest.raises(DataError, match="there is no picture to show"):
        choose(catalog, 3, seed=0)


@pytest.mark.parametrize("kind", ["pca", "zca"])
def test_whitening_is_pictured(make_tree, kind):
    catalog = read(make_tree({"a": 3, "b": 3}))
    whitening = fit_whitening(sample_pictures(catalog, SPEC), kind=kind, patch=2)
    sheet = picture_whitening(catalog, whitening, spec=SPEC, count=2)
    assert sheet.dtype == np.uint8 and sheet.shape[2] == 3 and sheet.shape[0] > 600


def test_cells_stand_where_they_should():
    red = np.full((4, 4, 3), (255, 0, 0), np.uint8)
    sheet = draw_sheet([Row("title", "n" * 500, [red, red])], columns=("one", "two"), cell=50)
    assert (sheet == (255, 0, 0)).all(-1).sum() == 2 * 50 * 50
