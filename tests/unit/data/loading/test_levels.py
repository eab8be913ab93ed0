"""One white level for a data set's deep images."""

import numpy as np
import pytest
from PIL import Image
from tests.tiffs import nodata, tiff

from foveal.data.formats.read import read
from foveal.data.loading.levels import learn_levels
from foveal.types.reading import AS_STORED, Reading


@pytest.fixture
def frames(tmp_path):
    """Twelve frames of a 12-bit camera, bright and dark, in 16-bit files; one has a hot pixel."""
    for number in range(12):
        folder = tmp_path / "ab"[number % 2]
        folder.mkdir(exist_ok=True)
        frame = np.tile(np.linspace(0, 4000 if number % 3 == 0 else 500, 80).astype(np.uint16), (60, 1))
        frame[5, 5] = 65535 if number == 4 else 0
        Image.fromarray(frame).save(folder / f"{number}.png")
    return tmp_path


def test_one_level_for_dark_and_bright_frames_and_a_hot_pixel(frames):
    levels = learn_levels(read(frames), AS_STORED)
    assert (levels.black, levels.white, levels.images) == (0, 4095, 12)
    assert levels.text == "white 4,095 (99.9 % of the values of 12 images)"


def test_no_level_without_deep_images(frames, squares):
    assert learn_levels(read(squares), AS_STORED) is None


def test_deep_images_among_others_are_found(frames):
    for number in range(40):
        Image.new("RGB", (20, 20)).save(frames / "a" / f"x{number}.png")
        Image.new("RGB", (20, 20)).save(frames / "a" / f"y{number}.jpg")
    assert learn_levels(read(frames), AS_STORED).white == 4095


def test_temperatures_bands_and_nodata(tmp_path):
    for number in range(4):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        values = np.zeros((30, 40, 5), np.float32)
        values[..., 3] = np.linspace(-20, 40, 1200).reshape(30, 40)
        values[:8, :, 3] = -9999
        (tmp_path / "ab"[number % 2] / f"{number}.tif").write_bytes(tiff(values, extra=[0] * 4, tags=[nodata("-9999")]))
    levels = learn_levels(read(tmp_path), Reading(bands=(4,)))
    assert -5 < levels.black < -3 and 39.5 < levels.white <= 40
    assert learn_levels(read(tmp_path), Reading(black=0.0, bands=(4,))).white == 255
