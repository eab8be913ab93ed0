"""One map in place of torchvision's four passes."""

import colorsys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as reference

from foveal.data.augment.colour import GRAY, change_gamma, colour_map, jitter_colour, recolour
from foveal.data.config import AugmentConfig
from foveal.imaging.decode import decode

factor = st.floats(0, 2)


@pytest.fixture(scope="module")
def photo(real_data):
    pixels = decode(next(iter(sorted((real_data / "coco80").rglob("*.jpg"))))).pixels
    return torch.from_numpy(pixels)


def change(photo, brightness=1.0, contrast=1.0, saturation=1.0, hue=0.0):
    mean = float(photo.double().mean((0, 1)).numpy() @ GRAY)
    return recolour(photo, *colour_map(brightness, contrast, saturation, hue, mean)).permute(2, 0, 1).int()


@pytest.mark.parametrize("value", [0.5, 0.8, 1.3])
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_each_alone_is_torchvisions_within_its_rounding(photo, name, value):
    expected = getattr(reference, f"adjust_{name}")(photo.permute(2, 0, 1), value).int()
    assert (change(photo, **{name: value}) - expected).abs().max() <= 2


@pytest.mark.parametrize("turns", [-0.1, 0.02, 0.25])
def test_hue_turns_as_far_as_hsv_does_and_keeps_brightness(turns):
    """Colour by colour YIQ and HSV differ; round the circle they must agree."""
    colours = np.array([colorsys.hsv_to_rgb(k / 360, 0.3, 0.6) for k in range(360)])
    matrix, offset = colour_map(1, 1, 1, turns, 0)
    turned = colours @ matrix.T + offset
    np.testing.assert_allclose(turned @ GRAY, colours @ GRAY, atol=1e-3)
    steps = [colorsys.rgb_to_hsv(*rgb)[0] - k / 360 for k, rgb in enumerate(turned)]
    steps = (np.array(steps) - turns + 0.5) % 1 - 0.5 + turns
    assert steps.mean() == pytest.approx(turns, abs=0.01)
    assert (np.abs(steps - turns) < 0.1).all()


def test_saturation_turned_off_is_gray(photo):
    gray = change(photo, saturation=0)
    assert (gray.max(0).values - gray.min(0).values).max() <= 1


@given(factor, factor, factor, st.floats(-0.5, 0.5), st.floats(0, 255))
def test_grays_stay_gray_and_meet_the_formula(brightness, contrast, saturation, hue, level):
    matrix, offset = colour_map(brightness, contrast, saturation, hue, 100)
    expected = (level * brightness - 100 * brightness) * contrast + 100 * brightness
    np.testing.assert_allclose(matrix @ np.full(3, level) + offset, expected, atol=1e-2 * (1 + level / 100))


def test_nothing_asked_is_nothing_done_or_drawn(photo):
    before = torch.get_rng_state()
    assert jitter_colour(photo, AugmentConfig()) is photo
    assert torch.equal(before, torch.get_rng_state())


def test_strengths_are_bounds():
    flat = torch.full((4, 4, 3), 100, dtype=torch.uint8)
    torch.manual_seed(0)
    levels = [int(jitter_colour(flat, AugmentConfig(brightness=0.2))[0, 0, 0]) for _ in range(200)]
    assert min(levels) in range(80, 84) and max(levels) in range(117, 121)


def test_values_are_clipped():
    edges = torch.tensor([[[0, 0, 0], [255, 255, 255]]], dtype=torch.uint8)
    assert recolour(edges, 2 * np.eye(3), -10).tolist() == [[[0, 0, 0], [255, 255, 255]]]
    assert recolour(edges, np.eye(3), 0).tolist() == edges.tolist()


def test_gamma_is_torchvisions(photo):
    expected = reference.adjust_gamma(photo.permute(2, 0, 1), 0.6).permute(1, 2, 0).int()
    assert (change_gamma(photo, 0.6).int() - expected).abs().max() <= 1


def test_gamma_darkens_as_often_as_it_brightens(photo):
    config = AugmentConfig(gamma=1.0)
    torch.manual_seed(0)
    means = [float(jitter_colour(photo, config).float().mean()) for _ in range(40)]
    middle = float(photo.float().mean())
    assert 10 <= sum(mean < middle for mean in means) <= 30
    assert min(means) >= float(change_gamma(photo, 2.0).float().mean()) - 1
    assert max(means) <= float(change_gamma(photo, 0.5).float().mean()) + 1


def test_white_balance_changes_red_and_blue_against_green():
    gray = torch.full((20, 20, 3), 100, dtype=torch.uint8)
    torch.manual_seed(0)
    seen = torch.stack([jitter_colour(gray, AugmentConfig(white_balance=0.2))[0, 0].int() for _ in range(50)])
    assert (seen[:, 1] == 100).all()
    for channel in (0, 2):
        assert 80 <= seen[:, channel].min() < 88 and 112 < seen[:, channel].max() <= 120
