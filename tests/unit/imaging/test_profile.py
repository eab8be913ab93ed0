"""Embedded colour profiles become sRGB in every format and path."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms
from tests.profiles import ADOBE, P3, PROPHOTO
from tests.scenes import photo

from foveal.imaging.decode import decode, decode_image
from foveal.imaging.header import read_size
from foveal.imaging.profile import pixels_to_srgb, to_srgb

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
COLOURS = np.zeros((64, 96, 3), np.uint8)
COLOURS[:, :32], COLOURS[:, 32:64], COLOURS[:, 64:] = (220, 40, 30), (40, 180, 60), (240, 200, 170)


def coded(profile):
    """The colours as values of a profile."""
    source, target = (ImageCms.ImageCmsProfile(io.BytesIO(p)) for p in (SRGB, profile))
    return ImageCms.profileToProfile(Image.fromarray(COLOURS), source, target, outputMode="RGB")


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("profile", [ADOBE, P3, PROPHOTO], ids=["adobe", "p3", "prophoto"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_colours_are_those_that_a_viewer_shows(kind, profile):
    options = {"quality": 98, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    image = coded(profile)
    assert np.abs(np.asarray(image).astype(int) - COLOURS).max() > 10, "as stored they differ"
    pixels = decode(saved(image, kind, icc_profile=profile, **options)).pixels
    assert np.abs(pixels[32, [16, 48, 80]].astype(int) - COLOURS[32, [16, 48, 80]]).max() <= 5


def test_transparent_and_palette_images():
    rgba = coded(ADOBE).convert("RGBA")
    assert np.abs(decode(saved(rgba, "PNG", icc_profile=ADOBE)).pixels.astype(int) - COLOURS).max() <= 3
    palette = coded(ADOBE).quantize(8)
    assert np.abs(decode(saved(palette, "PNG", icc_profile=ADOBE)).pixels.astype(int) - COLOURS).max() <= 4


def test_small_scaled_jpeg_and_open_image():
    image = coded(ADOBE).resize((960, 640))
    data = saved(image, "JPEG", quality=95, icc_profile=ADOBE)
    assert np.abs(decode(data, min_side=64).pixels[40, 20].astype(int) - COLOURS[0, 0]).max() <= 4
    with Image.open(io.BytesIO(data)) as opened:
        assert np.abs(decode_image(opened).pixels[300, 100].astype(int) - COLOURS[0, 0]).max() <= 4


def test_profile_of_another_colour_space_is_ignored():
    gray = Image.fromarray(photo()[..., 0])
    assert np.array_equal(decode(saved(gray, "PNG", icc_profile=ADOBE)).pixels[..., 0], np.asarray(gray))
    assert np.array_equal(decode(saved(gray, "JPEG", icc_profile=ADOBE)).pixels, decode(saved(gray, "JPEG")).pixels)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("profile", [SRGB, b"no profile", ADOBE[:200], SRGB[:-40]], ids=["srgb", "junk", "cut", "end"])
def test_srgb_and_broken_profiles_change_no_bit(kind, profile):
    image = Image.fromarray(photo())
    plain, tagged = saved(image, kind), saved(image, kind, icc_profile=profile)
    assert tagged != plain
    assert np.array_equal(decode(tagged).pixels, decode(plain).pixels)
    assert read_size(tagged) == (96, 64)


def test_profile_in_several_segments_of_a_jpeg():
    padded = ADOBE + bytes(150_000)  # a profile may be longer than its table says
    data = saved(coded(ADOBE), "JPEG", quality=98, subsampling=0, icc_profile=padded)
    assert data.count(b"ICC_PROFILE\0") == 3
    assert np.abs(decode(data).pixels[32, 16].astype(int) - COLOURS[0, 0]).max() <= 3
    missing = data.replace(b"ICC_PROFILE\0\x02\x03", b"ICC_PROFILE\0\x09\x03")
    assert np.array_equal(decode(missing).pixels, decode(saved(coded(ADOBE), "JPEG", quality=98, subsampling=0)).pixels)


def test_pixels_are_the_same_array_where_nothing_changes():
    pixels = photo()
    assert pixels_to_srgb(pixels, b"") is pixels and pixels_to_srgb(pixels, SRGB) is pixels
    image = Image.fromarray(pixels)
    assert to_srgb(image, SRGB) is image
