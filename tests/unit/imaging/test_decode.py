"""Every mode and every fault, from generated files."""

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import simplejpeg
from PIL import Image
from tests.scenes import exif, photo

from foveal.errors import ImageError
from foveal.imaging.decode import MAX_PIXELS, decode, kind_of, orient, read_header, read_size
from foveal.imaging.prepare import prepare
from foveal.types.input_spec import InputSpec

PALETTE = [255, 0, 0, 0, 255, 0, 0, 0, 255]


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(tag, body):
    return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))


def png(pixels, color_type, depth=16):
    """A PNG written by hand: Pillow writes no 16-bit colour."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


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


@pytest.mark.parametrize(
    ("size", "min_side", "expected"),
    [
        ((1000, 800), 0, (1000, 800)),
        ((1000, 800), 401, (1000, 800)),
        ((1000, 800), 400, (500, 400)),
        ((1000, 800), 200, (250, 200)),
        ((1003, 801), 100, (126, 101)),
        ((1000, 800), 10, (125, 100)),
        ((100, 80), 400, (100, 80)),
    ],
)
def test_scaled_jpeg_uses_powers_of_two_and_is_large_enough(size, min_side, expected):
    image = decode(saved(Image.fromarray(photo(*size)), "JPEG"), min_side=min_side)
    assert (image.pixels.shape[1], image.pixels.shape[0]) == expected
    assert min(image.pixels.shape[:2]) >= min(min_side, *size)
    assert image.size == size, "the full size, however small the pixels"


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_least_side_may_depend_on_the_size_as_seen(orientation):
    data, asked = saved(Image.fromarray(photo(1000, 800)), "JPEG", exif=exif(orientation)), []

    def min_side(width, height):
        asked.append((width, height))
        return 200

    image = decode(data, min_side=min_side)
    seen = (800, 1000) if orientation >= 5 else (1000, 800)
    assert asked == [seen] and image.size == seen
    assert image.pixels.shape == (seen[1] // 4, seen[0] // 4, 3)


@pytest.mark.parametrize("subsampling", [0, 2])
def test_network_sees_the_same_jpeg_through_simplejpeg_and_pillow(subsampling):
    spec = InputSpec(size=64, train_size=64)
    for seed in range(4):
        data = saved(Image.fromarray(photo(400, 300, seed)), "JPEG", quality=90, subsampling=subsampling)
        ours, _ = prepare(decode(data).pixels, spec)
        pillow, _ = prepare(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), spec)
        difference = np.abs(ours.astype(int) - pillow)
        assert difference.max() <= 2 and difference.mean() < 0.25


def test_network_sees_nearly_the_same_scaled_jpeg():
    spec = InputSpec(size=64, train_size=64)
    data = saved(Image.fromarray(photo(800, 600)), "JPEG", quality=90)
    scaled, _ = prepare(decode(data, min_side=spec.decode_side).pixels, spec)
    full, _ = prepare(decode(data).pixels, spec)
    difference = np.abs(scaled.astype(int) - full)
    assert difference.max() <= 8 and difference.mean() < 1


def test_progressive_jpeg():
    data = saved(Image.fromarray(photo()), "JPEG", progressive=True, quality=95)
    assert np.abs(decode(data).pixels.astype(int) - photo()).mean() < 2


def test_many_threads_agree():
    files = [saved(Image.fromarray(photo(seed=i)), f) for i in range(8) for f in ("JPEG", "PNG", "WEBP")]
    alone = [decode(data).pixels for data in files]
    with ThreadPoolExecutor(8) as pool:
        for again in pool.map(decode, files * 3, chunksize=1):
            assert any(np.array_equal(again.pixels, one) for one in alone)


JPEG = saved(Image.fromarray(photo()), "JPEG")
PNG = saved(Image.fromarray(photo()), "PNG")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.jpg: is empty (0 bytes)."),
        (b"hello, I am a text file", "x.jpg: is not an image (starts with b'hello, I am ')."),
        (JPEG[:-200], "x.jpg: is truncated."),
        (JPEG[:20], "x.jpg: is truncated: the JPEG ends before its frame header."),
        (PNG[: len(PNG) // 2], "x.jpg: is truncated."),
        (b"%PDF-1.7 ...", "x.jpg: is a PDF, which Foveal does not read."),
        (b"\0\0\0\x18ftypheic....", "x.jpg: is a HEIF image, which Foveal does not read."),
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


def test_zero_sized_jpeg():
    at = JPEG.index(b"\xff\xc0")
    with pytest.raises(ImageError) as caught:
        decode(JPEG[: at + 5] + b"\0\0" + JPEG[at + 7 :], name="zero.jpg")
    assert caught.value.what == "zero.jpg: has no pixels (96 x 0)."


def test_damaged_jpeg_is_an_error():
    at = len(JPEG) // 2
    with pytest.raises(ImageError, match=r"^noise\.jpg: is (damaged|truncated)"):
        decode(JPEG[:at] + bytes(range(200, 240)) * 3 + JPEG[at + 120 :], name="noise.jpg")


def test_harmless_padding_in_a_jpeg_is_accepted():
    assert np.array_equal(decode(JPEG[:-2] + b"\0\0\0" + JPEG[-2:]).pixels, simplejpeg.decode_jpeg(JPEG))


def bomb_png(side):
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


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
            assert caught.value.hint == "Shrink it or cut it into tiles."
    assert MAX_PIXELS == 10000**2


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
    data = saved(Image.fromarray(np.array([[np.nan, 1]], np.float32)), "TIFF")
    with pytest.raises(ImageError) as caught:
        decode(data, name="nan.tif")
    assert caught.value.what.startswith("nan.tif: ") and "not finite numbers" in caught.value.what


def test_kind_is_told_by_bytes():
    assert kind_of(JPEG[:16]) == "JPEG" and kind_of(PNG[:16]) == "PNG" and kind_of(b"hello") == ""
    assert np.array_equal(decode(PNG, name="misnamed.jpg").pixels, photo())


def test_pillows_globals_stay_as_they_are():
    before = Image.MAX_IMAGE_PIXELS, __import__("PIL.ImageFile").ImageFile.LOAD_TRUNCATED_IMAGES
    decode(PNG)
    assert before == (Image.MAX_IMAGE_PIXELS, __import__("PIL.ImageFile").ImageFile.LOAD_TRUNCATED_IMAGES)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_broken_exif_is_no_warning(kind):
    """Warnings are errors in tests; Pillow's names no file."""
    data = saved(Image.fromarray(photo()), kind, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert decode(data).pixels.shape == (64, 96, 3)
    assert read_header(data).height == 64
