"""EXIF orientation in every format, broken blocks included."""

import struct

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from tests.image_files import saved
from tests.scenes import exif, photo

from foveal.imaging.decode import decode
from foveal.imaging.header import read_size
from foveal.imaging.orientation import orient


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_all_orientations(tmp_path, kind, orientation):
    quadrants = np.zeros((32, 48, 3), np.uint8)
    quadrants[:16, :24], quadrants[:16, 24:], quadrants[16:, :24] = (240, 30, 30), (30, 240, 30), (30, 30, 240)
    path = tmp_path / "x"
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    path.write_bytes(saved(Image.fromarray(quadrants), kind, exif=exif(orientation), **options))
    upright = np.asarray(_pillow_upright(Image.fromarray(quadrants), orientation))
    image = decode(path)
    pixels = image.pixels
    assert pixels.flags.c_contiguous
    assert read_size(path) == image.size == (pixels.shape[1], pixels.shape[0])
    assert pixels.shape == upright.shape and np.abs(pixels.astype(int) - upright).mean() < 2


def _pillow_upright(image, orientation):
    how = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)
    return image if how is None else image.transpose(how)


def test_orient_is_a_permutation_of_pixels():
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    for orientation in range(1, 9):
        assert sorted(orient(pixels, orientation).ravel()) == list(range(18))


@pytest.mark.parametrize("byte_order", [">", "<"])
def test_big_and_little_endian_exif(byte_order):
    head = (b"MM" if byte_order == ">" else b"II") + struct.pack(byte_order + "HI", 42, 8)
    entry = struct.pack(byte_order + "HHHIHH", 1, 0x0112, 3, 1, 6, 0)
    body = b"Exif\0\0" + head + entry + b"\0\0\0\0"
    data = saved(Image.fromarray(photo()), "JPEG")
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    assert decode(data).pixels.shape == (96, 64, 3)


def test_broken_exif_costs_no_image():
    body = b"Exif\0\0II*\0\xff\xff\xff\xff"
    data = saved(Image.fromarray(photo()), "JPEG")
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    assert decode(data).pixels.shape == (64, 96, 3)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_broken_exif_is_silent(kind, recwarn, capfd):
    if kind == "TIFF":
        data = saved(Image.fromarray(photo()), "TIFF", tiffinfo={34665: 1 << 30})
    else:
        data = saved(Image.fromarray(photo()), kind, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f", lossless=True)
    assert np.array_equal(decode(data).pixels, photo())
    assert not recwarn.list and capfd.readouterr().err == ""


def test_exif_of_a_png_as_imagemagick_writes_it():
    block = exif(6).tobytes()
    text = f"\nexif\n{len(block):8}\n" + block.hex()
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type exif", text, zip=True)
    info.add_text("workflow", "a" * 2_000_000, zip=True)
    assert decode(saved(Image.fromarray(photo()), "PNG", pnginfo=info)).size == (64, 96)
