"""Images that training would stumble over are named before it starts."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.scenes import photo, write_squares

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.split import with_splits
from foveal.data.formats.read import read
from foveal.data.inspection.preflight import check_readable
from foveal.errors import DataError, ImageError
from foveal.imaging import integrity as ends
from foveal.imaging.integrity import check_image


def split(folder: Path) -> Catalog:
    return with_splits(read(folder), val_fraction=0.2, seed=0)


def saved(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(photo()).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("seed", range(4))
def test_one_image_keeps_its_own_message(tmp_path: Path, seed: int) -> None:
    data = write_squares(tmp_path / "my squares")
    bad = data / "class1" / "note.jpg"
    bad.write_text("hello")
    catalog = with_splits(read(data), val_fraction=0.2, seed=seed)
    with pytest.raises(DataError) as error:
        check_readable(catalog, path=str(data))
    assert error.value.what == f"{bad}: is not an image (starts with b'hello')."
    assert (
        error.value.hint
        == f"Replace or remove the file. `foveal data check '{data}'` decodes every image; --skip-bad leaves it out."
    )


def test_several_are_told_at_once(tmp_path: Path) -> None:
    data = write_squares(tmp_path / "squares")
    (data / "class0" / "a.jpg").write_bytes(b"")
    (data / "class0" / "b.jpg").write_bytes(saved("JPEG")[:900])
    Image.new("1", (30_000, 30_000)).save(data / "class1" / "c.png")
    for i in range(4):
        (data / "class2" / f"d{i}.png").write_bytes(b"hello")
    with pytest.raises(DataError) as error:
        check_readable(split(data), path="squares")
    assert error.value.what == (
        f"{data}: 7 images cannot be read: class0/a.jpg: is empty (0 bytes), class0/b.jpg: is truncated,"
        " class1/c.png: is 30000 x 30000 pixels, over the limit of 100,000,000, class2/d0.png: is not an image"
        " (starts with b'hello'), class2/d1.png: is not an image (starts with b'hello') and 2 more."
    )
    assert (
        error.value.hint
        == "Replace or remove the files; `foveal data check squares` lists all; --skip-bad leaves them out."
    )


def test_the_test_split_is_not_asked(tmp_path: Path) -> None:
    for name in ("train", "test"):
        write_squares(tmp_path / name)
    (tmp_path / "test" / "class0" / "bad.png").write_text("hello")
    check_readable(split(tmp_path), path="x")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.95])
def test_whole_files_pass_and_cut_ones_do_not(tmp_path: Path, kind: str, part: float) -> None:
    path, data = tmp_path / "image", saved(kind)
    path.write_bytes(data)
    check_image(path)
    path.write_bytes(data[: round(part * len(data))])
    with pytest.raises(ImageError, match=rf"{path}: is (truncated|damaged)"):
        check_image(path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_whole_file_is_not_decoded(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, decoded = tmp_path / "image", []
    monkeypatch.setattr(ends, "decode", lambda path, **_: decoded.append(path))
    for tail in (b"", b"\0" * 10, b"from a camera"):
        path.write_bytes(saved(kind) + tail)
        check_image(path)
    assert not decoded
    path.write_bytes(saved(kind) + b"\0" * 1000)
    check_image(path)
    assert decoded == [path]


@pytest.mark.parametrize("name", ["bccd", "camvid", "coco80", "flowers", "hymenoptera", "imagenette"])
def test_real_data_sets_pass(real_data: Path, name: str) -> None:
    catalog = split(real_data / name)
    check_readable(catalog.take(np.arange(0, len(catalog), 1 + len(catalog) // 200)), path=name)
