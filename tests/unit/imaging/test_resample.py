import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from foveal.imaging import resample as module
from foveal.imaging.resample import resample, resample_fast, resample_with_pillow, shrink

needs_resizer = pytest.mark.skipif(module._resizer is None, reason="no wheel of cykooz-resizer here")
SIDES = st.integers(1, 80)
UNIT = st.floats(0, 1)


def noise(width: int, height: int, *, seed: int = 0) -> np.ndarray:
    """Black or white in each channel: the sharpest edges there are."""
    return np.random.default_rng(seed).integers(0, 2, (height, width, 3), np.uint8) * 255


def apart(first: np.ndarray, second: np.ndarray) -> int:
    return int(np.abs(first.astype(int) - second).max())


@st.composite
def jobs(draw):
    """An image, a size and a box of positive extent inside the image."""
    width, height = draw(SIDES), draw(SIDES)
    left, top = draw(UNIT) * width * 0.9, draw(UNIT) * height * 0.9
    right, bottom = width - draw(UNIT) * (width - left) * 0.9, height - draw(UNIT) * (height - top) * 0.9
    return noise(width, height, seed=draw(st.integers(0, 9))), (draw(SIDES), draw(SIDES)), (left, top, right, bottom)


@needs_resizer
@given(jobs(), st.sampled_from(["bilinear", "bicubic"]))
@settings(max_examples=300)
def test_both_ways_agree_to_two_levels(job, interpolation):
    image, size, box = job
    fast = resample_fast(image, size, box, interpolation=interpolation)
    slow = resample_with_pillow(image, size, box, interpolation=interpolation)
    assert fast.shape == slow.shape == (size[1], size[0], 3)
    assert fast.dtype == slow.dtype == np.uint8
    assert apart(fast, slow) <= 2


@needs_resizer
@pytest.mark.parametrize("extensions", ["none", "sse4_1", "avx2"])
def test_every_processor_gives_the_same_bits(monkeypatch, extensions):
    from cykooz_resizer import CpuExtensions, Resizer

    if module._resizer is None or Resizer().cpu_extensions is not CpuExtensions.avx2:
        pytest.skip("this processor has no AVX2")
    image = noise(333, 250)
    expected = resample_fast(image, (224, 224), (20.8, 10.4, 312.2, 240.0), interpolation="bicubic")

    def plainer():
        resizer = Resizer()
        resizer.cpu_extensions = CpuExtensions[extensions]
        return resizer

    monkeypatch.setattr(module._resizer, "Resizer", plainer)
    again = resample_fast(image, (224, 224), (20.8, 10.4, 312.2, 240.0), interpolation="bicubic")
    np.testing.assert_array_equal(again, expected)


@given(jobs(), st.sampled_from(["bilinear", "bicubic"]))
def test_what_lies_out_of_reach_does_not_matter(job, interpolation):
    image, size, box = job
    expected = resample_with_pillow(image, size, box, interpolation=interpolation)
    assert apart(resample(image, size, box, interpolation=interpolation), expected) <= 2


def test_across_before_down_whatever_pillow_would_do():
    """On a tall image Pillow 13 goes down first, which differs by far more than rounding."""
    image = noise(100, 400)
    across = Image.fromarray(image).resize((32, 400), Image.Resampling.BICUBIC)
    expected = np.asarray(across.resize((32, 32), Image.Resampling.BICUBIC))
    down = Image.fromarray(image).resize((100, 32), Image.Resampling.BICUBIC)
    other = np.asarray(down.resize((32, 32), Image.Resampling.BICUBIC))
    found = resample(image, (32, 32), (0, 0, 100, 400), interpolation="bicubic")
    assert apart(found, expected) <= 2 < apart(found, other)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_the_same_size_is_the_same_image(interpolation):
    image = noise(37, 23)
    np.testing.assert_array_equal(resample(image, (37, 23), (0, 0, 37, 23), interpolation=interpolation), image)
    np.testing.assert_array_equal(
        resample(image, (10, 9), (5, 6, 15, 15), interpolation=interpolation), image[6:15, 5:15]
    )


def test_without_the_resizer_pillow_does_it(monkeypatch):
    image, box = noise(90, 60), (1.5, 2.5, 80.0, 60.0)
    usual = resample(image, (32, 24), box, interpolation="bicubic")
    monkeypatch.setattr(module, "_resizer", None)
    assert apart(resample(image, (32, 24), box, interpolation="bicubic"), usual) <= 2


@pytest.mark.parametrize(
    ("side", "size"), [(0, (90, 120)), (46, (90, 120)), (45, (45, 60)), (31, (45, 60)), (20, (23, 30))]
)
def test_shrinking_takes_means_over_whole_pixels_and_never_too_many(side, size):
    image = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    small = shrink(image, side)
    assert small.shape[:2] == size and small.flags.writeable
    if size == (45, 60):
        means = image.reshape(45, 2, 60, 2, 3).mean(axis=(1, 3))
        assert np.abs(small - means).max() <= 0.5
