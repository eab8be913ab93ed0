"""Small text files as people have them: UTF-8, or UTF-16 with its mark; others are refused with encoding and place."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from foveal.errors import DataError

UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
GUESSES = {"gb2312": "GBK", "big5": "Big5", "shift_jis": "Shift JIS", "euc_kr": "EUC-KR"}
"""Encodings that reject most texts of other ones, likeliest first, and what people call them."""


def read_text(file: Path) -> str:
    """The content of a text file.

    Raises:
        DataError: It cannot be read, or is not UTF-8; the message has the place and the likely encoding.
    """
    try:
        return decode(file.read_bytes())
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    except ValueError as error:
        raise DataError(f"{file}: {error}.", "Save it as UTF-8.") from None


def decode(content: bytes) -> str:
    """Bytes as text.

    Raises:
        ValueError: They are not UTF-8; the message has the place and the likely encoding.
    """
    try:
        if content.startswith(UTF_16_MARKS):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(not_utf8(content, error)) from None


def not_utf8(content: bytes, error: UnicodeDecodeError) -> str:
    """What is wrong with bytes that should be UTF-8: the place, and the encoding that they could be in."""
    before = content[: error.start]
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode("utf-8", errors="replace")) + 1
    place = f"line {line}, column {column}: byte 0x{content[error.start]:02x}"
    return f"not UTF-8 text ({place}; it could be {_guess(content)})"


def _guess(content: bytes) -> str:
    for codec, title in GUESSES.items():
        try:
            content.decode(codec)
        except UnicodeDecodeError:
            continue
        return title
    return "Latin-1, or no text"


def numbered_lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file that are not blank, counted from 1; none where there is no such file.

    Raises:
        DataError: It cannot be read.
    """
    if file.exists():
        yield from ((at, line) for at, line in enumerate(read_text(file).splitlines(), 1) if line.strip())
