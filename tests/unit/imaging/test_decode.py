"""Every mode and every fault, from generated files."""

import os
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from tests.image_files import JPEG, PNG, png, saved
from tests.scenes import photo

from foveal.errors import ImageError
from foveal.imaging import decode as module
from foveal.imaging.codecs import pillow
from foveal.imaging.codecs.pillow import TooLargeError
from foveal.imaging.decode import decode
from foveal.imaging.header import read_size

PALETTE = [255, 0, 0, 0, 255, 0, 0, 0, 255]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("1", (255, 255, 255)),
        ("L", (100, 100, 100)),
        ("RGB", (10, 20, 30)),
        ("RGBA", (10, 20, 30)),
        ("LA", (100, 100, 100)),
        ("P", (0, 255, 0)),
    ],
)
def test_png_modes(mode, expected):
    color = {"1": 1, "L": 100, "RGB": (10, 20, 30), "RGBA": (10, 20, 30, 255), "LA": (100, 255), "P": 1}[mode]
    image = Image.new(mode, (5, 3), color)
    if mode == "P":
        image.putpalette(PALETTE)
    pixels = decode(saved(image, "PNG")).pixels
    assert pixels.shape == (3, 5, 3) and pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    assert (pixels == expected).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode):
    color = (0, 0, 0, 128) if mode == "RGBA" else (0, 128)
    assert (decode(saved(Image.new(mode, (2, 2), color), "PNG")).pixels == 127).all()


def test_transparent_palette_is_laid_on_white():
    image = Image.new("P", (2, 1), 0)
    image.putpalette(PALETTE)
    image.putpixel((1, 0), 2)
    pixels = decode(saved(image, "PNG", transparency=0)).pixels
    assert pixels.tolist() == [[[255, 255, 255], [0, 0, 255]]]


def test_transparent_colour_of_rgb_png_is_laid_on_white():
    image = Image.new("RGB", (2, 1), (1, 2, 3))
    image.putpixel((1, 0), (9, 9, 9))
    assert decode(saved(image, "PNG", transparency=(1, 2, 3))).pixels.tolist() == [[[255] * 3, [9] * 3]]


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "WEBP", "PPM"])
def test_other_formats(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(decode(saved(Image.fromarray(photo()), kind, **options)).pixels, photo())


def test_cmyk_jpeg_with_adobes_inversion_equals_pillow():
    cmyk = Image.fromarray(photo()).convert("CMYK")
    data = saved(cmyk, "JPEG", quality=95)
    assert b"Adobe" in data
    assert np.abs(decode(data).pixels.astype(int) - photo()).mean() < 3


def test_gray_jpeg():
    pixels = decode(saved(Image.fromarray(photo()).convert("L"), "JPEG", quality=95)).pixels
    assert pixels.shape == (64, 96, 3) and (pixels[..., 0] == pixels[..., 2]).all()


def test_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    assert (decode(saved(frames[0], "GIF", save_all=True, append_images=frames[1:])).pixels == (255, 0, 0)).all()


RAMP = np.arange(0, 65536, 4, np.uint16).reshape(64, 256)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_gray_ramp_keeps_its_levels(kind):
    pixels = decode(saved(Image.fromarray(RAMP), kind)).pixels
    assert len(np.unique(pixels)) > 200
    assert np.abs(pixels[..., 0] - RAMP / 257).max() <= 0.51


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_lesser_depth_in_a_sixteen_bit_file_is_measured(bits):
    ramp = RAMP >> (16 - bits)
    pixels = decode(saved(Image.fromarray(ramp), "PNG")).pixels
    assert len(np.unique(pixels)) > 200
    assert pixels.max() == 255 and pixels.min() == 0


@pytest.mark.parametrize(("color_type", "channels"), [(2, 3), (4, 2), (6, 4)])
@pytest.mark.parametrize("bits", [12, 16])
def test_sixteen_bit_colour_png_keeps_all_its_bits(color_type, channels, bits):
    values = np.repeat((RAMP >> (16 - bits))[..., None], channels, axis=2)
    if channels in (2, 4):
        values[..., -1] = 65535
    pixels = decode(png(values, color_type)).pixels
    white = (1 << bits) - 1
    assert np.abs(pixels[..., 1] - values[..., 0] * (255 / white)).max() <= 0.51


def test_sixteen_bit_alpha_is_laid_on_white():
    values = np.zeros((2, 2, 4), np.uint16)
    assert (decode(png(values, 6)).pixels == 255).all()


def test_declared_depth_of_a_tiff_is_believed():
    image = Image.fromarray(np.full((4, 4), 300, np.uint16))
    assert (decode(saved(image, "TIFF", tiffinfo={281: 600})).pixels == 128).all()
    assert (decode(saved(image, "TIFF")).pixels == round(300 * 255 / 1023)).all()


def test_declared_depth_of_a_pgm_is_believed():
    assert (decode(b"P5 2 1 1023\n" + struct.pack(">HH", 100, 100)).pixels == 25).all()


def test_white_is_zero_tiff():
    image = Image.fromarray(np.array([[0, 65535]], np.uint16))
    assert decode(saved(image, "TIFF", tiffinfo={262: 0})).pixels[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0.0, 100.0, 255.0]], np.float32), [0, 100, 255]),
        (np.array([[-1.0, 0.0, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0, 35000, 70000]], np.int32), [0, 68, 136]),
        (np.array([[-500, 0, 500]], np.int32), [0, 128, 255]),
    ],
)
def test_float_and_32_bit_tiff(values, expected):
    assert decode(saved(Image.fromarray(values), "TIFF")).pixels[0, :, 0].tolist() == expected


