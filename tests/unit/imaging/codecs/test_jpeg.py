"""JPEG files: scaled decoding, padding, and those that end too early."""

import io
import re

import numpy as np
import pytest
import simplejpeg
from PIL import Image
from tests.image_files import JPEG, saved
from tests.scenes import exif, photo

from foveal.errors import ImageError
from foveal.imaging.decode import decode
from foveal.imaging.prepare import prepare
from foveal.types.input_spec import InputSpec


@pytest.mark.parametrize(
    ("size", "min_side", "expected"),
    [
        ((1000, 800), 0, (1000, 800)),
        ((1000, 800), 401, (1000, 800)),
        ((1000, 800), 400, (500, 400)),
        ((1000, 800), 200, (250, 200)),
        ((1003, 801), 100, (126, 101)),
        ((1000, 800), 10, (125, 100)),
        ((100, 80), 400, (100, 80)),
    ],
)
def test_scaled_jpeg_uses_powers_of_two_and_is_large_enough(size, min_side, expected):
    image = decode(saved(Image.fromarray(photo(*size)), "JPEG"), min_side=min_side)
    assert (image.pixels.shape[1], image.pixels.shape[0]) == expected
    assert min(image.pixels.shape[:2]) >= min(min_side, *size)
    assert image.size == size, "the full size, however small the pixels"


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_least_side_may_depend_on_the_size_as_seen(orientation):
    data, asked = saved(Image.fromarray(photo(1000, 800)), "JPEG", exif=exif(orientation)), []

    def min_side(width, height):
        asked.append((width, height))
        return 200

    image = decode(data, min_side=min_side)
    seen = (800, 1000) if orientation >= 5 else (1000, 800)
    assert asked == [seen] and image.size == seen
    assert image.pixels.shape == (seen[1] // 4, seen[0] // 4, 3)


@pytest.mark.parametrize("subsampling", [0, 2])
def test_network_sees_the_same_jpeg_through_simplejpeg_and_pillow(subsampling):
    spec = InputSpec(size=64, train_size=64)
    for seed in range(4):
        data = saved(Image.fromarray(photo(400, 300, seed)), "JPEG", quality=90, subsampling=subsampling)
        ours, _ = prepare(decode(data).pixels, spec)
        pillow, _ = prepare(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), spec)
        difference = np.abs(ours.astype(int) - pillow)
        assert difference.max() <= 2 and difference.mean() < 0.25


def test_network_sees_nearly_the_same_scaled_jpeg():
    spec = InputSpec(size=64, train_size=64)
    data = saved(Image.fromarray(photo(800, 600)), "JPEG", quality=90)
    scaled, _ = prepare(decode(data, min_side=spec.decode_side).pixels, spec)
    full, _ = prepare(decode(data).pixels, spec)
    difference = np.abs(scaled.astype(int) - full)
    assert difference.max() <= 8 and difference.mean() < 1


def test_progressive_jpeg():
    data = saved(Image.fromarray(photo()), "JPEG", progressive=True, quality=95)
    assert np.abs(decode(data).pixels.astype(int) - photo()).mean() < 2


def test_zero_sized_jpeg():
    at = JPEG.index(b"\xff\xc0")
    with pytest.raises(ImageError) as caught:
        decode(JPEG[: at + 5] + b"\0\0" + JPEG[at + 7 :], name="zero.jpg")
    assert caught.value.what == "zero.jpg: has no pixels (96 x 0)."


def test_damaged_jpeg_is_an_error():
    at = len(JPEG) // 2
    with pytest.raises(ImageError, match=r"^noise\.jpg: is (damaged|truncated)"):
        decode(JPEG[:at] + bytes(range(200, 240)) * 3 + JPEG[at + 120 :], name="noise.jpg")


def test_harmless_padding_in_a_jpeg_is_accepted():
    assert np.array_equal(decode(JPEG[:-2] + b"\0\0\0" + JPEG[-2:]).pixels, simplejpeg.decode_jpeg(JPEG))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_jpeg_without_its_end_marker_is_read_if_no_pixel_is_missing(options):
    whole = saved(Image.fromarray(photo()), "JPEG", quality=90, **options)
    expected = decode(whole).pixels
    for data in (whole[:-1], whole[:-2], whole[:-2] + bytes(3000), whole + b"trailing bytes" * 50):
        assert np.array_equal(decode(data).pixels, expected)
    for cut in range(3, 60):
        for data in (whole[:-cut], whole[:-cut] + bytes(3000)):
            with pytest.raises(ImageError, match=r"^x: is (truncated|damaged)"):
                decode(data, name="x")


def test_progressive_jpeg_that_ends_between_two_scans_is_truncated():
    whole = saved(Image.fromarray(photo()), "JPEG", progressive=True)
    scans = [match.start() for match in re.finditer(b"\xff\xda", whole)]
    assert len(scans) > 5
    for at in scans[1:]:
        with pytest.raises(ImageError, match=r"^x: is truncated\."):
            decode(whole[:at], name="x")


def test_cmyk_jpeg_without_its_end_marker():
    whole = saved(Image.fromarray(photo()).convert("CMYK"), "JPEG")
    assert np.array_equal(decode(whole[:-2]).pixels, decode(whole).pixels)
    with pytest.raises(ImageError, match=r"^x: is truncated\."):
        decode(whole[:-40], name="x")
