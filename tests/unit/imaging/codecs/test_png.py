"""PNG files with long texts and large profiles."""

import zlib

import numpy as np
import pytest
from tests.image_files import PNG, chunk
from tests.scenes import photo

from foveal.errors import ImageError
from foveal.imaging.decode import decode
from foveal.imaging.header import read_size


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("where", ["before", "after"])
def test_png_with_a_long_text_is_read(packed, where):
    text = b"a" * 3_000_000
    extra = chunk(b"zTXt", b"w\0\0" + zlib.compress(text)) if packed else chunk(b"tEXt", b"w\0" + text)
    at = 33 if where == "before" else len(PNG) - 12
    data = PNG[:at] + extra + PNG[at:]
    assert np.array_equal(decode(data).pixels, photo())
    assert read_size(data) == (96, 64)
    with pytest.raises(ImageError, match=r"^x: is truncated\."):
        decode(data[: 33 + len(extra) + 60] if where == "before" else PNG[: len(PNG) // 2] + extra[:50], name="x")


def test_png_profile_that_is_a_decompression_bomb_is_refused():
    data = PNG[:33] + chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(20_000_000))) + PNG[33:]
    for read in (lambda: decode(data, name="image"), lambda: read_size(data)):
        with pytest.raises(ImageError) as caught:
            read()
        assert caught.value.what == "image: has a colour profile that unpacks to more than 16 MB, as no real one does."
