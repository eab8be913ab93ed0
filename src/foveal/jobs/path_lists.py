"""Lists of paths: a text file with one in each line, or the column ``path`` of a Parquet file."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from foveal.errors import DataError
from foveal.jobs.parquet import pyarrow

PARQUET = ".parquet"
COLUMN = "path"


def paths_of(name: str, *, note: Callable[[str], None]) -> Iterator[str]:
    """The paths of a list, in its order; blank lines do not count.

    Relative ones start from the current folder or, if the first is not found there but beside the list, from the
    list's folder.

    Args:
        name: The list.
        note: Called with what the user should know.

    Raises:
        DataError: The list cannot be read, or a Parquet file has no column of paths.
        MissingExtraError: It is a Parquet file and pyarrow is not installed.
    """
    beside: Path | None = None
    for place, path in enumerate(_parquet(name) if name.lower().endswith(PARQUET) else _lines(name)):
        if not place and not os.path.exists(path) and (Path(name).parent / path).exists():  # noqa: PTH110
            beside = Path(name).parent
            note(f"The paths of {name} start from its folder, {beside}.")
        yield path if beside is None else str(beside / path)


def _is_text(types: Any, kind: Any) -> bool:
    kind = kind.value_type if types.is_dictionary(kind) else kind
    return any(one(kind) for one in (types.is_string, types.is_large_string, types.is_string_view, types.is_null))


def _lines(name: str) -> Iterator[str]:
    try:
        with open(name, encoding="utf-8-sig", errors="surrogateescape") as file:  # noqa: PTH123
            for number, line in enumerate(file, start=1):
                if "\0" in line:
                    raise DataError(f"{name}:{number}: is not a line of text.", "A list has one path in each line.")
                if line.strip():
                    yield line.strip("\r\n")
    except OSError as error:
        raise DataError(
            f"{name}: this list of paths cannot be read ({error.strerror or error}).", "Check the path after the @."
        ) from None


def _parquet(name: str) -> Iterator[str]:
    arrow, parquet = pyarrow(f"read the paths in {name}")
    try:
        with parquet.ParquetFile(name) as file:
            if COLUMN not in file.schema_arrow.names:
                raise DataError(
                    f"{name}: has no column {COLUMN!r}, but {', '.join(file.schema_arrow.names) or 'none'}.",
                    f"Name the column of paths {COLUMN}.",
                )
            if not _is_text(arrow.types, kind := file.schema_arrow.field(COLUMN).type):
                raise DataError(f"{name}: the column {COLUMN!r} is of type {kind}, not text.", "Cast it to string.")
            row = 0
            for batch in file.iter_batches(4096, columns=[COLUMN]):
                for path in batch.column(0).to_pylist():
                    row += 1
                    if not path:
                        raise DataError(f"{name}: row {row:,} has no path.", "Fill it in, or leave out the row.")
                    yield path
    except (OSError, arrow.ArrowException) as error:
        raise DataError(f"{name}: is not a Parquet file that can be read ({error}).", "Write it again.") from None
