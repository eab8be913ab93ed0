"""How a large picture is cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import ConfigError
from foveal.inference.tiles import Tiling


@given(st.integers(1, 900), st.integers(1, 900), st.integers(32, 400), st.floats(0, 0.9))
def test_tiles_cover_the_picture_and_stay_inside(width: int, height: int, side: int, overlap: float) -> None:
    seen = np.zeros((height, width), bool)
    tiles = Tiling(side, overlap).boxes(width, height)
    for x1, y1, x2, y2 in tiles:
        assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
        assert x2 - x1 == min(side, width) and y2 - y1 == min(side, height)
        seen[y1:y2, x1:x2] = True
    assert seen.all()
    assert len(set(tiles)) == len(tiles)


def test_neighbours_overlap_as_asked() -> None:
    assert Tiling(100, 0.2).boxes(260, 100) == [(0, 0, 100, 100), (80, 0, 180, 100), (160, 0, 260, 100)]
    assert Tiling(100, 0.0).boxes(250, 90) == [(0, 0, 100, 90), (100, 0, 200, 90), (150, 0, 250, 90)]
    assert Tiling(640).boxes(640, 480) == [(0, 0, 640, 480)]


@pytest.mark.parametrize(("side", "overlap"), [(31, 0.2), (640, 0.95), (640, -0.1)])
def test_useless_numbers_are_named(side: int, overlap: float) -> None:
    with pytest.raises(ConfigError) as error:
        Tiling(side, overlap)
    assert ("--tile" if side < 32 else "--overlap") in error.value.hint
