"""The text of a table: its encoding, its lines and its first rows."""

import codecs
import csv
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from foveal.errors import DataError
from foveal.imaging.suffixes import IMAGE_SUFFIXES

DELIMITERS = ",\t;"
PIPE = "|"
"""A delimiter where a line has no other; else between the labels of one image."""
BLANK = " "
"""Delimiter of lists of ``path label``, where a line has no other."""
SAMPLE_BYTES = 1 << 16
SAMPLE_ROWS = 1000
"""Rows that tell what the columns hold."""
UTF16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class Sample:
    """The beginning of a table.

    Attributes:
        rows: Its first rows, stripped, without empty ones; the header, if it has one, is the first.
        delimiter: Between fields.
    """

    rows: tuple[tuple[str, ...], ...]
    delimiter: str = ","

    @property
    def has_header(self) -> bool:
        """Whether the first row names the columns: no field of it is called as an image is."""
        return not any(map(is_image_name, self.rows[0])) if self.rows else False

    @property
    def titles(self) -> tuple[str, ...]:
        """Names of the columns; empty without a header."""
        return self.rows[0] if self.rows and self.has_header else ()

    def column(self, at: int) -> list[str]:
        """The values of a column that are not empty."""
        body = self.rows[1:] if self.has_header else self.rows
        return [row[at] for row in body if at < len(row) and row[at]]


def is_image_name(text: str) -> bool:
    """Whether a value ends as the name of an image does."""
    return text.lower().endswith(tuple(IMAGE_SUFFIXES))


def sample_of(path: Path) -> Sample:
    """The first rows.

    Raises:
        DataError: It cannot be read, or is not text in an encoding that is known.
    """
    size = 0
    lines: list[str] = []
    with closing(lines_of(path)) as every:
        for line in islice(every, SAMPLE_ROWS):
            lines.append(line)
            size += len(line)
            if size > SAMPLE_BYTES:
                break
    delimiter = _delimiter(next((line for line in lines if line.strip()), ""))
    try:
        rows = [
            tuple(field.strip() for field in row)
            for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        ]
    except csv.Error as error:
        raise DataError(f"{path}: {error}.", "Correct the table.") from None
    return Sample(tuple(row for row in rows if any(row)), delimiter)


def rows_of(path: Path, sample: Sample) -> Generator[tuple[int, list[str]], None, None]:
    """Each row below the header with the number of its line; fields as written.

    Raises:
        DataError: A row has fewer or more fields than the first, or is not text; it names the line.
    """
    width = len(sample.rows[0]) if sample.rows else 0
    waiting = sample.has_header
    with closing(lines_of(path)) as lines:
        reader = csv.reader(lines, delimiter=sample.delimiter, skipinitialspace=True)
        try:
            for fields in reader:
                if not fields or (len(fields[0]) < 2 and not any(map(str.strip, fields))):
                    continue
                if len(fields) != width:
                    under = "a header" if sample.has_header else "a first line"
                    raise DataError(
                        f"{path}, line {reader.line_num}: {len(fields)} fields under {under} of {width}.",
                        "Write as many fields as the header has; quote fields that contain the delimiter.",
                    )
                if waiting:
                    waiting = False
                    continue
                yield reader.line_num, fields
        except csv.Error as error:
            raise DataError(f"{path}, line {reader.line_num}: {error}.", "Correct the line.") from None


def lines_of(path: Path) -> Generator[str, None, None]:
    """The lines as text without a byte-order mark, decoded one by one so that an error has its line."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
            file.seek(0)
            wide = UTF16.get(start[:2]) or _wide(start)
            if wide:
                yield from _wide_lines(path, wide)
                return
            for number, line in enumerate(file, 1):
                try:
                    yield line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    raise DataError(
                        f"{path}, line {number}: byte {error.start + 1} (0x{line[error.start]:02x}) is not UTF-8 text.",
                        "Save the table as UTF-8.",
                    ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None


def _wide_lines(path: Path, encoding: str) -> Generator[str, None, None]:
    number = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            for line in file:
                yield line
                number += 1
    except UnicodeError:
        raise DataError(
            f"{path}, after line {number}: not UTF-16 text, as its beginning is.", "Save the table as UTF-8."
        ) from None


def _wide(start: bytes) -> str:
    """UTF-16 without a byte-order mark: every other byte of plain text is zero."""
    if len(start) < 4 or start.count(0) < 0.4 * len(start):
        return ""
    return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"


def _delimiter(line: str) -> str:
    """The most frequent delimiter in a line."""
    best = max(DELIMITERS, key=line.count)
    if line.count(best) or PIPE in line:
        return best if line.count(best) else PIPE
    first, _, rest = line.strip().partition(BLANK)
    return BLANK if is_image_name(first) and rest and BLANK not in rest else DELIMITERS[0]
