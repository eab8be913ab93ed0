"""Inputs of any proportions: what goes to the network comes back where it was."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data.augment.crop import letterbox
from foveal.imaging.decode import decode
from foveal.imaging.prepare import prepare
from foveal.ops.blend import to_pixels
from foveal.ops.masks import mixed
from foveal.types.input_spec import InputSpec
from foveal.types.size import Size

ASPECTS = st.floats(np.log(1 / 4), np.log(4)).map(np.exp)
FITS = st.sampled_from(["letterbox", "squash"])


def sides(aspect: float, area: int) -> tuple[int, int]:
    """Width and height of an aspect, of about so many pixels."""
    return max(8, round((area * aspect) ** 0.5)), max(8, round((area / aspect) ** 0.5))


def covered(low: float, high: float, count: int) -> np.ndarray:
    """(count,) the part of each pixel of a row between two places."""
    edges = np.arange(count + 1)
    return (np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)).clip(0, 1)


@settings(max_examples=200, deadline=None)
@given(of_image=ASPECTS, of_input=ASPECTS, fit=FITS, seed=st.integers(0, 1 << 30))
def test_boxes_and_masks_come_back_within_half_a_pixel(of_image: float, of_input: float, fit: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    (width, height), (across, down) = sides(of_image, 3000), sides(of_input, 60_000)
    spec = InputSpec(size=Size(across, down), train_size=Size(across, down), fit=fit)
    x1, x2 = np.sort(rng.choice(width + 1, 2, replace=False))
    y1, y2 = np.sort(rng.choice(height + 1, 2, replace=False))
    image = np.zeros((height, width, 3), np.uint8)
    image[y1:y2, x1:x2] = 255

    pixels, geometry = prepare(image, spec)
    assert pixels.shape == (down, across, 3) and geometry.input_size == (across, down)
    corners = geometry.to_input(np.array([[x1, y1], [x2, y2]], np.float64))
    assert (corners >= -1e-6).all() and (corners <= np.array([across, down]) + 1e-6).all()

    # A network that sees perfectly: the part of each pixel of the input that the object covers.
    soft = np.outer(covered(corners[0, 1], corners[1, 1], down), covered(corners[0, 0], corners[1, 0], across))
    back = geometry.to_source(corners)
    np.testing.assert_allclose(back, [[x1, y1], [x2, y2]], atol=1e-6)
    mask = to_pixels(np.stack([1 - soft, soft]), geometry).argmax(0)
    (one,) = mixed(20 * (2 * soft[None] - 1), np.ones((1, 1)), corners.reshape(1, 4), geometry, 0.5)
    for found in (mask, one.mask()):
        rows, columns = np.nonzero(found)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert np.abs(np.array(box) - [x1, y1, x2, y2]).max() <= 0.5

    # And the pixels are where the geometry says: the object's centre is white.
    if min(x2 - x1, y2 - y1) >= 3 and min(geometry.scale) >= 1:
        x, y = corners.mean(0).astype(int)
        assert pixels[y, x].min() > 200


@settings(max_examples=100, deadline=None)
@given(of_image=ASPECTS, of_input=ASPECTS)
def test_a_crop_covers_the_input_and_is_centred(of_image: float, of_input: float) -> None:
    (width, height), (across, down) = sides(of_image, 90_000), sides(of_input, 20_000)
    size = Size(across, down)
    geometry = InputSpec(size=size, train_size=size, fit="crop").geometry(width, height)
    corners = geometry.to_input(np.array([[0, 0], [width, height]], np.float64))
    assert (corners[0] <= 0).all() and (corners[1] >= size.sides).all()
    middle = geometry.to_input(np.array([[width / 2, height / 2]]))
    np.testing.assert_allclose(middle, [[across / 2, down / 2]], atol=1 + 1e-6)
    assert 0.97 < geometry.scale[0] / geometry.scale[1] < 1.03


@given(ASPECTS, ASPECTS)
def test_training_and_evaluation_letterbox_alike(of_image: float, of_input: float) -> None:
    (width, height), (across, down) = sides(of_image, 90_000), sides(of_input, 20_000)
    size = Size(across, down)
    geometry = InputSpec(size=size, train_size=size, fit="letterbox").geometry(width, height)
    crop = letterbox(width, height, size)
    corners = geometry.to_input(np.array([[0, 0], [width, height]], np.float64)).ravel()
    np.testing.assert_allclose(corners, crop.canvas, atol=1e-6)


def test_a_large_jpeg_is_reduced_until_it_just_covers_the_input(tmp_path) -> None:
    from PIL import Image

    Image.new("RGB", (1920, 1080)).save(tmp_path / "a.jpg")
    for size, reduced in ((Size(640, 352), (960, 540)), (Size(352, 640), (1920, 1080)), (Size(240, 128), (240, 135))):
        spec = InputSpec(size=size, train_size=size, fit="letterbox")
        pixels = decode(tmp_path / "a.jpg", min_side=spec.decode_side).pixels
        assert (pixels.shape[1], pixels.shape[0]) == reduced
