"""One image in every form that people hold it in gives the same pixels, or is refused in words."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import foveal
from foveal.errors import ConfigError, FovealError, ImageError
from foveal.inference.images import is_one, read_image, readable

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_encoded_images(file: Path) -> None:
    content = file.read_bytes()
    halfway = io.BytesIO(content)
    halfway.seek(50)
    with file.open("rb") as stream:
        for source in (content, bytearray(content), memoryview(content), io.BytesIO(content), halfway, stream, file):
            assert is_one(source)
            assert np.array_equal(read_image(source), PIXELS), type(source)


@pytest.mark.parametrize(
    "source",
    [
        PIXELS,
        PIXELS / 255,
        (PIXELS / 255).astype(np.float32),
        np.asfortranarray(PIXELS),
        np.dstack([PIXELS, np.full((12, 20), 255, np.uint8)]),
        torch.from_numpy(PIXELS).permute(2, 0, 1),
        torch.from_numpy(PIXELS / 255).permute(2, 0, 1).requires_grad_(),
        (torch.from_numpy(PIXELS).permute(2, 0, 1) / 255).to(torch.float32),
    ],
    ids=["uint8", "float64", "float32", "fortran", "alpha", "tensor", "tensor with gradient", "float tensor"],
)
def test_arrays_and_tensors(source: Any) -> None:
    assert is_one(source)
    assert np.array_equal(read_image(source), PIXELS)


def test_gray_and_see_through() -> None:
    gray = PIXELS[:, :, 0]
    for source in (gray, gray[:, :, None], torch.from_numpy(gray), torch.from_numpy(gray)[None]):
        assert np.array_equal(read_image(source), np.dstack([gray] * 3))
    clear = np.dstack([PIXELS, np.zeros((12, 20), np.uint8)])
    assert (read_image(clear) == 255).all(), "as Pillow's images are: on white"


def test_blue_green_red() -> None:
    swapped = np.ascontiguousarray(PIXELS[:, :, ::-1])
    assert np.array_equal(read_image(readable(swapped, bgr=True)), PIXELS)
    assert np.array_equal(read_image(readable(torch.from_numpy(swapped).permute(2, 0, 1), bgr=True)), PIXELS)
    assert np.array_equal(read_image(readable(Image.fromarray(PIXELS), bgr=True)), PIXELS), "it knows its own order"


@pytest.mark.parametrize(
    ("source", "what", "hint"),
    [
        (PIXELS.astype(np.float32), "has values of 0 to 255 in float32", "undo any normalisation"),
        (PIXELS / 255 - 0.5, "in float64", "Pass floats in 0 to 1"),
        (np.full((4, 4, 3), np.nan), "has values of nan to nan", "Pass floats in 0 to 1"),
        (PIXELS.astype(np.int64), "has type int64", "Pass uint8 in 0 to 255"),
        (PIXELS > 9, "has type bool", "Pass uint8 in 0 to 255"),
        (PIXELS[None], "has shape (1, 12, 20, 3)", "This is a batch"),
        (PIXELS.transpose(2, 0, 1), "has shape (3, 12, 20)", "Channels come last: pass array.transpose(1, 2, 0)."),
        (np.zeros((0, 3, 3), np.uint8), "has shape (0, 3, 3)", "Pass (height, width, 3)"),
        (torch.from_numpy(PIXELS)[None], "has shape (1, 12, 20, 3)", "This is a batch"),
        (torch.from_numpy(PIXELS), "has shape (12, 20, 3)", "Channels come first in a tensor"),
    ],
)
def test_refused_in_words(source: Any, what: str, hint: str) -> None:
    with pytest.raises(ImageError) as error:
        read_image(source)
    assert what in error.value.what and hint in error.value.hint


def test_no_image_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    with (tmp_path / "a.txt").open() as text, pytest.raises(ConfigError, match=r"a\.txt is open as text"):
        read_image(text)
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    with (tmp_path / "a.jpg").open(encoding="utf-8") as text, pytest.raises(ConfigError, match="open as text"):
        read_image(text)
    closed = io.BytesIO(b"GIF89a")
    closed.close()
    for file in (text, closed):
        with pytest.raises(ConfigError, match="is closed"):
            read_image(file)
    with pytest.raises(FovealError, match="empty"):
        read_image(io.BytesIO())
    with pytest.raises(ConfigError, match="Not an image: int"):
        read_image(7)  # type: ignore[arg-type]


def test_a_number_is_refused_with_crops_too(quick_run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Not an image: int"):
        foveal.predict(quick_run, 7, crops=tmp_path / "crops")  # type: ignore[call-overload]
