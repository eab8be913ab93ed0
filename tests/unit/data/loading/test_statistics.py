import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data.formats.read import read
from foveal.data.loading.statistics import (
    channel_statistics,
    fit_whitening,
    sample_images,
    to_patches,
    unwhiten,
    whiten,
)
from foveal.errors import ConfigError, DataError
from foveal.types.input_spec import InputSpec


def images(count=20, side=24, seed=0):
    """Correlated colours and neighbours, as photographs have."""
    generator = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        noise = generator.normal(size=(side + 4, side + 4, 3)) @ [[1, 0.8, 0.6], [0, 0.5, 0.4], [0, 0, 0.3]]
        smooth = sum(noise[i : side + i, j : side + j] for i in range(4) for j in range(4)) / 4
        out.append(np.clip(128 + 40 * smooth, 0, 255).astype(np.uint8))
    return out


def test_statistics_equal_numpy():
    some = images()
    mean, std = channel_statistics(some)
    values = np.concatenate([p.reshape(-1, 3) for p in some]) / 255
    assert np.allclose(mean, values.mean(0), atol=1e-12) and np.allclose(std, values.std(0), atol=1e-12)


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_statistics_do_not_depend_on_order(random):
    some = images(6)
    assert channel_statistics(some) == channel_statistics(random.sample(some, len(some)))


def test_a_channel_that_never_changes_is_safe_to_divide_by():
    mean, std = channel_statistics([np.full((4, 4, 3), 51, np.uint8)])
    assert np.allclose(mean, 0.2) and np.allclose(std, 1 / 255)


@pytest.mark.parametrize("kind", ["pca", "zca"])
@pytest.mark.parametrize("patch", [1, 2, 4])
def test_white_patches_have_zero_mean_and_identity_covariance(kind, patch):
    some = images()
    whitening = fit_whitening(some, kind=kind, patch=patch, epsilon=1e-9)
    white = np.concatenate([to_patches(whiten(p, whitening), patch) for p in some])
    assert np.abs(white.mean(0)).max() < 1e-6
    assert np.abs(np.cov(white, rowvar=False, bias=True) - np.eye(3 * patch**2)).max() < 1e-3


@pytest.mark.parametrize("kind", ["pca", "zca"])
def test_whitening_can_be_turned_back(kind):
    some = images()
    whitening = fit_whitening(some, kind=kind, patch=4)
    for image in some[:3]:
        assert np.abs(unwhiten(whiten(image, whitening), whitening) - image / 255).max() < 1e-6


def test_zca_stays_closest_to_the_image():
    some = images()

    def distance(kind):
        whitening = fit_whitening(some, kind=kind, patch=2)
        centred = to_patches(some[0], 2) / 255 - whitening.mean
        return np.square(to_patches(whiten(some[0], whitening), 2) / 10 - centred).sum()

    assert distance("zca") < distance("pca")
    matrix = np.array(fit_whitening(some, kind="zca", patch=2).matrix)
    assert np.allclose(matrix, matrix.T, atol=1e-8)


def test_patches_are_flattened_as_pixel_unshuffle_does():
    image = images(1)[0]
    tensor = torch.from_numpy(image).permute(2, 0, 1).double()[None]
    expected = torch.nn.functional.pixel_unshuffle(tensor, 4)[0].permute(1, 2, 0).reshape(-1, 48).numpy()
    assert np.array_equal(to_patches(image, 4), expected)


def test_fitting_twice_gives_the_same_bits():
    assert fit_whitening(images(), kind="pca", patch=2) == fit_whitening(images(), kind="pca", patch=2)


def test_sample_is_spread_prepared_and_in_order(make_tree):
    catalog, spec = read(make_tree({"a": 10, "b": 10})), InputSpec(size=8, train_size=8)
    every = list(sample_images(catalog, spec))
    assert len(every) == 20 and every[0].shape == (8, 8, 3)
    assert np.array_equal(np.stack(list(sample_images(catalog, spec, limit=5))), np.stack(every)[::4])


def test_bad_input_is_named():
    with pytest.raises(DataError) as caught:
        channel_statistics([])
    assert caught.value.what == "There are no images to compute statistics on."
    with pytest.raises(DataError) as caught:
        fit_whitening(images(1, 8), kind="pca", patch=4)
    assert caught.value.what == "Whitening of 4 x 4 pixel patches needs more than 48 patches; there are 4."
    whitening = fit_whitening(images(), kind="pca", patch=2)
    with pytest.raises(ConfigError) as caught:
        whiten(np.zeros((6, 7, 3), np.uint8), whitening)
    assert caught.value.what == "An image of 7 x 6 cannot be cut into patches of 2 x 2 pixels."
