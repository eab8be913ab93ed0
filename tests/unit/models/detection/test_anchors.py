"""Anchors and the boxes written relative to them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.ops import box_iou

from foveal.models.detection.anchors import (
    decode,
    encode,
    fit_shapes,
    make_anchors,
    map_sizes,
    shapes_from_ratios,
    side_iou,
)


def test_shapes_keep_the_area_and_the_ratio() -> None:
    shapes = shapes_from_ratios((8, 16), scale=4, octaves=(1.0, 2.0), ratios=(0.5, 1.0, 2.0))
    assert [len(level) for level in shapes] == [6, 6]
    assert shapes[0][1] == (32, 32) and shapes[1][4] == (128, 128)
    for width, height in shapes[0][:3]:
        assert width * height == pytest.approx(32 * 32)
    assert shapes[0][2][1] / shapes[0][2][0] == pytest.approx(2)


def test_anchors_stand_at_the_middle_of_their_places() -> None:
    sizes = map_sizes(20, 32, (8, 16))
    assert sizes == [(3, 4), (2, 2)]
    anchors = make_anchors([[(8, 8), (4, 16)], [(16, 16), (8, 32)]], (8, 16), sizes, like=torch.zeros(()))
    assert anchors.shape == (3 * 4 * 2 + 2 * 2 * 2, 4)
    assert anchors[0].tolist() == [0, 0, 8, 8]
    assert anchors[1].tolist() == [2, -4, 6, 12]
    assert anchors[2].tolist() == [8, 0, 16, 8]  # the next column
    assert anchors[8].tolist() == [0, 8, 8, 16]  # the next row
    assert anchors[24].tolist() == [0, 0, 16, 16]  # the next level


# Sides of 4 to 200: a ratio above 62.5 is cut, by design.
boxes = st.tuples(*[st.floats(0, 400)] * 2, *[st.floats(4, 200)] * 2).map(
    lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]]
)


@given(st.lists(st.tuples(boxes, boxes), min_size=1, max_size=8))
def test_decode_undoes_encode(pairs: list[tuple[list[float], list[float]]]) -> None:
    truths, anchors = (torch.tensor(side, dtype=torch.float64) for side in zip(*pairs, strict=True))
    torch.testing.assert_close(decode(encode(truths, anchors), anchors), truths, atol=1e-6, rtol=1e-9)


def test_offsets_of_zero_are_the_anchor_and_large_ones_stay_finite() -> None:
    anchors = torch.tensor([[0.0, 0.0, 10.0, 20.0]])
    assert torch.equal(decode(torch.zeros(1, 4), anchors), anchors)
    assert decode(torch.full((1, 4), 1e4), anchors).isfinite().all()


def test_overlap_of_sides_is_the_overlap_of_centred_boxes() -> None:
    sides = np.random.default_rng(0).uniform(4, 90, (12, 2))
    centred = torch.from_numpy(np.concatenate([-sides / 2, sides / 2], 1))
    np.testing.assert_allclose(side_iou(sides, sides), box_iou(centred, centred).numpy(), atol=1e-12)


def test_fitted_shapes_find_the_clusters() -> None:
    generator = np.random.default_rng(1)
    clusters = np.array([[12, 14], [60, 40], [100, 160]])
    sides = np.concatenate([c * generator.uniform(0.9, 1.1, (200, 2)) for c in clusters])
    shapes, recall = fit_shapes(generator.permutation(sides), 3)
    np.testing.assert_allclose(shapes, clusters, rtol=0.03)
    assert recall == 1.0
    one, part = fit_shapes(sides, 1)
    assert one.shape == (1, 2) and part < 0.5
