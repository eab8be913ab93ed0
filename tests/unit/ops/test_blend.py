"""From the network's resolution to pixels, and one map from several views without seams."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from foveal.inference.views import Viewing
from foveal.ops import blend as blending
from foveal.ops.blend import Blend, blend_bands, to_pixels, window
from foveal.types.geometry import Geometry
from foveal.types.input_spec import InputSpec
from foveal.types.view import View

sides = st.integers(1, 40)


def stretched(size: tuple[int, int], input_size: tuple[int, int]) -> Geometry:
    """The whole image on the whole input."""
    return Geometry(size, input_size, (input_size[0] / size[0], input_size[1] / size[1]))


def slow_pixel(maps: np.ndarray, geometry: Geometry, x: int, y: int) -> np.ndarray:
    """(K,) values at the centre of one pixel, from the four cells around it."""
    _, height, width = maps.shape
    (u, v), = geometry.to_input(np.array([[x + 0.5, y + 0.5]]))  # fmt: skip
    u = min(max(u * width / geometry.input_size[0] - 0.5, 0), width - 1)
    v = min(max(v * height / geometry.input_size[1] - 0.5, 0), height - 1)
    total = np.zeros(len(maps))
    for row in (int(v), int(v) + 1):
        for column in (int(u), int(u) + 1):
            weight = max(0, 1 - abs(v - row)) * max(0, 1 - abs(u - column))
            if weight:
                total += weight * maps[:, row, column]
    return total


def test_a_row_by_hand() -> None:
    maps = np.array([[[0.0, 1.0]], [[4.0, 0.0]]])
    got = to_pixels(maps, stretched((4, 1), (8, 2)))
    assert got.dtype == np.float32
    assert got.tolist() == [[[0, 0.25, 0.75, 1]], [[4, 3, 1, 0]]]
    # One column of the input is padding on either side: pixels lie closer to the middle.
    padded = Geometry((2, 1), (4, 1), (1.0, 1.0), (1.0, 0.0))
    assert to_pixels(maps, padded).tolist() == [[[0.25, 0.75]], [[3, 1]]]


@given(st.integers(1, 3), sides, sides, sides, sides, st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_an_enlargement_equals_torch(num: int, height: int, width: int, rows: int, columns: int, seed: int) -> None:
    maps = np.random.default_rng(seed).random((num, height, width), np.float32)
    got = to_pixels(maps, stretched((columns, rows), (4 * width, 4 * height)))
    want = interpolate(torch.from_numpy(maps)[None], (rows, columns), mode="bilinear", align_corners=False)[0]
    np.testing.assert_allclose(got, want.numpy(), atol=2e-5)


@given(st.integers(5, 60), st.integers(5, 60), st.sampled_from(["letterbox", "crop", "squash"]), st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_every_pixel_is_the_slow_one(width: int, height: int, fit: str, seed: int) -> None:
    maps = np.random.default_rng(seed).random((2, 6, 8), np.float32)
    geometry = InputSpec(size=32, train_size=32, fit=fit).geometry(width, height)  # type: ignore[arg-type]
    got = to_pixels(maps, geometry)
    assert got.shape == (2, height, width)
    for x, y in ((0, 0), (width - 1, 0), (width // 2, height // 3), (width - 1, height - 1)):
        np.testing.assert_allclose(got[:, y, x], slow_pixel(maps, geometry, x, y), atol=1e-5)


def test_a_part_is_a_part_of_the_whole() -> None:
    maps = np.random.default_rng(0).random((2, 6, 8), np.float32)
    geometry = InputSpec(size=32, train_size=32, fit="letterbox").geometry(50, 30)
    whole = to_pixels(maps, geometry)
    assert np.array_equal(to_pixels(maps, geometry, (7, 3, 41, 22)), whole[:, 3:22, 7:41])
    assert np.array_equal(to_pixels(maps, geometry, (0, 0, 50, 30)), whole)


@given(st.integers(1, 60), st.integers(1, 60), st.tuples(*[st.booleans()] * 4))
@settings(deadline=None)
def test_the_window_is_a_hill(height: int, width: int, falls: tuple[bool, bool, bool, bool]) -> None:
    left, top, right, bottom = falls
    hill = window(height, width, falls=falls)
    assert hill.shape == (height, width) and hill.dtype == np.float32
    assert hill.min() > 0 and hill.max() <= 1
    across, down = hill[height // 2], hill[:, width // 2]
    for line, rises, sinks in ((across, left, right), (down, top, bottom)):
        middle = len(line) // 2
        assert (np.diff(line[: (len(line) + 1) // 2]) >= 0).all() and (np.diff(line[middle:]) <= 0).all()
        if len(line) > 2:
            assert (line[0] < line[middle]) == rises and (line[-1] < line[middle]) == sinks
    mirrored = window(height, width, falls=(right, top, left, bottom))
    np.testing.assert_allclose(mirrored[:, ::-1], hill, rtol=1e-5)


viewings = st.builds(
    Viewing,
    tile=st.none() | st.integers(32, 64),
    overlap=st.floats(0, 0.7),
    flip=st.booleans(),
    scales=st.lists(st.sampled_from([0.5, 0.8, 1.0, 1.3, 2.0]), min_size=1, max_size=2).map(tuple),
)


@given(viewings, st.integers(1, 150), st.integers(1, 150), st.booleans(), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_views_that_agree_give_what_they_agree_on(
    viewing: Viewing, width: int, height: int, whole: bool, seed: int
) -> None:
    """Each view gives the same field, cell by pixel; what is beyond the image is something else."""
    field = np.random.default_rng(seed).random((2, height, width), np.float32)
    blend = Blend((width, height), 2)
    for view in viewing.views(width, height, whole=whole):
        x1, y1, x2, y2 = view.box
        maps = np.full((2, y2 - y1, x2 - x1), 99, np.float32)
        left, top, right, bottom = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
        maps[:, top - y1 : bottom - y1, left - x1 : right - x1] = field[:, top:bottom, left:right]
        size = (x2 - x1, y2 - y1)
        blend.add(maps[:, :, ::-1] if view.flipped else maps, stretched(size, size), view)
    np.testing.assert_allclose(blend.result(), field, atol=1e-5)


def test_bands_of_a_large_image_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    (width, height), rng = (90, 70), np.random.default_rng(0)
    views = Viewing(tile=40, flip=True, scales=(0.8, 1.0)).views(width, height, whole=True)
    spec = InputSpec(size=64, train_size=64, fit="letterbox")
    geometries = [spec.geometry(x2 - x1, y2 - y1) for x1, y1, x2, y2 in (view.box for view in views)]
    maps, whole = [rng.random((3, 5, 7), np.float32) for _ in views], Blend((width, height), 3)
    for one, geometry, view in zip(maps, geometries, views, strict=True):
        whole.add(one, geometry, view)
    monkeypatch.setattr(blending, "BAND_VALUES", 3 * width * 16)
    bands = list(blend_bands(maps, geometries, views, (width, height)))
    assert [band.shape[1] for band in bands] == [16, 16, 16, 16, 6]
    assert np.array_equal(np.concatenate(bands, axis=1), whole.result())


@given(viewings, st.integers(1, 150), st.integers(1, 150), st.booleans())
@settings(deadline=None, max_examples=40)
def test_constants_stay_at_any_resolution(viewing: Viewing, width: int, height: int, whole: bool) -> None:
    values, blend = np.array([0.2, 0.5, 0.3], np.float32), Blend((width, height), 3)
    spec = InputSpec(size=64, train_size=64, fit="letterbox")
    for view in viewing.views(width, height, whole=whole):
        x1, y1, x2, y2 = view.box
        blend.add(np.tile(values[:, None, None], (1, 5, 7)), spec.geometry(x2 - x1, y2 - y1), view)
    result = blend.result()
    np.testing.assert_allclose(result, np.broadcast_to(values[:, None, None], result.shape), atol=1e-5)


@given(
    st.integers(32, 64), st.floats(0.15, 0.8), st.integers(1, 220), st.integers(1, 220), st.booleans(),
    st.integers(0, 99),
)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_there_are_no_seams(tile: int, overlap: float, width: int, height: int, flip: bool, seed: int) -> None:
    """Views that contradict each other pass into one another over the pixels that they share."""
    generator, blend = np.random.default_rng(seed), Blend((width, height), 1)
    for view in Viewing(tile, overlap, flip).views(width, height, whole=bool(seed % 2)):
        x1, y1, x2, y2 = view.box
        size = (x2 - x1, y2 - y1)
        blend.add(np.full((1, 3, 3), generator.random(), np.float32), stretched(size, (12, 12)), view)
    result = blend.result()[0]
    shared_px = tile - max(1, round(tile * (1 - overlap)))
    steepest = 2.5 / shared_px  # two squared sines cross over m pixels at a slope of 2 / m; three, a little steeper
    assert np.abs(np.diff(result, axis=0)).max(initial=0) <= steepest
    assert np.abs(np.diff(result, axis=1)).max(initial=0) <= steepest


def test_mirrored_views_are_put_back() -> None:
    maps = np.array([[[0.0, 0.0, 1.0, 1.0]]], np.float32)
    blend = Blend((4, 1), 1)
    blend.add(maps, stretched((4, 1), (4, 1)), View((0, 0, 4, 1), flipped=True))
    assert blend.result().tolist() == [[[1, 1, 0, 0]]]
    beyond = Blend((2, 1), 1)  # one more column on the left, two on the right
    beyond.add(np.array([[[5.0, 6, 1, 2, 7]]]), stretched((5, 1), (5, 1)), View((-1, 0, 4, 1), flipped=True))
    assert beyond.result().tolist() == [[[2, 1]]]


def test_a_part_that_no_view_shows_is_our_mistake() -> None:
    blend = Blend((4, 1), 1)
    blend.add(np.ones((1, 1, 1)), stretched((3, 1), (3, 1)), View((0, 0, 3, 1)))
    with pytest.raises(AssertionError, match="leave out"):
        blend.result()
