import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.augment.canvas import as_tensor, blank, erase, resize, resize_nearest, rotate, rotate_nearest
from foveal.types.input_spec import PAD_VALUE
from foveal.types.size import Size


def test_resize_takes_a_height_and_a_width():
    image = torch.arange(20 * 30 * 3, dtype=torch.uint8).reshape(20, 30, 3)
    out = resize(image[:, 4:], (10, 12), "bilinear")
    assert out.shape == (10, 12, 3) and out.is_contiguous() and out.dtype == torch.uint8
    assert torch.equal(resize(image, (20, 30), "bilinear"), image)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 30))
def test_nearest_is_the_pixel_under_each_middle(length, width, size):
    ids = torch.arange(length * width, dtype=torch.uint8).reshape(length, width)
    out = resize_nearest(ids, (size, width))
    rows = ((np.arange(size) + 0.5) * length / size).astype(int)
    assert torch.equal(out, ids[rows])


def test_read_only_pixels_are_copied():
    pixels = np.zeros((2, 2, 3), np.uint8)
    assert as_tensor(pixels).data_ptr() == pixels.ctypes.data
    pixels.flags.writeable = False
    as_tensor(pixels)[:] = 1
    assert not pixels.any()


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_quarter_rotations_are_exact_and_counterclockwise(quarter):
    image = torch.randint(0, 255, (16, 16, 3), dtype=torch.uint8)
    assert torch.equal(rotate(image, 90 * quarter), image.rot90(quarter))
    assert torch.equal(rotate_nearest(image[..., 0], 90 * quarter, 7), image[..., 0].rot90(quarter))


def test_corners_are_filled():
    assert rotate(torch.zeros(16, 16, 3, dtype=torch.uint8), 45)[0, 0].tolist() == [PAD_VALUE] * 3
    assert rotate_nearest(torch.zeros(16, 16, dtype=torch.uint8), 45, 7)[0, 0] == 7


def test_erasing_leaves_a_rectangle_of_padding():
    image = torch.zeros(32, 32, 3, dtype=torch.uint8)
    erased = erase(image, 1.0)
    rows, columns = np.nonzero((erased == PAD_VALUE).all(2).numpy())
    assert len(rows) == (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)
    assert not image.any()
    assert (blank(Size.square(4)) == PAD_VALUE).all()


def test_nothing_to_erase_draws_nothing():
    before, image = torch.get_rng_state(), blank(Size.square(4))
    assert erase(image, 0) is image and torch.equal(before, torch.get_rng_state())
