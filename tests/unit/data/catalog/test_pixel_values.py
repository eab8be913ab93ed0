"""Mask files that Pillow alone would refuse."""

import numpy as np
from PIL import Image, PngImagePlugin

from foveal.data.catalog.pixel_values import read_pixel_values


def test_a_mask_with_a_long_text_is_read(tmp_path):
    info = PngImagePlugin.PngInfo()
    info.add_text("workflow", "a" * 3_000_000, zip=True)
    values = np.arange(20, dtype=np.uint8).reshape(4, 5)
    Image.fromarray(values).save(tmp_path / "m.png", pnginfo=info)
    assert np.array_equal(read_pixel_values(tmp_path / "m.png").pixels, values)
