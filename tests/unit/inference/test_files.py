"""Which files a command's names lead to."""

from pathlib import Path

import pytest
from PIL import Image

from foveal.errors import DataError
from foveal.inference.files import find_images


def test_a_folder_is_no_image_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "x.png/inside.png", ".cache/c.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_images([str(tmp_path)])
    assert [p.relative_to(tmp_path).as_posix() for p in found] == ["a.jpg", "b.png", "x.png/inside.png"]


def test_each_file_comes_once_in_order(tmp_path: Path) -> None:
    for name in ("1.png", "2.png", "3.png"):
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    found = find_images([str(tmp_path / "3.png"), str(tmp_path / "[12].png"), str(tmp_path)])
    assert [p.name for p in found] == ["3.png", "1.png", "2.png"]


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [
        ("empty", "no images in this folder.", "Looked for"),
        ("absent.jpg", "no such file or folder.", "Check the path; quote patterns such as '*.jpg'."),
    ],
)
def test_names_that_lead_nowhere(tmp_path: Path, name: str, what: str, hint: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as error:
        find_images([str(tmp_path / name)])
    assert error.value.what == f"{tmp_path / name}: {what}" and error.value.hint.startswith(hint)
