"""Masks painted once, after all changes: worked cases, and a slow reference that looks at every pixel."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data.augment.box_targets import BoxTargets
from foveal.data.augment.mask_targets import Grid, MaskTargets, cut_out
from foveal.types.rle import Rle

GRID = Grid((4, 4), 4)


def rectangle(box, size=(16, 16)):
    mask = np.zeros(size, bool)
    x1, y1, x2, y2 = box
    mask[y1:y2, x1:x2] = True
    return Rle.of(mask)


def still(*masks, size=(16, 16)):
    return MaskTargets.of(masks, size=size)


def moved(masks, scale, offset):
    return masks.move(np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]]]))


def test_a_cell_at_least_half_covered_belongs_to_the_mask():
    cells, box = still(rectangle((4, 0, 10, 8))).paint(0, GRID)  # half of the third column's cells
    assert cells.tolist() == [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert box.tolist() == [4, 0, 10, 8]
    cells, _ = still(rectangle((4, 0, 9, 8))).paint(0, GRID)  # a quarter
    assert cells.sum(0).tolist() == [0, 2, 0, 0]


def test_what_is_thinner_than_half_a_cell_is_where_it_covers_most():
    cells, box = still(rectangle((5, 0, 6, 16))).paint(0, GRID)
    assert cells.sum(0).tolist() == [0, 4, 0, 0] and box.tolist() == [5, 0, 6, 16]


@pytest.mark.parametrize("offset", [(16, 0), (-10, 0), (0, 99)])
def test_nothing_is_left_beyond_the_canvas(offset):
    assert moved(still(rectangle((4, 4, 8, 8))), (1, 1), offset).paint(0, GRID) is None


def test_an_object_without_a_mask_and_one_that_is_cut_away_are_not_painted():
    both = still(Rle.of(np.zeros((16, 16), bool)), rectangle((8, 8, 16, 16)))
    assert both.paint(0, GRID) is None
    assert both.clip((0, 0, 8, 8)).paint(1, GRID) is None


def test_a_mask_of_an_image_that_was_decoded_smaller():
    cells, box = still(rectangle((0, 0, 16, 32), size=(64, 32)), size=(32, 16)).paint(0, GRID)
    assert box.tolist() == [0, 0, 8, 16] and cells.sum(0).tolist() == [4, 4, 0, 0]


def test_cut_stays_cut_when_moved_on():
    """A window of a mosaic shows the mask's left half alone, wherever the window then goes."""
    cut = moved(still(rectangle((0, 0, 16, 16))).clip((0, 0, 8, 16)), (1, 1), (4, 0))
    assert cut.paint(0, GRID)[1].tolist() == [4, 0, 12, 16]
    mirrored = cut.move(np.array([[-1.0, 0, 16], [0, 1, 0]])).clip((0, 0, 8, 16))
    assert mirrored.paint(0, GRID)[1].tolist() == [4, 0, 8, 16]


def reference(mask, by, grid):
    """Look at the centre of each pixel of the canvas; a cell is set where half of its pixels are, or most of any."""
    rows, columns = (count * grid.stride for count in grid.shape)
    linear, shift = by[:, :2], by[:, 2]
    on = np.zeros((rows, columns), bool)
    for y in range(rows):
        for x in range(columns):
            u, v = np.floor(np.linalg.solve(linear, np.array([x + 0.5, y + 0.5]) - shift)).astype(int)
            if 0 <= v < mask.shape[0] and 0 <= u < mask.shape[1]:
                on[y, x] = mask[v, u]
    share = on.reshape(grid.shape[0], grid.stride, grid.shape[1], grid.stride).mean((1, 3))
    return on, share


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    degrees=st.sampled_from([0.0, 0.0, 17.0, -130.0]),
    flip=st.booleans(),
    grid=st.sampled_from([GRID, Grid((3, 6), 4)]),
)
def test_painting_is_looking_at_every_pixel(seed, degrees, flip, grid):
    generator = np.random.default_rng(seed)
    mask = np.zeros((13, 17), bool)
    mask[tuple(slice(*np.sort(generator.choice(n + 1, 2, replace=False))) for n in mask.shape)] = True
    mask &= generator.random(mask.shape) < 0.9
    turn, scale = np.deg2rad(degrees), generator.uniform(0.4, 2.5)  # at random, so that no centre is on an edge
    linear = scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    by = np.column_stack([linear @ np.diag([-1.0 if flip else 1.0, 1.0]), generator.uniform(-2, 18, 2)])
    on, share = reference(mask, by, grid)
    painted = still(Rle.of(mask), size=(13, 17)).move(by).paint(0, grid)
    if not on.any():
        assert painted is None
        return
    cells, box = painted
    rows, columns = np.nonzero(on)
    extent = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert box.tolist() == extent
    assert (cells == (share >= min(0.5, share.max()))).all()


