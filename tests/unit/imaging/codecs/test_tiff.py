"""TIFF files of many bands and unusual depths: the chosen bands, or a refusal in words."""

import io

import numpy as np
import pytest
from PIL import Image
from tests.tiffs import nodata, tiff

from foveal.errors import ImageError
from foveal.imaging.decode import decode, read_deep
from foveal.imaging.header import read_header
from foveal.types.reading import Reading

EIGHT = np.random.default_rng(0).integers(0, 256, (21, 34, 8), dtype=np.uint8)
NEAR_INFRARED = Reading(bands=(4, 3, 2))


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [1, 5, 8])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("shape", [{}, {"rows": 8}, {"tile": (16, 16)}])
def test_chosen_bands_of_every_layout(dtype, order, compression, planar, shape):
    values = EIGHT.astype(dtype) * {"u1": 1, "u2": 257}.get(dtype, 1)
    values = (values / 255).astype(dtype) if dtype[0] == "f" else values.astype(dtype)
    for predictor in (1,) if compression == 1 else (1, 3) if dtype[0] == "f" else (1, 2):
        data = tiff(values, planar=planar, compression=compression, predictor=predictor, order=order, **shape)
        pixels = decode(data, reading=NEAR_INFRARED).pixels
        assert np.array_equal(pixels, EIGHT[..., [3, 2, 1]])
        assert pixels.dtype == np.uint8 and pixels.flags.c_contiguous


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (tiff(EIGHT, photometric=2, extra=[0] * 5), "TIFF colour of 8 bands"),
        (tiff(EIGHT.astype("u2") * 257, photometric=2, extra=[0] * 5), "TIFF deep of 8 bands"),
        (tiff((EIGHT[..., :3] / 255).astype("f4"), photometric=2), "TIFF deep"),
        (tiff(EIGHT[..., :3].astype("u2") * 257, photometric=2, planar=True), "TIFF deep"),
        (tiff(EIGHT[..., :4].astype("u2") * 257, photometric=2, extra=[0]), "TIFF deep"),
        (tiff(EIGHT[..., :4], photometric=2, extra=[0]), "TIFF colour"),
    ],
)
def test_first_three_bands_where_the_file_says_rgb(data, header):
    assert np.array_equal(decode(data).pixels, EIGHT[..., :3])
    assert read_header(data).text == header


@pytest.mark.parametrize("planar", [False, True])
def test_transparency_of_16_bits_is_laid_on_white(planar):
    values = EIGHT[..., :4].astype("u2") * 257
    values[..., 3] = 0
    assert (decode(tiff(values, photometric=2, extra=[2], planar=planar)).pixels == 255).all()


@pytest.mark.parametrize(
    ("data", "reading", "reason"),
    [
        (tiff(EIGHT[..., :4], extra=[0, 0, 0]), Reading(), "has 4 bands; Foveal reads gray, RGB and RGBA"),
        (tiff(EIGHT[..., :2], extra=[0]), Reading(), "has 2 bands; Foveal reads gray, RGB and RGBA"),
        (tiff(EIGHT), Reading(bands=(9, 1, 1)), "has 8 bands, and the bands 9,1,1 are read"),
        (tiff(EIGHT[..., 0]), NEAR_INFRARED, "has 1 band, and the bands 4,3,2 are read"),
        (tiff(EIGHT)[:3000], NEAR_INFRARED, "is truncated"),
        (tiff(EIGHT, compression=8)[:-400], NEAR_INFRARED, "is truncated"),
        (tiff(EIGHT, compression=8, rows=8)[:-900], NEAR_INFRARED, "is truncated"),
        (tiff(EIGHT)[:60], NEAR_INFRARED, "is truncated"),
    ],
)
def test_refusals_in_words(data, reading, reason, capfd, recwarn):
    with pytest.raises(ImageError) as caught:
        decode(data, name="x.tif", reading=reading)
    assert caught.value.reason.startswith(reason)
    assert capfd.readouterr().err == "" and not recwarn.list, "and no line of Pillow's or libtiff's own"


def test_refusal_names_the_option():
    with pytest.raises(ImageError) as caught:
        decode(tiff(EIGHT[..., :4], extra=[0, 0, 0]))
    assert caught.value.hint == "Choose the bands to train with, such as --data.bands 4,3,2."


def test_damaged_lzw_is_an_error_without_noise(capfd):
    data = bytearray(tiff(EIGHT, compression=5))
    data[-2000:-1500] = bytes(range(250)) * 2
    with pytest.raises(ImageError, match=r"^x\.tif: is truncated or damaged"):
        decode(bytes(data), name="x.tif", reading=NEAR_INFRARED)
    assert capfd.readouterr().err == ""


def test_one_band_is_gray():
    pixels = decode(tiff(EIGHT), reading=Reading(bands=(5,))).pixels
    assert np.array_equal(pixels, np.repeat(EIGHT[..., 4:5], 3, axis=2))


def test_bands_of_ordinary_images():
    data = tiff(EIGHT[..., :3], photometric=2)
    assert np.array_equal(decode(data, reading=Reading(bands=(3, 2, 1))).pixels, EIGHT[..., 2::-1])
    assert np.array_equal(decode(data, reading=Reading(bands=(1, 2, 3))).pixels, EIGHT[..., :3])


def test_nodata_is_black_and_changes_no_level():
    values = EIGHT[..., 0].astype("u2") * 16
    values[:5] = 65535
    pixels = decode(tiff(values, tags=[nodata("65535")])).pixels[..., 0]
    assert (pixels[:5] == 0).all() and pixels[5:].max() >= 253
    height = EIGHT[..., 0].astype("f4") / 255
    height[:5] = -9999
    tagged, plain = (decode(tiff(height, tags=tags)).pixels[..., 0] for tags in ([nodata("-9999")], []))
    assert np.array_equal(tagged, plain), "the usual value needs no tag"
    assert (plain[:5] == 0).all() and np.array_equal(plain[5:], EIGHT[5:, :, 0])


def test_values_for_learning_levels():
    deep = read_deep(tiff(EIGHT.astype("u2"), tags=[nodata("7")]), reading=NEAR_INFRARED)
    assert deep is not None and deep.values.shape == (21, 34, 3)
    assert (deep.sample() != 7).all()
    assert read_deep(tiff(EIGHT[..., 0])) is None


def test_bands_of_a_tiff_that_holds_a_jpeg():
    file = io.BytesIO()
    Image.fromarray(EIGHT[..., :3]).save(file, "TIFF", compression="jpeg")
    plain = decode(file.getvalue()).pixels
    assert np.array_equal(decode(file.getvalue(), reading=Reading(bands=(3, 2, 1))).pixels, plain[..., ::-1])
