import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foveal.ops.view_masks import to_image
from foveal.types.rle import Rle
from foveal.types.view import View


def slow(mask, view, size):
    """Pixel by pixel."""
    width, height = size
    shown = mask[:, ::-1] if view.flipped else mask
    out = np.zeros((height, width), bool)
    for row, column in zip(*np.nonzero(shown), strict=True):
        x, y = column + view.box[0], row + view.box[1]
        if 0 <= x < width and 0 <= y < height:
            out[y, x] = True
    return out


@given(
    seed=st.integers(0, 1 << 30),
    rows=st.integers(1, 8),
    columns=st.integers(1, 8),
    corner=st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    flipped=st.booleans(),
    share=st.sampled_from([0.0, 0.3, 0.8, 1.0]),
)
def test_as_pixel_by_pixel(seed, rows, columns, corner, size, flipped, share):
    mask = np.random.default_rng(seed).random((rows, columns)) < share
    view = View((*corner, corner[0] + columns, corner[1] + rows), flipped)
    got = to_image(Rle.of(mask), view, size)
    assert got.size == (size[1], size[0])
    assert np.array_equal(got.mask(), slow(mask, view, size))
    assert got.runs.tolist() == Rle.of(got.mask()).runs.tolist(), "runs as they would be made"


def test_a_plain_whole_view_changes_nothing_and_mirroring_twice_neither():
    mask = Rle.of(np.random.default_rng(0).random((5, 7)) < 0.5)
    plain, mirrored = View((0, 0, 7, 5)), View((0, 0, 7, 5), flipped=True)
    assert np.array_equal(to_image(mask, plain, (7, 5)).runs, mask.runs)
    assert np.array_equal(to_image(to_image(mask, mirrored, (7, 5)), mirrored, (7, 5)).runs, mask.runs)
