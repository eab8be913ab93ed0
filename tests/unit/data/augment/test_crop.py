import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.augment.box_targets import BoxTargets
from foveal.data.augment.crop import Crop, draw_crop, draw_scale, letterbox, shows_an_object
from foveal.data.config import AugmentConfig
from foveal.types.size import Size

OFF = AugmentConfig(crop_scale=1, horizontal_flip=0)


def objects(*boxes, flags=0):
    corners, labels = np.array(boxes, np.float64).reshape(-1, 4), np.zeros(len(boxes), np.int64)
    return BoxTargets.of(corners, labels, np.full(len(boxes), flags, np.uint8))


@given(
    st.integers(1, 500),
    st.integers(1, 500),
    st.tuples(*[st.integers(0, 200)] * 2),
    st.tuples(*[st.integers(1, 200)] * 2),
    st.floats(0.02, 40),
    st.floats(0.5, 2),
    st.integers(0, 1 << 30),
)
def test_a_crop_lies_in_the_image_and_in_its_rectangle(width, height, start, extent, scale, stretch, seed):
    torch.manual_seed(seed)
    rect = (*start, start[0] + extent[0], start[1] + extent[1])
    crop = draw_crop(width, height, rect, scale=scale, stretch=stretch)
    for axis, length in ((0, width), (1, height)):
        first, last = crop.source[axis], crop.source[axis + 2]
        low, high = crop.canvas[axis], crop.canvas[axis + 2]
        assert 0 <= first < last <= length
        assert rect[axis] <= low < high <= rect[axis + 2]
        along = scale * stretch ** (axis - 0.5)
        assert abs((last - first) * along - (high - low)) <= 2 * max(1, along), "the scale is kept but for rounding"
        if length * along > extent[axis] + along + 1:
            assert (low, high) == (rect[axis], rect[axis + 2]), "a longer image fills its rectangle"
        elif length * along < extent[axis]:
            assert (first, last) == (0, length), "a shorter image is shown whole"


def test_a_letterbox_is_in_the_middle():
    assert letterbox(640, 480, Size.square(416)) == Crop((0, 0, 640, 480), (0, 52, 416, 364))
    assert letterbox(480, 640, Size.square(416)) == Crop((0, 0, 480, 640), (52, 0, 364, 416))


def test_objects_move_with_the_image_and_are_cut_with_it():
    moved = Crop((100, 50, 300, 150), (0, 0, 100, 50)).move(objects((80.0, 60.0, 120.0, 80.0)))
    assert moved.boxes.tolist() == [[0, 5, 10, 15]] and moved.visible.tolist() == [0.5]


@pytest.mark.parametrize(
    ("options", "low", "high"),
    [
        ({}, 1, 1),
        ({"crop_scale": 0.25}, 1, 2),
        ({"scale_jitter": 1.5}, 1 / 1.5, 1.5),
        ({"zoom_out": 3}, 1 / 3, 1),
        ({"crop_scale": 0.25, "scale_jitter": 1.5, "zoom_out": 3}, 1 / 4.5, 3),
    ],
)
def test_scales_fill_their_span(options, low, high):
    torch.manual_seed(0)
    scales = np.array([draw_scale(OFF.model_copy(update=options))[0] for _ in range(400)])
    assert scales.min() >= low - 1e-6 and scales.max() <= high + 1e-6
    if options and len(options) == 1:
        assert scales.min() < low * 1.1 and scales.max() > high / 1.1


def test_a_crop_stretches_as_far_as_it_may():
    torch.manual_seed(0)
    stretches = np.array([draw_scale(AugmentConfig(crop_ratio=2))[1] for _ in range(400)])
    assert 0.5 <= stretches.min() < 0.53 and 1.9 < stretches.max() <= 2


def test_an_object_is_one_that_counts():
    crop = Crop((0, 0, 50, 50), (0, 0, 50, 50))
    assert shows_an_object(crop, objects((40.0, 0.0, 60.0, 20.0)), 0.5)
    assert not shows_an_object(crop, objects((41.0, 0.0, 61.0, 20.0)), 0.5)
    assert shows_an_object(crop, objects((60.0, 60.0, 70.0, 70.0), (0.0, 0.0, 9.0, 9.0)), 0.5)
    assert shows_an_object(crop, objects((60.0, 60.0, 70.0, 70.0), flags=1), 0.5), "there is none that counts"
    assert shows_an_object(crop, objects(), 0.5)
