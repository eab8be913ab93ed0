"""Tables of rows: what a file format has to do, and JSON lines, which need no package."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from foveal.types.predictions.columns import Columns

Row = Mapping[str, object]
"""Plain values by column."""


class Rows(Protocol):
    """Takes the rows of a part."""

    def add(self, row: Row) -> None:
        """Append a row, which has every column."""
        ...

    def finish(self) -> bytes:
        """The content of the part's file."""
        ...


class Format(Protocol):
    """A file format of tables."""

    @property
    def suffix(self) -> str:
        """Of its files."""
        ...

    def encoder(self, columns: Columns) -> Rows:
        """Takes the rows of a part with these columns."""
        ...

    def join(self, parts: Iterable[Path], file: Path, columns: Columns, about: Mapping[str, str]) -> int:
        """Write one file of many, in bounded memory.

        Args:
            parts: Files of this format, in order.
            file: The file to write.
            columns: Of all of them.
            about: Notes that are kept in the file where the format has a place for them.

        Returns:
            The number of rows.
        """
        ...


class JsonLines:
    """The format of ``.jsonl`` files: a JSON object per row and line."""

    suffix = ".jsonl"

    def encoder(self, columns: Columns) -> "JsonRows":
        """Takes the rows of a part."""
        return JsonRows(columns)

    def join(self, parts: Iterable[Path], file: Path, columns: Columns, about: Mapping[str, str]) -> int:  # noqa: ARG002
        """One file after the other."""
        rows = 0
        with file.open("wb") as out:
            for part in parts:
                with part.open("rb") as lines:
                    rows += sum(1 for _ in lines)
                    lines.seek(0)
                    shutil.copyfileobj(lines, out)
        return rows


class JsonRows:
    """The rows of a part, as text."""

    def __init__(self, columns: Columns) -> None:
        self._columns, self._lines = tuple(columns), list[bytes]()

    def add(self, row: Row) -> None:
        """Append a row."""
        assert tuple(row) == self._columns, f"{tuple(row)} are not the columns {self._columns}"
        self._lines.append(json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n")

    def finish(self) -> bytes:
        """The lines."""
        return b"".join(self._lines)
