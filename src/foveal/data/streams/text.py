"""Text files, as streams of characters or bytes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from foveal.data.streams.stream import Piece, Stream
from foveal.errors import DataError
from foveal.types.streams.text_spec import TextSpec

SUFFIX = ".txt"
IMAGE_LISTS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
"""Endings of the first line of a list of images, which is no text to learn."""


def is_text(path: Path) -> bool:
    """Whether a path is a text file, or a folder that holds text files and nothing else."""
    if path.is_dir():
        return _holds_text_alone(path)
    if path.suffix.lower() != SUFFIX or not path.is_file():
        return False
    with path.open("rb") as file:
        return not file.readline(4096).strip().lower().endswith(tuple(end.encode() for end in IMAGE_LISTS))


def read_text(path: Path, unit: Literal["character", "byte"], spec: TextSpec | None = None) -> Stream:
    """Read a text file, or every one of a folder.

    Args:
        path: The file or folder.
        unit: Characters or bytes.
        spec: The alphabet of a model; None: that of the text.

    Raises:
        DataError: No text files, an empty one, one that is not UTF-8, or characters that ``spec`` lacks.
    """
    files = [path] if not path.is_dir() else [file for file in _files(path) if file.suffix.lower() == SUFFIX]
    if not files:
        raise DataError(f"{path}: holds no {SUFFIX} files.", f"Name a {SUFFIX} file, or a folder of them.")
    texts = {file: _read(file) for file in files}
    if not any(texts.values()):
        raise DataError(f"{files[0]}: the file is empty.", "Name a file with text in it.")
    known = TextSpec.of("".join(texts.values()), unit) if spec is None else spec
    names = {file: file.name if file == path else file.relative_to(path).as_posix() for file in files}
    pieces = [Piece(names[file], known.encode(text, where=str(file))) for file, text in texts.items() if text]
    empty = [names[file] for file, text in texts.items() if not text]
    notes = (f"{', '.join(empty)}: empty, left out",) if empty else ()
    return Stream(path, known, tuple(pieces), notes)


def _holds_text_alone(folder: Path) -> bool:
    """Looks no further than the first other file: a folder of images is not walked."""
    found = False
    for _, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                if not name.lower().endswith(SUFFIX):
                    return False
                found = True
    return found


def _files(folder: Path) -> Iterator[Path]:
    """Files that are not hidden, in the order of their names."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts):
            yield file


def _read(file: Path) -> str:
    """The text with line breaks as they are, without a byte order mark."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}).", "Check the path and its permissions.") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{file}: not UTF-8 text (byte {error.start + 1:,}, in line {line:,}).",
            f"Convert it, such as: iconv -f latin1 -t utf-8 {file.name} > utf8.txt",
        ) from None
