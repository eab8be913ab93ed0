import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.errors import ShapeError
from foveal.imaging import draw

RED, BLUE = (220, 30, 30), (30, 60, 230)


def gray(height=120, width=160):
    return np.full((height, width, 3), 128, np.uint8)


def has(image, color) -> np.ndarray:
    return (image == color).all(-1)


def test_the_frame_lies_on_the_box_and_the_image_stays():
    image = gray()
    out = draw.boxes(image, np.array([[20, 30, 60, 90]]), [""], [RED])
    rows, columns = np.nonzero(has(out, RED))
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (30, 90, 20, 60)
    assert not has(out, RED)[35:85, 25:55].any()
    assert (image == 128).all() and out.shape == image.shape


def test_lines_grow_with_the_image():
    def thickness(side):
        out = draw.boxes(gray(side, side), np.array([[0.25, 0.25, 0.75, 0.75]]) * side, [""], [RED])
        return has(out, RED)[side // 2, : side // 2].sum()

    assert [thickness(side) for side in (100, 480, 2400)] == [1, 2, 10]


def test_dashes_have_gaps_and_reach_the_corners():
    out = has(draw.boxes(gray(), np.array([[20, 30, 120, 90]]), [""], [RED], dashed=[True]), RED)
    assert out[30, 20] and out[30, 119] and out[89, 20] and out[89, 119]
    edge = out[30, 20:120]
    assert 0.4 < edge.mean() < 0.65


def test_the_first_box_is_on_top():
    box = np.array([[20, 30, 60, 90]])
    out = draw.boxes(gray(), np.repeat(box, 2, axis=0), ["", ""], [RED, BLUE])
    assert has(out, RED).any() and not has(out, BLUE).any()


@given(
    st.integers(8, 300),
    st.integers(8, 300),
    st.lists(st.tuples(*[st.floats(-400, 700)] * 4), max_size=8),
    st.text(max_size=30),
)
@settings(deadline=None, max_examples=60)
def test_anything_can_be_drawn_on_any_size(height, width, boxes, text):
    out = draw.boxes(
        gray(height, width), np.array(boxes), [text] * len(boxes), [RED] * len(boxes), dashed=[False] * len(boxes)
    )
    assert out.shape == (height, width, 3) and out.dtype == np.uint8


@pytest.mark.parametrize(
    "box", [[0, 0, 9, 9], [151, 0, 160, 9], [0, 111, 9, 120], [151, 111, 160, 120], [0, 0, 160, 120]]
)
def test_captions_stay_inside(box):
    """Blue letters' band, red image border: the whole band is there, whatever the corner."""
    out = has(draw.boxes(gray(), np.array([box]), ["platelets 0.93"], [BLUE]), BLUE)
    alone = has(draw.boxes(gray(), np.array([[40, 50, 50, 60]]), ["platelets 0.93"], [BLUE]), BLUE)
    assert out[:, :].sum() >= 0.9 * (alone.sum() - 4 * 10)
    widest = out.sum(1).max()
    assert widest >= alone.sum(1).max() - 2


def test_two_captions_never_overlap_and_the_last_is_left_out():
    face = draw._caption
    spots: list = []

    def spy(pen, size, place, text, color, height_px, line, taken):
        face(pen, size, place, text, color, height_px, line, taken)
        spots[:] = taken

    boxes = np.tile([[50, 50, 90, 70]], (30, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "_caption", spy)
        draw.boxes(gray(), boxes, ["cell"] * 30, [RED] * 30)
    assert 2 < len(spots) < 30
    for i, a in enumerate(spots):
        assert min(a) >= 0 and a[2] <= 160 and a[3] <= 120
        assert not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for b in spots[:i])


def test_a_long_caption_is_cut_to_the_image():
    narrow = gray(60, 40)
    out = draw.boxes(narrow, np.array([[5, 20, 30, 50]]), ["a very long name of a class 0.99"], [BLUE])
    assert out.shape == narrow.shape and has(out, BLUE).any()


def test_letters_are_dark_on_bright_and_bright_on_dark():
    box = np.array([[80, 240, 400, 440]])
    bright = draw.boxes(gray(480, 640), box, ["WIII"], [(250, 240, 60)])
    dark = draw.boxes(gray(480, 640), box, ["WIII"], [(20, 20, 120)])
    assert bright.max(-1).min() < 60 and dark.min(-1).max() > 220


def test_names_may_hold_anything():
    lines = [("two\nlines\r", RED), ("\ud800", RED), ("\t\x00", RED)]
    for text, color in lines:
        assert has(draw.boxes(gray(), np.array([[20, 60, 120, 110]]), [text], [color]), RED).any()
    assert draw.label(gray(), lines).shape == (120, 160, 3)


def test_side_by_side():
    left, right = np.full((40, 60, 3), 10, np.uint8), np.full((50, 30, 3), 200, np.uint8)
    plain = draw.side_by_side(left, right)
    gap = plain.shape[1] - 90
    assert plain.shape[0] == 50 and gap > 0
    assert (plain[:40, :60] == 10).all() and (plain[:, 60 + gap :] == 200).all()
    assert (plain[40:, :60] == 255).all() and (plain[:, 60 : 60 + gap] == 255).all()
    named = draw.side_by_side(left, right, titles=("truth", "prediction"))
    band = named.shape[0] - 50
    assert band > 0 and (named[band : band + 40, :60] == 10).all()
    assert (named[:band] < 100).any()


def test_columns_of_unequal_length():
    with pytest.raises(
        ShapeError,
        match=r"^Drawing got 2 boxes, 1 captions, 2 colours and 2 marks for dashes; pass one of each for every box\.$",
    ):
        draw.boxes(gray(), np.zeros((2, 4)), ["a"], [RED, RED])
    assert (draw.boxes(gray(), np.zeros((0, 4)), [], []) == gray()).all()


def test_a_row_of_three():
    images = [np.full((40, 60, 3), value, np.uint8) for value in (10, 90, 200)]
    plain, named = draw.row(images, ["", "", ""]), draw.row(images, ["truth", "found", "mistakes"])
    gap = (plain.shape[1] - 180) // 2
    for i, value in enumerate((10, 90, 200)):
        assert (plain[:, i * (60 + gap) : i * (60 + gap) + 60] == value).all()
    band = len(named) - 40
    assert band > 0 and (named[band:] == plain).all()
    titles = [(named[:band, i * (60 + gap) : (i + 1) * (60 + gap)] < 100).any() for i in range(3)]
    assert titles == [True, True, True]
    assert (draw.side_by_side(*images[:2]) == draw.row(images[:2], ["", ""])).all()


def test_a_row_without_titles_or_images():
    with pytest.raises(ShapeError, match=r"^A row got 2 images and 1 titles; pass one title for each\.$"):
        draw.row([gray(), gray()], ["truth"])
    with pytest.raises(ShapeError, match=r"^A row got 0 images and 0 titles; pass one title for each\.$"):
        draw.row([], [])
