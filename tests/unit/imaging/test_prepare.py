import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2

from foveal.imaging.prepare import prepare
from foveal.types.input_spec import PAD_VALUE, InputSpec

SIDES = st.integers(1, 400)


def smooth(width: int, height: int, *, seed: int = 0) -> np.ndarray:
    """As a photo: without the overshoot that depends on the order of Pillow's passes."""
    small = np.random.default_rng(seed).integers(60, 200, (5, 5, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("size", [(500, 333), (333, 500), (375, 375), (97, 61), (64, 64), (1000, 70), (65, 66)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("crop_fraction", [0.875, 0.9, 1.0])
def test_crop_is_torchvisions_resize_and_centre_crop(size, interpolation, crop_fraction):
    spec = InputSpec(size=56, train_size=56, interpolation=interpolation, crop_fraction=crop_fraction)
    image = smooth(*size)
    steps = v2.Compose(
        [
            v2.Resize(spec.covered.width, interpolation=v2.InterpolationMode(interpolation)),
            v2.CenterCrop(spec.size.shape),
        ]
    )
    ours, theirs = prepare(image, spec)[0], np.asarray(steps(Image.fromarray(image)))
    assert ours.shape == theirs.shape
    assert np.abs(ours.astype(int) - theirs).max() <= 2


@given(SIDES, SIDES, st.sampled_from(["crop", "squash", "letterbox"]), st.sampled_from([16, 31]))
def test_a_mark_lands_where_the_geometry_says(width, height, fit, size):
    """A gradient across and one down: each pixel's value says where in the source it came from."""
    x = np.broadcast_to(np.linspace(0, 255, width)[None, :, None], (height, width, 1))
    y = np.broadcast_to(np.linspace(0, 255, height)[:, None, None], (height, width, 1))
    image = np.concatenate([x, y, np.zeros_like(x)], axis=2).round().astype(np.uint8)
    prepared, geometry = prepare(image, InputSpec(size=size, train_size=size, fit=fit, interpolation="bilinear"))
    assert prepared.shape == (size, size, 3) and prepared.dtype == np.uint8
    seen = np.argwhere(prepared[..., 2] == 0)[:, ::-1]
    source = geometry.to_source(seen + 0.5) - 0.5
    step = np.array([255 / max(1, width - 1), 255 / max(1, height - 1)])
    reach = np.maximum(1, 1 / np.array(geometry.scale))  # of the filter; at the borders it averages one side only
    inside = ((source >= reach) & (source <= np.array([width, height]) - 1 - reach)).all(axis=1)
    found = prepared[seen[:, 1], seen[:, 0], :2]
    assert np.abs(found - source * step)[inside].max(initial=0) <= 2


def test_letterbox_pads_with_gray_on_both_sides():
    image = np.full((50, 100, 3), 200, np.uint8)
    prepared, geometry = prepare(image, InputSpec(size=64, train_size=64, fit="letterbox"))
    assert (prepared[:16] == PAD_VALUE).all() and (prepared[48:] == PAD_VALUE).all()
    assert (prepared[16:48] == 200).all()
    assert geometry.scale == (0.64, 0.64) and geometry.offset == (0.0, 16.0)


@pytest.mark.parametrize("fit", ["crop", "squash", "letterbox"])
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 2)])
def test_odd_shapes_fit(fit, size):
    prepared, _ = prepare(np.full((size[1], size[0], 3), 114, np.uint8), InputSpec(size=32, train_size=32, fit=fit))
    np.testing.assert_array_equal(prepared, np.full((32, 32, 3), 114, np.uint8))
