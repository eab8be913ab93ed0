import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torchvision import ops as tv

from foveal.ops import boxes as ops

corners = arrays(np.float64, st.tuples(st.integers(0, 6), st.just(4)), elements=st.integers(0, 12).map(float))
"""Whole pixels, so that edges meet and areas vanish often."""


def upright(raw):
    return np.concatenate([np.minimum(raw[:, :2], raw[:, 2:]), np.maximum(raw[:, :2], raw[:, 2:])], axis=1)


def slow_iou(a, b, *, crowd=False):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    own, other = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
    whole = own if crowd else own + other - common
    return common / whole if whole else 0.0


def test_a_case_by_hand():
    a, b = np.array([[0, 0, 4, 2]]), np.array([[2, 0, 6, 2], [0, 0, 4, 2], [4, 0, 5, 1], [9, 9, 9, 12]])
    assert ops.iou(a, b).tolist() == [[pytest.approx(4 / 12), 1, 0, 0]]
    assert ops.iou(a, b, crowd=np.array([True, False, False, False]))[0, 0] == 0.5
    assert ops.giou(a, b)[0, 2] == pytest.approx(0 - (10 - 9) / 10)
    assert ops.diou(a, b)[0, 0] == pytest.approx(4 / 12 - 4 / (36 + 4))
    assert ops.area(b).tolist() == [8, 8, 1, 0]
    assert ops.clip(np.array([[-3, 1, 40, 9]]), (20, 5)).tolist() == [[0, 1, 20, 5]]


@given(corners, corners)
@settings(deadline=None)
def test_iou_is_the_definition(a, b):
    a, b = upright(a), upright(b)
    crowd = np.arange(len(b)) % 2 == 0
    want = [[slow_iou(x, y, crowd=c) for y, c in zip(b, crowd, strict=True)] for x in a]
    got = ops.iou(a, b, crowd=crowd)
    assert got.shape == (len(a), len(b))
    assert got.tolist() == want
    num = min(len(a), len(b))
    assert ops.paired_iou(a[:num], b[:num], crowd=crowd[:num]).tolist() == np.diagonal(got).tolist()


@given(corners, corners)
@settings(deadline=None)
def test_all_three_equal_torchvision(a, b):
    a, b = upright(a), upright(b)
    a, b = a[ops.area(a) > 0], b[ops.area(b) > 0]
    x, y = torch.from_numpy(a), torch.from_numpy(b)
    for ours, theirs in (
        (ops.iou, tv.box_iou),
        (ops.giou, tv.generalized_box_iou),
        (ops.diou, tv.distance_box_iou),
    ):
        np.testing.assert_allclose(ours(a, b), theirs(x, y).numpy(), rtol=0, atol=1e-6)


@given(corners, corners)
@settings(deadline=None)
def test_symmetric_and_bounded(a, b):
    a, b = upright(a), upright(b)
    for measure, least in ((ops.iou, 0), (ops.giou, -1), (ops.diou, -1)):
        got = measure(a, b)
        assert (got == measure(b, a).T).all()
        assert (got >= least).all() and (got <= 1).all()
    assert (np.diagonal(ops.iou(a, a)) == (ops.area(a) > 0)).all()


def test_a_box_turned_inside_out_has_no_area_and_overlaps_nothing():
    turned = np.array([[5, 5, 2, 2]])
    assert ops.area(turned)[0] == 0
    assert ops.iou(turned, np.array([[0, 0, 9, 9]]))[0, 0] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_width(dtype):
    boxes = np.array([[0, 0, 2, 2]], dtype)
    results = [ops.iou(boxes, boxes), ops.giou(boxes, boxes), ops.diou(boxes, boxes), ops.area(boxes)]
    results.append(ops.clip(boxes, (1, 1)))
    assert {r.dtype for r in results} == {np.dtype(dtype)}


def test_nothing_in_nothing_out():
    none = np.zeros((0, 4))
    assert ops.iou(none, none).shape == (0, 0)
    assert ops.diou(none, np.ones((2, 4))).shape == (0, 2)
    assert ops.area(none).shape == (0,)
