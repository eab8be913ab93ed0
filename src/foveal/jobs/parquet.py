"""Tables as Parquet, by pyarrow, which is imported when it is needed."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from foveal.errors import MissingExtraError
from foveal.jobs.table import Row
from foveal.types.predictions.columns import Columns, ListOf, Shape

ROWS_AT_ONCE = 64
"""Rows that are plain Python values at a time; pyarrow's take a tenth of the memory."""
GROUP_ROWS, GROUP_BYTES = 1 << 16, 1 << 27
"""A row group of the joined file is full from either on: what a reader holds in memory at a time."""
CELLS = {"text": "string", "number": "float64", "whole": "int64", "flag": "bool_"}


class Parquet:
    """The format of ``.parquet`` files."""

    suffix = ".parquet"

    def __init__(self) -> None:
        self._arrow, self._parquet = pyarrow("write Parquet files")

    def encoder(self, columns: Columns) -> "ParquetRows":
        """Takes the rows of a part."""
        return ParquetRows(self._arrow, self._parquet, self._schema(columns))

    def join(self, parts: Iterable[Path], file: Path, columns: Columns, about: Mapping[str, str]) -> int:
        """One file of many, in large row groups."""
        arrow, rows, waiting, held = self._arrow, 0, [], 0
        schema = self._schema(columns).with_metadata({f"foveal.{name}": text for name, text in about.items()})
        with self._parquet.ParquetWriter(file, schema, compression="zstd") as writer:
            for part in parts:
                table = self._parquet.read_table(part, schema=self._schema(columns)).replace_schema_metadata(None)
                rows, held = rows + table.num_rows, held + table.nbytes
                waiting.append(table)
                if sum(one.num_rows for one in waiting) >= GROUP_ROWS or held >= GROUP_BYTES:
                    writer.write_table(arrow.concat_tables(waiting).cast(schema), row_group_size=GROUP_ROWS)
                    waiting, held = [], 0
            if waiting:
                writer.write_table(arrow.concat_tables(waiting).cast(schema), row_group_size=GROUP_ROWS)
        return rows

    def _schema(self, columns: Columns) -> Any:
        return self._arrow.schema([(name, self._type(shape)) for name, shape in columns.items()])

    def _type(self, shape: Shape) -> Any:
        match shape:
            case "rle":
                return self._type({"size": ListOf("whole"), "counts": "text"})
            case ListOf(inner):
                return self._arrow.list_(self._type(inner))
            case Mapping():
                return self._arrow.struct([(name, self._type(inner)) for name, inner in shape.items()])
        return getattr(self._arrow, CELLS[shape])()


class ParquetRows:
    """The rows of a part, in memory."""

    def __init__(self, arrow: Any, parquet: Any, schema: Any) -> None:
        self._arrow, self._schema, self._waiting = arrow, schema, list[Row]()
        self._buffer = arrow.BufferOutputStream()
        self._writer = parquet.ParquetWriter(self._buffer, schema, compression="zstd")
        self._batches: list[Any] = []

    def add(self, row: Row) -> None:
        """Append a row."""
        self._waiting.append(row)
        if len(self._waiting) == ROWS_AT_ONCE:
            self._pack()

    def finish(self) -> bytes:
        """The content of the file."""
        self._pack()
        self._writer.write_table(self._arrow.Table.from_batches(self._batches, self._schema))
        self._writer.close()
        return bytes(self._buffer.getvalue())

    def _pack(self) -> None:
        self._batches.append(self._arrow.RecordBatch.from_pylist(self._waiting, self._schema))
        self._waiting = []


def pyarrow(action: str) -> tuple[Any, Any]:
    """The packages pyarrow and pyarrow.parquet.

    Args:
        action: What they are needed for.

    Raises:
        MissingExtraError: They are not installed.
    """
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        error = MissingExtraError(action, "pyarrow")
        error.hint = "Install it with: pip install 'foveal[jobs]' or, for --out, name a .jsonl file."
        raise error from None
