"""Parquet and Arrow files, some rows at a time; needs the extra ``parquet``."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from foveal.errors import DataError, MissingExtraError

BATCH_ROWS = 64
"""Rows that are held in memory at a time: they may hold images."""


def rows_in(path: Path, columns: Callable[[Any], Sequence[str]]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The rows of a file, each with the schema of pyarrow.

    Args:
        path: The file.
        columns: The columns that are wanted of a schema.

    Raises:
        DataError: It cannot be read.
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError("read Parquet and Arrow files", "pyarrow", extra="parquet") from None
    try:
        for batch in _batches(path):
            for row in batch.select(columns(batch.schema)).to_pylist():
                yield batch.schema, row
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), "")[:120]
        raise DataError(f"{path}: cannot be read ({reason}).", "Download it again.") from None


def _batches(path: Path) -> Iterator[Any]:
    """The rows of a file, some at a time, as record batches of pyarrow."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix.lower() == ".parquet":
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(BATCH_ROWS)
        return
    with pa.memory_map(str(path)) as source:
        try:
            reader = pa.ipc.open_stream(source)
        except pa.ArrowInvalid:
            file = pa.ipc.open_file(source)
            reader = (file.get_batch(at) for at in range(file.num_record_batches))
        for batch in reader:
            yield from (batch.slice(at, BATCH_ROWS) for at in range(0, batch.num_rows, BATCH_ROWS))
