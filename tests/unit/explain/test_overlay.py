import matplotlib
import numpy as np
import pytest

from foveal.errors import ShapeError
from foveal.explain.overlay import heat, overlay

GRAY = np.full((60, 90, 3), 128, np.uint8)


def brightness(image):
    return image.astype(float).sum(-1)


def test_colours_are_those_of_inferno():
    places = np.linspace(0, 1, 256)
    want = matplotlib.colormaps["inferno"](places)[:, :3] * 255
    assert np.abs(heat(places).astype(float) - want).max() < 8


def test_brightness_rises_with_weight():
    light = heat(np.linspace(0, 1, 64)).astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light) > 0).all()


@pytest.mark.parametrize(("row", "column"), [(0, 0), (2, 4), (5, 8)])
def test_the_peak_lies_on_its_cell(row, column):
    weights = np.zeros((6, 9))
    weights[row, column] = 0.02
    y, x = np.unravel_index(brightness(overlay(GRAY, weights)).argmax(), (60, 90))
    assert (y // 10, x // 10) == (row, column)


def test_scale_and_shift_of_the_weights_do_not_matter():
    weights = np.random.default_rng(0).random((7, 7))
    assert np.abs(overlay(GRAY, weights).astype(int) - overlay(GRAY, weights * 1e-3 - 5)).max() <= 1


def test_the_image_stays_as_it_was_and_shows_through():
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    before = image.copy()
    out = overlay(image, np.eye(4))
    assert (image == before).all() and out.shape == image.shape and out.dtype == np.uint8
    assert np.corrcoef(brightness(image).ravel(), brightness(out).ravel())[0, 1] > 0.3


def test_even_attention_changes_nothing():
    assert (overlay(GRAY, np.full((7, 7), 1 / 49)) == GRAY).all()
    assert (overlay(GRAY, np.ones((1, 1))) == GRAY).all()


def test_outside_the_box_nothing_changes():
    out = overlay(GRAY, np.eye(2), box=(30, 10, 60, 40))
    changed = np.argwhere((out != GRAY).any(-1))
    assert changed.min(0).tolist() == [10, 30] and changed.max(0).tolist() == [39, 59]


def test_a_box_larger_than_the_image_is_cut():
    weights = np.zeros((9, 9))
    weights[4, 4] = 1
    y, x = np.unravel_index(brightness(overlay(GRAY, weights, box=(0, -15, 90, 75))).argmax(), (60, 90))
    assert abs(y - 30) <= 5 and abs(x - 45) <= 5


@pytest.mark.parametrize("weights", [np.zeros((0, 3)), np.ones(4), np.full((2, 2), np.nan)])
def test_maps_that_are_none(weights):
    with pytest.raises(ShapeError, match=r"overlay got weights of shape .*; pass a map \(h, w\) of finite numbers"):
        overlay(GRAY, weights)


def test_images_that_are_none():
    with pytest.raises(ShapeError, match=r"overlay got an image of shape \(4, 4\); pass \(height, width, 3\)"):
        overlay(np.zeros((4, 4), np.uint8), np.eye(2))