def test_many_threads_agree():
    files = [saved(Image.fromarray(photo(seed=i)), f) for i in range(8) for f in ("JPEG", "PNG", "WEBP")]
    alone = [decode(data).pixels for data in files]
    with ThreadPoolExecutor(8) as pool:
        for again in pool.map(decode, files * 3, chunksize=1):
            assert any(np.array_equal(again.pixels, one) for one in alone)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.jpg: is empty (0 bytes)."),
        (b"hello, I am a text file", "x.jpg: is not an image (starts with b'hello, I am ')."),
        (JPEG[:-200], "x.jpg: is truncated."),
        (JPEG[:20], "x.jpg: is truncated: the JPEG ends before its frame header."),
        (PNG[: len(PNG) // 2], "x.jpg: is truncated."),
        (b"%PDF-1.7 ...", "x.jpg: is a PDF, which Foveal does not read."),
        (b"\0\0\0\x18ftypisom....", "x.jpg: is a video, not an image."),
        (b"\xff\x0a\0\0\0\0", "x.jpg: is a JPEG XL image, which Foveal does not read."),
        (b"MM\0+\0\x08\0\0", "x.jpg: is a big-endian BigTIFF, which Foveal does not read."),
        (png(np.zeros((0, 5, 3), np.uint8), 2, 8), "x.jpg: has no pixels, or a damaged header."),
        (b"BMW builds cars", None),
        (PNG[:16], None),
        (b"GIF89a", None),
        (b"P6 10 10 255\n123", None),
    ],
)
def test_faults_name_file_and_reason(tmp_path, data, message):
    path = tmp_path / "x.jpg"
    path.write_bytes(data)
    with pytest.raises(ImageError) as caught:
        decode(path)
    assert str(path) in caught.value.what
    assert message is None or caught.value.what == f"{tmp_path}/{message}"
    assert caught.value.hint


def test_missing_file_and_folder(tmp_path):
    for read in (decode, read_size):
        with pytest.raises(ImageError) as caught:
            read(tmp_path / "no.jpg")
        assert str(caught.value) == f"{tmp_path}/no.jpg: no such file.\nCheck the path."
        with pytest.raises(ImageError) as caught:
            read(tmp_path)
        assert str(caught.value) == f"{tmp_path}: is a folder, not an image.\nName a file."


def test_read_size_of_empty_file(tmp_path):
    (tmp_path / "e.png").touch()
    with pytest.raises(ImageError, match=r"e\.png: is empty \(0 bytes\)\."):
        read_size(tmp_path / "e.png")


def test_float_with_nan():
    def tiff(*values):
        return saved(Image.fromarray(np.array([values], np.float32)), "TIFF")

    assert decode(tiff(np.nan, 0.5, 1, np.inf, 1e38)).pixels[0, :, 0].tolist() == [0, 128, 255, 0, 0]
    with pytest.raises(ImageError) as caught:
        decode(tiff(np.nan, np.nan), name="nan.tif")
    assert "holds values that are not finite numbers, or nodata, and nothing else" in caught.value.what


def test_a_named_pipe_is_read_once(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(pipe.write_bytes, PNG)
        assert np.array_equal(decode(pipe).pixels, photo())
        written.result()


def test_a_large_tiff_is_not_read_before_its_size_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGE_FILE_BYTES", 100)
    path = tmp_path / "x.tif"
    path.write_bytes(saved(Image.fromarray(photo()), "TIFF"))
    assert np.array_equal(decode(path).pixels, photo())
    monkeypatch.setattr(pillow, "MAX_PIXELS", 100)
    with pytest.raises(TooLargeError, match="is 96 x 64 pixels, over the limit of 100"):
        decode(path)
