import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.augment.box_targets import BoxTargets
from foveal.types.flags import Flag


def one(box, *, flags=0):
    return BoxTargets.of(np.array([box], np.float64), np.array([7]), np.array([flags], np.uint8))


def half_seen(*, seen, flags=0, min_visible=0.3, side=40.0):
    """The target of a box of which a part is left of the canvas."""
    return (
        one((0.0, 0.0, side, side), flags=flags)
        .move((1, 1), (-side * (1 - seen), 0))
        .clip((0, 0, 100, 100))
        .trained(min_visible)
    )


@pytest.mark.parametrize(
    ("seen", "side", "flags", "expected"),
    [
        (1.0, 40.0, 0, [0]),
        (0.5, 40.0, int(Flag.TRUNCATED), [int(Flag.TRUNCATED)]),
        (0.31, 40.0, 0, [0]),
        (0.25, 40.0, 0, [int(Flag.IGNORE)]),
        (0.25, 40.0, int(Flag.CROWD), [int(Flag.CROWD | Flag.IGNORE)]),
        (0.05, 40.0, 0, []),
        (0.0, 40.0, 0, []),
        (1.0, 1.0, 0, [0]),
        (0.5, 1.9, 0, []),
    ],
)
def test_an_object_cut_too_far_is_ignored_not_denied(seen, side, flags, expected):
    target = half_seen(seen=seen, flags=flags, side=side)
    assert target["flags"].tolist() == expected
    if expected:
        np.testing.assert_allclose(target["boxes"], [[0, 0, side * seen, side]], atol=1e-4)
        assert target["labels"].tolist() == [7]


def test_all_of_a_box_can_be_asked_for():
    assert half_seen(seen=1, min_visible=1)["flags"].tolist() == [0]
    assert half_seen(seen=0.99, min_visible=1)["flags"].tolist() == [int(Flag.IGNORE)]


def test_none_of_a_box_need_be_seen_but_something():
    assert half_seen(seen=0.04, min_visible=0)["flags"].tolist() == [0]
    assert half_seen(seen=0, min_visible=0)["flags"].tolist() == []


def test_what_is_cut_twice_is_counted_twice():
    targets = one((0.0, 0.0, 40.0, 40.0)).clip((0, 0, 20, 40)).clip((0, 0, 20, 20))
    assert targets.visible.tolist() == [0.25]


def test_tensors_have_the_types_of_batches():
    targets = one((0.0, 0.0, 9.0, 9.0), flags=8)
    for tensors in (targets.trained(0.3), targets.tensors()):
        types = {name: tensor.dtype for name, tensor in tensors.items()}
        assert types == {"boxes": torch.float32, "labels": torch.int64, "flags": torch.uint8}


def test_a_quarter_turn_is_counterclockwise():
    """A box at the right, a bit above the middle, goes to the top, a bit left of it."""
    rotated = one((80.0, 30.0, 100.0, 40.0)).rotate(90, (50, 50))
    np.testing.assert_allclose(rotated.boxes, [[30, 0, 40, 20]], atol=1e-9)


@given(st.lists(st.floats(0, 100, width=32), min_size=4, max_size=4), st.floats(-180, 180))
def test_a_rotated_box_has_the_corners_inside_and_comes_back_no_smaller(values, degrees):
    box = (*np.minimum(values[:2], values[2:]), *np.maximum(values[:2], values[2:]))
    back = one(tuple(map(float, box))).rotate(degrees, (50, 50)).rotate(-degrees, (50, 50)).boxes[0]
    assert (back[:2] <= np.array(box[:2]) + 1e-4).all() and (back[2:] >= np.array(box[2:]) - 1e-4).all()


@given(st.floats(-50, 50), st.sampled_from([0, 1]))
def test_a_mirror_twice_is_none(left, axis):
    targets = one((left, 2.0, left + 9.0, 30.0))
    np.testing.assert_allclose(targets.mirror(axis, 77).mirror(axis, 77).boxes, targets.boxes, atol=1e-9)


def test_nothing_in_nothing_out():
    empty = BoxTargets.join([one((0.0, 0.0, 9.0, 9.0)).clip((20, 20, 30, 30))] * 2).rotate(30, (5, 5)).trained(0.3)
    assert empty["boxes"].shape == (0, 4) and empty["labels"].shape == empty["flags"].shape == (0,)
