"""Limits and the API key."""

from pathlib import Path

import pytest

from foveal.errors import ConfigError
from foveal.serve.options import KEY_VARIABLE, ServeOptions, read_key


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_batch": 0}, "--max-batch 0 is not possible.\nUse --max-batch 1 to 1,024."),
        ({"timeout_s": 0}, "--timeout 0 is not possible.\nUse --timeout 0.01 to 3,600."),
        ({"max_pixels": 10**9}, "--max-pixels 1e+09 is not possible.\nUse --max-pixels 1 to 100,000,000."),
        (
            {"api_key": "long enough?"},
            "The API key has characters that no HTTP header can hold.\nUse letters and digits.",
        ),
    ],
)
def test_bounds(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        ServeOptions(**values)  # type: ignore[arg-type]
    assert str(error.value) == message


def test_a_short_key_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigError) as error:
        ServeOptions(api_key="sesame")
    assert "fewer than 8 characters" in error.value.what and "sesame" not in str(error.value)
    assert "open-sesame" not in repr(ServeOptions(api_key="open-sesame"))


def test_the_key_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("open-sesame\n")
    assert read_key(file, {KEY_VARIABLE: "other"}) == "open-sesame"
    assert read_key(None, {KEY_VARIABLE: " other "}) == "other"
    assert read_key(None, {}) == ""
    file.write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        read_key(file, {})
    with pytest.raises(ConfigError, match="cannot be read \\(No such file or directory\\)"):
        read_key(tmp_path / "none", {})


def test_a_request_never_has_more_images_than_the_queue_takes() -> None:
    assert ServeOptions(queue=8).most_images == 8
    assert ServeOptions(queue=500, max_images=3).most_images == 3
