import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from foveal.errors import ShapeError
from foveal.imaging import draw_masks
from foveal.types.predictions.masks import IGNORE
from foveal.types.rle import Rle

RED, BLUE, GREEN = (220, 30, 30), (30, 60, 230), (40, 180, 60)


def gray(height=120, width=160, value=128):
    return np.full((height, width, 3), value, np.uint8)


def has(image, color) -> np.ndarray:
    return (image == color).all(-1)


def halves(height=120, width=160):
    ids = np.zeros((height, width), np.uint8)
    ids[:, width // 2 :] = 1
    return ids


def test_tint_is_half_the_image_and_half_the_class():
    image = gray()
    out = draw_masks.overlay(image, halves(), [RED, BLUE])
    assert out[60, 20].tolist() == pytest.approx([(128 + c) / 2 for c in RED], abs=1)
    assert out[60, 140].tolist() == pytest.approx([(128 + c) / 2 for c in BLUE], abs=1)
    assert (image == 128).all() and out.shape == image.shape and out.dtype == np.uint8


@pytest.mark.parametrize(("alpha", "want"), [(0.0, (128, 128, 128)), (1.0, RED)])
def test_the_ends_of_alpha(alpha, want):
    out = draw_masks.overlay(gray(), np.zeros((120, 160), np.uint8), [RED], alpha=alpha)
    assert has(out, want).all()


def test_a_dark_line_where_classes_meet_and_nowhere_else():
    out = draw_masks.overlay(gray(), halves(), [RED, BLUE]).astype(int).sum(-1)
    assert (out[:, 80] < out[:, 120] / 2).all()
    assert (np.delete(out, 80, axis=1)[:, :80] == out[0, 0]).all() and (out[:, 81:] == out[0, 120]).all()


def test_lines_grow_with_the_image():
    def thickness(side):
        out = draw_masks.overlay(gray(side, side), halves(side, side), [RED, BLUE]).astype(int).sum(-1)
        return int((out[0] < out[0, -1] / 2).sum())

    assert [thickness(side) for side in (100, 480, 1440)] == [1, 1, 3]


def test_unknown_pixels_keep_the_image_under_a_hatch():
    ids = halves()
    ids[60:] = IGNORE
    out = draw_masks.overlay(gray(value=10), ids, [RED, BLUE])
    plain = has(out, (10, 10, 10))
    assert not plain[:60].any() and 0.6 < plain[60:].mean() < 0.9
    lines = out[60:][~plain[60:]]
    assert len(np.unique(lines, axis=0)) == 1 and lines.max() - lines.min() < 20


def test_no_line_where_a_class_meets_unknown_pixels():
    ids = np.zeros((120, 160), np.uint8)
    ids[40:80, 50:90] = IGNORE
    out = draw_masks.overlay(gray(), ids, [RED])
    assert has(out, out[0, 0])[ids == 0].all()


def test_maps_of_another_size_are_scaled_to_the_nearest():
    small = np.array([[0, 1], [1, 0]], np.uint8)
    large = small.repeat(60, 0).repeat(80, 1)
    assert (draw_masks.overlay(gray(), small, [RED, BLUE]) == draw_masks.overlay(gray(), large, [RED, BLUE])).all()
    assert (draw_masks.error_map(gray(), small, small[::-1]) == draw_masks.error_map(gray(), large, large[::-1])).all()


def test_mistakes_are_red_on_pale_gray():
    truth, found = halves(), halves()
    found[:30] = 1
    truth[100:] = IGNORE
    image = gray()
    image[..., 0] = 200
    out = draw_masks.error_map(image, truth, found).astype(int)
    right, wrong = out[60, 20], out[10, 20]
    assert np.ptp(right) == 0 and right[0] > 180
    assert wrong[0] > 150 and wrong[1:].max() < 90
    red = out[..., 0] - out[..., 1] > 60
    assert red[:30, :80].all() and not red[30:].any() and not red[:, 80:].any()
    assert not has(out[100:], right).all() and has(out[100:], right).any()


def test_a_found_map_may_hold_anything_where_the_truth_is_unknown():
    truth, found = np.full((12, 12), IGNORE, np.uint8), np.zeros((12, 12), np.uint8)
    out = draw_masks.error_map(gray(12, 12), truth, found)
    assert (out == draw_masks.error_map(gray(12, 12), truth, found + 1)).all() and np.ptp(out, axis=-1).max() < 20


def test_a_legend_names_every_colour_below_the_image():
    image = gray()
    out = draw_masks.legend(image, [("road", RED), ("sky", BLUE)])
    assert out.shape[1] == 160 and len(out) > 120 and (out[:120] == image).all()
    band = out[120:]
    for color in (RED, BLUE):
        rows, columns = np.nonzero(has(band, color))
        assert np.ptp(rows) == np.ptp(columns) > 4
    assert (band < 80).all(-1).any() and has(band, (255, 255, 255)).mean() > 0.4


def test_a_legend_wraps_and_stays_inside():
    entries = [(f"class {k}", (200, k * 10, 100)) for k in range(12)]
    one, all_of_them = draw_masks.legend(gray(), entries[:1]), draw_masks.legend(gray(), entries)
    assert len(all_of_them) > len(one) + 40
    for _, color in entries:
        assert has(all_of_them, color).sum() == has(one, entries[0][1]).sum()
    assert (all_of_them[120:, -2:] == 255).all() and (all_of_them[-2:] == 255).all()


def test_a_legend_of_nothing_is_the_image():
    assert (draw_masks.legend(gray(), []) == gray()).all()


@given(st.integers(8, 200), st.integers(8, 200), st.lists(st.text(max_size=40), max_size=6))
@settings(deadline=None, max_examples=40)
def test_names_may_hold_anything_on_any_size(height, width, names):
    out = draw_masks.legend(gray(height, width), [(name, RED) for name in names])
    assert out.shape[1:] == (width, 3) and (len(out) > height) == bool(names)


def square(top, left, side, height=120, width=160) -> Rle:
    mask = np.zeros((height, width), bool)
    mask[top : top + side, left : left + side] = True
    return Rle.of(mask)


def test_an_object_is_tinted_with_a_contour():
    image = gray()
    out = draw_masks.instances(image, [square(20, 30, 40)], np.array([[10, 10, 150, 110]]), [""], [GREEN])
    inside = out[40, 50].astype(int)
    assert inside[1] > inside[0] + 20 and not has(out, GREEN)[25:55, 35:65].any()
    assert has(out, GREEN)[20, 30:70].all() and has(out, GREEN)[59, 30:70].all() and has(out, GREEN)[20:60, 30].all()
    assert (out[80, 50] == 128).all() and (image == 128).all()


def test_the_first_object_is_on_top_and_none_shines_through():
    boxes = np.array([[0, 0, 5, 5]] * 2)
    both = draw_masks.instances(gray(), [square(20, 30, 40)] * 2, boxes, ["", ""], [RED, BLUE])
    alone = draw_masks.instances(gray(), [square(20, 30, 40)], boxes[:1], [""], [RED])
    assert (both[10:] == alone[10:]).all()


def test_masks_of_another_size_and_of_no_area():
    boxes = np.array([[30, 20, 70, 60], [100, 80, 120, 100]])
    small, none = square(10, 15, 20, 60, 80), Rle.of(np.zeros((60, 80), bool))
    out = draw_masks.instances(gray(), [small, none], boxes, ["", ""], [RED, BLUE])
    want = draw_masks.instances(gray(), [square(20, 30, 40)], boxes[:1], [""], [RED])
    assert (out[:75, :95] == want[:75, :95]).all()
    assert has(out, BLUE).any() and (out[90, 110] == 128).all()


def test_captions_and_boxes_are_drawn():
    out = draw_masks.instances(gray(), [square(40, 30, 40)], np.array([[30, 40, 70, 80]]), ["cell 93%"], [BLUE])
    assert has(out, BLUE)[:40].sum() > 100


def test_columns_of_unequal_length():
    with pytest.raises(
        ShapeError,
        match=r"^Drawing got 1 masks, 2 captions and 2 colours; pass one of each for every object\.$",
    ):
        draw_masks.instances(gray(), [square(0, 0, 4)], np.zeros((2, 4)), ["a", "b"], [RED, RED])
    assert (draw_masks.instances(gray(), [], np.zeros((0, 4)), [], []) == gray()).all()


@given(
    st.integers(1, 255), st.integers(1, 40), st.integers(1, 40), st.integers(0, 10**6), st.sampled_from([0.0, 0.3, 1.0])
)
@settings(deadline=None, max_examples=60)
def test_a_palette_png_keeps_every_number(num_classes, height, width, seed, unknown):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, num_classes, (height, width)).astype(np.uint8)
    ids[rng.random(ids.shape) < unknown] = IGNORE
    colors = [tuple(map(int, rng.integers(0, 256, 3))) for _ in range(num_classes)]
    with Image.open(io.BytesIO(draw_masks.palette_png(ids, colors))) as image:
        assert image.mode == "P" and (np.asarray(image) == ids).all()
        shown = np.asarray(image.convert("RGB"))
    known = ids != IGNORE
    assert (shown[known] == np.array(colors, np.uint8)[ids[known]]).all()
    assert (shown[~known] == draw_masks.UNKNOWN).all()


def test_a_class_without_a_colour():
    with pytest.raises(ShapeError, match=r"^Drawing got class id 1 and 1 colours; pass one for each class\.$"):
        draw_masks.overlay(gray(), halves(), [RED])
    with pytest.raises(ShapeError, match=r"^Drawing got class id 1 and 1 colours; pass one for each class\.$"):
        draw_masks.palette_png(halves(), [RED])


@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_any_size_can_be_drawn(height, width, seed):
    rng = np.random.default_rng(seed)
    truth, found = rng.choice([0, 1, 2, IGNORE], (2, height, width)).astype(np.uint8)
    image, colors = gray(height, width), [RED, BLUE, GREEN]
    for out in (draw_masks.overlay(image, truth, colors), draw_masks.error_map(image, truth, found)):
        assert out.shape == image.shape and out.dtype == np.uint8
    mask = Rle.of(truth == 1)
    assert draw_masks.instances(image, [mask], np.array([[0, 0, 3, 3]]), ["x"], [RED]).shape == image.shape
