from pathlib import Path

import pytest

from foveal.config.files import read_config, read_recipe
from foveal.errors import ConfigError

TEXT = 'seed = 3  # 种子\n[model]\nbackbone = "conv4"\n'


def test_a_byte_order_mark_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT, "utf-8-sig")
    assert read_recipe(path) == {"seed": 3, "model": {"backbone": "conv4"}}
    assert read_config(path).seed == 3


@pytest.mark.parametrize("read", [read_recipe, read_config])
@pytest.mark.parametrize("encoding", ["gbk", "utf-16"])
def test_another_encoding_is_named(tmp_path: Path, read, encoding: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT, encoding)
    with pytest.raises(ConfigError) as error:
        read(path)
    assert error.value.what.startswith(f"{path}: not UTF-8 text (byte ")
    assert error.value.hint == "Save it as UTF-8."
