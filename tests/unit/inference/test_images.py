"""An image is the same image as a file, as bytes and as a Pillow image."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.scenes import exif, photo
from tests.unit.inference.test_predictor import OneBox

from foveal.errors import ConfigError, ImageError
from foveal.imaging.codecs.pillow import MAX_PIXELS
from foveal.imaging.decode import decode
from foveal.inference.images import FORMS, decode_any, read_image
from foveal.inference.predictor import Predictor
from foveal.inference.views import Viewing, predict_views

RAMP = np.arange(96 * 64, dtype=np.uint16).reshape(64, 96)
COLOUR = Image.fromarray(photo())
VEIL = Image.fromarray(np.arange(96 * 64).reshape(64, 96).astype(np.uint8))


def veiled(mode: str) -> Image.Image:
    image = COLOUR.convert(mode)
    image.putalpha(VEIL)
    return image


IMAGES = {
    "RGB": (COLOUR, "PNG", {}),
    "L": (COLOUR.convert("L"), "PNG", {}),
    "1": (COLOUR.convert("1"), "PNG", {}),
    "P": (COLOUR.convert("P"), "PNG", {}),
    "RGBA": (veiled("RGB"), "PNG", {}),
    "LA": (veiled("L"), "PNG", {}),
    "palette with a transparent colour": (COLOUR.convert("P"), "PNG", {"transparency": 7}),
    "palette with a veil": (COLOUR.convert("P"), "PNG", {"transparency": bytes(range(256))}),
    "RGB with a transparent colour": (COLOUR, "PNG", {"transparency": tuple(photo()[0, 0].tolist())}),
    "12 bits in 16": (Image.fromarray(RAMP % 4096), "PNG", {}),
    "I;16": (Image.fromarray(RAMP * 10), "TIFF", {}),
    "I": (Image.fromarray(RAMP.astype(np.int32) * 30), "TIFF", {}),
    "F": (Image.fromarray((RAMP / RAMP.max()).astype(np.float32)), "TIFF", {}),
    "16-bit gray whose white is 0": (Image.fromarray(RAMP), "TIFF", {"tiffinfo": {262: 0}}),
    "GIF": (COLOUR.convert("P"), "GIF", {}),
    "WebP": (veiled("RGB"), "WEBP", {"lossless": True}),
    "CMYK": (COLOUR.convert("CMYK"), "JPEG", {}),
    "JPEG": (COLOUR, "JPEG", {"quality": 90}),
    **{f"JPEG turned, {n}": (COLOUR, "JPEG", {"exif": exif(n)}) for n in range(2, 9)},
    "PNG turned": (COLOUR, "PNG", {"exif": exif(6)}),
    "TIFF turned": (COLOUR, "TIFF", {"tiffinfo": {274: 6}}),
    "WebP turned": (COLOUR, "WEBP", {"lossless": True, "exif": exif(8)}),
}


@pytest.mark.parametrize("name", IMAGES)
def test_a_pillow_image_is_what_its_file_is(tmp_path: Path, name: str) -> None:
    image, kind, options = IMAGES[name]
    path = tmp_path / f"p.{kind.lower()}"
    image.save(path, kind, **options)
    expected = decode(path).pixels
    with Image.open(path) as opened:
        np.testing.assert_array_equal(read_image(opened), expected)
    with Image.open(io.BytesIO(path.read_bytes())) as opened:
        assert decode_any(opened).size == expected.shape[1::-1]
        np.testing.assert_array_equal(read_image(opened), expected, "and once more, loaded now")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_one_image_in_many_threads(kind: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(photo(400, 300)).save(buffer, kind)
    for _ in range(10):
        with Image.open(buffer) as image, ThreadPoolExecutor(4) as pool:
            first, *others = pool.map(read_image, [image] * 8)
        for other in others:
            np.testing.assert_array_equal(other, first)


def test_a_changed_image_counts_and_not_its_file(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    COLOUR.save(path)
    with Image.open(path) as image:
        image.paste((1, 2, 3), (0, 0, 96, 64))
        assert (read_image(image) == (1, 2, 3)).all()


def test_a_later_frame_counts_and_not_the_first(tmp_path: Path) -> None:
    path = tmp_path / "p.gif"
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with Image.open(path) as image:
        image.seek(1)
        assert (read_image(image) == (0, 0, 255)).all()


@pytest.mark.parametrize("source", [None, 5, 1.5, object()])
@pytest.mark.parametrize("viewing", [None, Viewing(flip=True)], ids=["once", "flipped"])
def test_what_is_no_image(source: object, viewing: Viewing | None) -> None:
    for given in (source, [source]):
        with pytest.raises(ConfigError) as error:
            predict_views(Predictor(OneBox()), given, viewing)  # type: ignore[arg-type]
        assert error.value.what == f"Not an image: {type(source).__name__}."
        assert error.value.hint == FORMS


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3), (5,), (5, 5, 2)])
def test_arrays_that_are_no_images(shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageError) as error:
        Predictor(OneBox()).predict(np.zeros(shape, np.uint8))
    assert error.value.what == f"array: has shape {shape}."


def test_images_that_are_no_images(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"image: has no pixels \(0 x 5\)"):
        read_image(Image.new("RGB", (0, 5)))
    with pytest.raises(ImageError, match="over the limit"):
        read_image(Image.new("1", (MAX_PIXELS // 1000, 1001)))
    path = tmp_path / "cut.jpg"
    COLOUR.save(path)
    path.write_bytes(path.read_bytes()[:700])
    with Image.open(path) as image, pytest.raises(ImageError, match=rf"{path}: is truncated"):
        read_image(image)
