"""Black and white of deep images: known, or guessed so that no single pixel decides."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from foveal.imaging.decode import decode
from foveal.imaging.depth import Deep, guess_levels, levels_of
from foveal.types.reading import Reading


def png(values):
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


FRAME = np.tile(np.arange(80, dtype=np.uint16) * 51, (60, 1))


def test_a_hot_pixel_changes_itself_alone():
    hot = FRAME.copy()
    hot[0, 0] = 65535
    plain, changed = decode(png(FRAME)).pixels, decode(png(hot)).pixels
    assert np.array_equal(plain[1:], changed[1:]) and changed[0, 0, 0] == 255
    assert plain.max() == round(int(FRAME.max()) * 255 / 4095)


@pytest.mark.parametrize(("white", "expected"), [(4095, 255), (8190, 128), (65535, 16)])
def test_a_known_white_level_is_used_for_every_image(white, expected):
    decoded = decode(png(np.full((8, 8), 4095, np.uint16)), reading=Reading(white=white))
    assert (decoded.pixels == expected).all() and decoded.guessed is None
    assert decode(png(FRAME)).guessed == 4095
    assert decode(png(FRAME.astype(np.uint8))).guessed is None


def test_black_and_white_clip():
    values = np.array([[50.0, 100, 150, 200, 250]], np.float32)
    assert Deep(values).to_8_bit((100, 200)).tolist() == [[0, 0, 128, 255, 255]]
    assert Deep(values, inverted=True).to_8_bit((100, 200)).tolist() == [[255, 255, 127, 0, 0]]


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        ([0, 4000], {}, (0, 4095)),
        ([0, 200], {}, (0, 255)),
        ([0, 4000], {"declared": 5000.0}, (0, 5000)),
        ([0, 4000], {"declared": 255.0}, (0, 4095)),
        ([0, 0.4], {"whole": False}, (0, 1)),
        ([0, 0.004], {"whole": False}, (0, 2**-7)),
        ([0, 255.0], {"whole": False}, (0, 255)),
        ([-20, 40], {}, (-20, 40)),
        ([-20, 40], {"black": 0.0}, (0, 255)),
        ([0, 0], {}, (0, 255)),
        ([], {}, (0, 1)),
    ],
)
def test_guesses(values, options, expected):
    assert guess_levels(np.array(values, float), **options) == expected


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**16 - 1), st.integers(2000, 5000))
def test_one_value_among_many_never_moves_a_level(outlier, count):
    values = np.linspace(0, 3000, count)
    assert guess_levels(values) == guess_levels(np.sort([*values, outlier]))


def test_levels_follow_the_reading():
    deep = Deep(FRAME)
    assert levels_of(deep, Reading()) == (0, 4095)
    assert levels_of(deep, Reading(black=64, white=1023)) == (64, 1023)
    assert levels_of(deep, Reading(white=2)) == (0, 2)
