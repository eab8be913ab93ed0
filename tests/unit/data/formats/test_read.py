import numpy as np
import pytest
from PIL import Image

from foveal.data.formats.read import read
from foveal.errors import DataError


def test_a_named_format_is_looked_for_where_a_recognised_one_is(tmp_path):
    """A run records the format that was recognised, and is resumed with it."""
    for name in ("a/1", "a/2", "b/1", "b/2"):
        path = tmp_path / "outer" / "inner" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(path)
    first = read(tmp_path / "outer")
    again = read(tmp_path / "outer", format="image_folder")
    assert first.root == again.root == tmp_path / "outer" / "inner"
    assert first.fingerprint() == again.fingerprint()


def test_a_named_format_that_finds_nothing_says_why(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="has no images with masks"):
        read(tmp_path, format="mask_folder")


def test_files_beside_the_only_folder_are_told(make_tree, tmp_path):
    root = make_tree({"pets/cat/big": 1, "pets/dog/big": 1, "pets/dog": 1, "pets/cat": 2})
    (root / "sizes.csv").write_text("a,b\n1,2\n", "utf-8")
    assert "Not read: sizes.csv." in read(root).notes
