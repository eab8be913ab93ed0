"""Text files as streams."""

from pathlib import Path

import pytest

from foveal.data.streams.text import is_text, read_text
from foveal.errors import DataError
from foveal.types.streams.text_spec import TextSpec


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("second")
    (tmp_path / "a.txt").write_text("first\n")
    (tmp_path / "c.txt").write_text("")
    (tmp_path / ".hidden.txt").write_text("no")
    stream = read_text(tmp_path, "character")
    assert stream.spec.decode(stream.steps) == "first\nsecond"  # type: ignore[union-attr]
    assert stream.notes == ("c.txt: empty, left out",)
    train, held_out = stream.split(0.5)
    spec = stream.spec
    assert isinstance(spec, TextSpec)
    assert [spec.decode(piece.steps) for piece in train.pieces] == ["fir", "sec"]
    assert [spec.decode(piece.steps) for piece in held_out.pieces] == ["st\n", "ond"]
    assert spec.decode(held_out.pieces[1].context) == "sec" and held_out.pieces[1].first == 3
    assert held_out.locate(4) == (held_out.pieces[1], 1)


def test_what_is_text(tmp_path: Path) -> None:
    texts, images = tmp_path / "texts", tmp_path / "images"
    texts.mkdir(), images.mkdir()
    (texts / "a.txt").write_text("a")
    (images / "a.txt").write_text("0 0.5 0.5 1 1")
    (images / "a.jpg").write_bytes(b"")
    (tmp_path / "list.txt").write_text("images/a.jpg\nimages/b.jpg\n")
    assert is_text(texts) and is_text(texts / "a.txt")
    assert not is_text(images) and not is_text(tmp_path / "list.txt") and not is_text(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("content", "what", "hint"),
    [
        (b"", "{file}: the file is empty.", "Name a file with text in it."),
        (
            b"one\ncaf\xe9\n",
            "{file}: not UTF-8 text (byte 8, in line 2).",
            "Convert it, such as: iconv -f latin1 -t utf-8 a.txt > utf8.txt",
        ),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, content: bytes, what: str, hint: str) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_text(file, "character")
    assert (error.value.what, error.value.hint) == (what.format(file=file), hint)
