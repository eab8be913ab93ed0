"""Formats by their first bytes, and what is too large."""

import io
import struct
import sys

import numpy as np
import pytest
from PIL import Image
from tests.image_files import JPEG, PNG, bomb_png
from tests.profiles import ADOBE
from tests.scenes import photo

from foveal.errors import ImageError
from foveal.imaging.codecs.pillow import MAX_PIXELS, kind_of
from foveal.imaging.decode import decode
from foveal.imaging.header import read_size


def test_kind_is_told_by_bytes():
    assert kind_of(JPEG[:16]) == "JPEG" and kind_of(PNG[:16]) == "PNG" and kind_of(b"hello") == ""
    assert np.array_equal(decode(PNG, name="misnamed.jpg").pixels, photo())


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"])
def test_every_brand_of_heif_is_recognised(brand, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif.as_plugin", None)  # as where it is not installed
    with pytest.raises(ImageError) as caught:
        decode(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic", name="IMG.HEIC")
    assert caught.value.what == "IMG.HEIC: is a HEIF image, which needs pillow-heif."
    assert caught.value.hint == "Install it (pip install 'foveal[heic]'), or convert the image to JPEG or PNG."


@pytest.mark.parametrize("profile", [b"", ADOBE])
def test_heic_is_read_where_pillow_heif_is_installed(profile):
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(photo())).save(file, quality=95, icc_profile=profile or None)
    plain = decode(file.getvalue()).pixels if not profile else None
    assert plain is None or np.abs(plain.astype(int) - photo()).mean() < 4
    assert read_size(file.getvalue()) == (96, 64)


def test_decompression_bombs_are_refused_before_decoding(tmp_path):
    at = JPEG.index(b"\xff\xc0")
    huge = JPEG[: at + 5] + struct.pack(">HH", 30000, 30000) + JPEG[at + 9 :]
    for name, data in (("bomb.png", bomb_png(30000)), ("bomb.jpg", huge), ("slight.png", bomb_png(10001))):
        path = tmp_path / name
        path.write_bytes(data)
        side = 10001 if name == "slight.png" else 30000
        for read in (decode, read_size):
            with pytest.raises(ImageError) as caught:
                read(path)
            assert caught.value.what == f"{path}: is {side} x {side} pixels, over the limit of 100,000,000."
            assert caught.value.hint.startswith(
                "Detect and segment in it with --tile SIDE, which reads it part by part;"
            )
    assert MAX_PIXELS == 10000**2


def test_pillows_globals_stay_as_they_are():
    before = Image.MAX_IMAGE_PIXELS, __import__("PIL.ImageFile").ImageFile.LOAD_TRUNCATED_IMAGES
    decode(PNG)
    assert before == (Image.MAX_IMAGE_PIXELS, __import__("PIL.ImageFile").ImageFile.LOAD_TRUNCATED_IMAGES)
