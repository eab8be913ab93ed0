import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foveal.types.geometry import Geometry
from foveal.types.input_spec import InputSpec

SIDES = st.integers(1, 5000)


@given(SIDES, SIDES, st.sampled_from(["crop", "squash", "letterbox"]), st.sampled_from([32, 224, 416]))
def test_there_and_back_is_where_it_was(width: int, height: int, fit: str, size: int) -> None:
    geometry = InputSpec(size=size, train_size=size, fit=fit).geometry(width, height)
    points = np.array([[0, 0], [width, height], [width / 3, height / 7]])
    np.testing.assert_allclose(geometry.to_source(geometry.to_input(points)), points, rtol=1e-9, atol=1e-6)


@given(SIDES, SIDES, st.sampled_from([32, 224, 416]))
def test_letterbox_keeps_everything_inside(width: int, height: int, size: int) -> None:
    geometry = InputSpec(size=size, train_size=size, fit="letterbox").geometry(width, height)
    corners = geometry.to_input(np.array([[0, 0], [width, height]]))
    assert (corners >= -1e-6).all()
    assert (corners <= size + 1e-6).all()


@given(SIDES, SIDES)
def test_crop_is_centred_to_half_a_pixel(width: int, height: int) -> None:
    geometry = InputSpec(size=224, train_size=224, fit="crop", crop_fraction=0.875).geometry(width, height)
    middle = geometry.to_input(np.array([[width / 2, height / 2]]))
    np.testing.assert_allclose(middle, [[112, 112]], atol=0.5 + 1e-6)


def test_of_the_original_of_a_shrunk_copy() -> None:
    small = Geometry((320, 240), (64, 64), (0.2, 0.2), (0.0, 8.0))
    full = small.of_original((1280, 960))
    assert full.source_size == (1280, 960)
    np.testing.assert_allclose(full.to_input(np.array([[1280.0, 480.0]])), small.to_input(np.array([[320.0, 120.0]])))
    assert small.of_original((320, 240)) == small
