"""Parts of a large image are the parts of the whole one, in every format, layout and orientation."""

import io

import numpy as np
import pytest
from PIL import Image
from tests.profiles import ADOBE
from tests.scenes import exif, photo
from tests.tiffs import tiff

from foveal.errors import ImageError
from foveal.imaging import windows as module
from foveal.imaging.decode import decode
from foveal.imaging.prepare import prepare
from foveal.imaging.windows import check_size, open_windows
from foveal.types.input_spec import InputSpec
from foveal.types.reading import Reading

PHOTO = photo(130, 90)


def saved(mode, kind, **options):
    file = io.BytesIO()
    image = Image.fromarray(PHOTO)
    if mode == "I;16":
        image = Image.fromarray(PHOTO[..., 0].astype(np.uint16) * 16)
    (image if mode in ("RGB", "I;16") else image.convert(mode)).save(file, kind, **options)
    return file.getvalue()


FILES = {
    **{f"jpeg {o}": saved("RGB", "JPEG", exif=exif(o)) for o in (1, 3, 6)},
    **{f"png {o}": saved("RGB", "PNG", exif=exif(o)) for o in (1, 5, 8)},
    **{f"tiff {o}": saved("RGB", "TIFF", exif=exif(o), compression="tiff_lzw") for o in range(1, 9)},
    **{f"png {mode}": saved(mode, "PNG") for mode in ("1", "L", "P", "RGBA", "I;16")},
    **{f"tiff {mode}": saved(mode, "TIFF") for mode in ("1", "L", "P", "RGBA", "CMYK", "I;16")},
    "jpeg CMYK": saved("CMYK", "JPEG"),
    "jpeg gray": saved("L", "JPEG"),
    "jpeg profile": saved("RGB", "JPEG", icc_profile=ADOBE),
    "tiff profile": saved("RGB", "TIFF", icc_profile=ADOBE),
    "webp": saved("RGB", "WEBP"),
    "jpeg in tiff": saved("RGB", "TIFF", compression="jpeg"),
    "tiles": tiff(PHOTO, photometric=2, tile=(48, 32)),
    "tiles, packed": tiff(PHOTO, photometric=2, tile=(48, 32), compression=8, predictor=2),
    "planes": tiff(PHOTO, photometric=2, planar=True, rows=7),
    "16 bits": tiff(PHOTO.astype("u2") * 16, photometric=2, rows=16, compression=5, order=">"),
    "five bands": tiff(np.dstack([PHOTO, PHOTO[..., :2]]), rows=16, compression=8),
}


@pytest.mark.parametrize("name", FILES)
def test_parts_and_the_whole(name, monkeypatch):
    monkeypatch.setattr(module, "STRIP_PIXELS", 1300)  # ten rows
    data, reading = FILES[name], Reading(bands=(3, 2, 1) if name == "five bands" else ())
    whole = decode(data, reading=reading).pixels
    height, width = whole.shape[:2]
    with open_windows(data, reading=reading) as windows:
        assert windows.size == (width, height)
        for box in ((0, 0, width, height), (10, 5, 60, 70), (width - 33, height - 21, width, height), (47, 31, 49, 33)):
            x1, y1, x2, y2 = box
            part = windows.crop(box)
            assert np.array_equal(part, whole[y1:y2, x1:x2]) and part.flags.c_contiguous
        for fit in ("crop", "letterbox"):
            spec = InputSpec(size=64, train_size=64, fit=fit)
            for flipped in (False, True):
                pixels, geometry = prepare(np.ascontiguousarray(whole[:, ::-1]) if flipped else whole, spec)
                ours, placed = windows.prepare(spec, flipped=flipped)
                assert np.array_equal(ours, pixels) and placed == geometry


def test_truncated_files_are_refused(tmp_path):
    for name in ("jpeg 1", "png 1", "tiles", "tiles, packed"):
        path = tmp_path / "x"
        path.write_bytes(FILES[name][:-1500])
        with pytest.raises(ImageError, match=r"/x: is (truncated|damaged)"), open_windows(path) as windows:
            windows.crop((0, 0, *windows.size))


def test_a_level_is_guessed_once_for_all_parts():
    ramp = tiff((np.arange(130 * 90) % 4000).reshape(90, 130).astype("u2"), rows=10)
    with open_windows(ramp) as windows:
        assert windows.guessed == 4095
    with open_windows(ramp, reading=Reading(white=8190)) as windows:
        assert windows.guessed is None and windows.crop((0, 0, 130, 90)).max() <= 128


def test_limits():
    check_size(40_000, 50_000, "x")
    with pytest.raises(ImageError) as caught:
        check_size(40_001, 50_000, "x")
    assert caught.value.what == "x: is 40001 x 50000 pixels, over the limit of 2,000,000,000 with --tile."


def test_scratch_that_does_not_fit_is_told(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "posix_fallocate", full)
    with pytest.raises(ImageError) as caught:
        open_windows(FILES["jpeg 1"], name="x.jpg")
    assert caught.value.reason.endswith("to be read part by part (No space left on device)")
    assert caught.value.hint == "Set TMPDIR to a folder with more room."