@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(0, 1 << 30),
    st.lists(st.integers(-2, 11), min_size=4, max_size=4),
)
def test_cut_out_is_the_mask_within_the_window(height, width, seed, edges):
    mask = np.random.default_rng(seed).random((height, width)) < 0.4
    x1, x2, y1, y2 = *sorted(edges[:2]), *sorted(edges[2:])
    x1, y1, x2, y2 = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    cut = cut_out(Rle.of(mask), np.array([x1, y1, max(x1, x2), max(y1, y2)], float))
    expected = np.zeros_like(mask)
    expected[y1 : max(y1, y2), x1 : max(x1, x2)] = mask[y1 : max(y1, y2), x1 : max(x1, x2)]
    got = np.zeros_like(mask)
    if cut is not None:
        image, (left, top) = cut
        got[top : top + image.height, left : left + image.width] = np.asarray(image) > 0
        assert np.asarray(image).any(0)[[0, -1]].all() and np.asarray(image).any(1)[[0, -1]].all(), "no smaller"
    assert np.array_equal(got, expected)


def objects_of(*masks, boxes):
    flags = np.zeros(len(masks), np.uint8)
    return BoxTargets.of(np.array(boxes, np.float64), np.arange(len(masks)), flags, still(*masks))


def test_a_cut_box_is_fitted_to_what_is_left_of_the_mask():
    """An L: its foot reaches to the right, and is what the cut takes away."""
    shape = np.zeros((16, 16), bool)
    shape[:, :4] = shape[12:, :] = True
    objects = objects_of(Rle.of(shape), boxes=[[0.0, 0.0, 16.0, 16.0]])
    above = objects.clip((0, 0, 16, 12)).trained(0.3, GRID)
    assert above["boxes"].tolist() == [[0, 0, 4, 12]] and above["masks"][0].tolist() == [[1, 0, 0, 0]] * 3 + [[0] * 4]
    whole = objects.trained(0.3, GRID)
    assert whole["boxes"].tolist() == [[0, 0, 16, 16]] and whole["masks"].dtype == torch.uint8


def test_a_whole_box_stays_as_it_was_given():
    loose = objects_of(rectangle((4, 4, 12, 12)), boxes=[[3.5, 3.0, 12.25, 13.0]]).trained(0.3, GRID)
    assert loose["boxes"].tolist() == [[3.5, 3.0, 12.25, 13.0]]


def test_an_object_of_which_only_the_box_is_left_is_dropped():
    objects = objects_of(rectangle((0, 0, 4, 16)), boxes=[[0.0, 0.0, 16.0, 16.0]]).clip((4, 0, 16, 16))
    out = objects.trained(0.3, GRID)
    assert len(out["boxes"]) == 0 and out["masks"].shape == (0, 4, 4)


def test_without_segmentation_a_box_and_no_mask():
    empty = Rle.of(np.zeros((16, 16), bool))
    out = objects_of(empty, rectangle((0, 0, 8, 8)), boxes=[[2.0, 2, 9, 9], [0, 0, 8, 8]]).clip((0, 0, 6, 16))
    out = out.trained(0.3, GRID)
    assert out["boxes"].tolist() == [[2, 2, 6, 9], [0, 0, 6, 8]]
    assert out["masks"].flatten(1).sum(1).tolist() == [0, 4]
