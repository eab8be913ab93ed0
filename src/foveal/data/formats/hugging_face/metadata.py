"""The files that name images: metadata.jsonl, or metadata.parquet with the same columns."""

import json
from collections.abc import Generator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from foveal.data.formats import layout
from foveal.data.formats.hugging_face import rows as lines
from foveal.data.formats.hugging_face.features import classes_in, declared, named
from foveal.data.formats.hugging_face.parquet import rows_in
from foveal.data.formats.recognition.tree import Tree
from foveal.errors import DataError

METADATA = "metadata.jsonl"
PARQUET = ".parquet"
NAMES = (METADATA, "metadata.parquet")
DEPTH = 2
SAMPLE = 200
"""Rows that tell what there is."""


def files_of(tree: Tree) -> list[str]:
    """The metadata files of a data set, relative to its root."""
    if tree.labels is not None:
        if tree.labels.is_file():
            known = tree.labels.suffix.lower() in (".jsonl", PARQUET)
            return [layout.relative(tree.labels, tree.root)] if known else []
        below = Tree(tree.labels)
        return [layout.relative(below.path(name), tree.root) for name in files_of(below)]
    names = tree.texts(".jsonl", PARQUET, depth=DEPTH)
    called = [name for name in names if name.rpartition("/")[2].lower() in NAMES]
    return called or ([name for name in names if not name.lower().endswith(PARQUET)] if tree.file else [])


def rows_of(path: Path) -> Generator[tuple[int, dict[str, object]], None, None]:
    """Each row with its number.

    Args:
        path: The file.

    Raises:
        DataError: It cannot be read, or a line is no JSON object; the message names it.
        MissingExtraError: It is Parquet, and pyarrow is not installed.
    """
    if path.suffix.lower() != PARQUET:
        yield from lines.rows_of(path)
        return
    for number, (schema, row) in enumerate(rows_in(path, _all), 1):
        features = declared(schema.metadata or {})
        values = {key: named(value, features.get(key)) for key, value in row.items()}
        yield number, json.loads(json.dumps(values, default=str))


def sample_of(path: Path) -> list[dict[str, object]]:
    """The first rows, up to one that is invalid."""
    found: list[dict[str, object]] = []
    try:
        with closing(rows_of(path)) as rows:
            found.extend(row for _, row in islice(rows, SAMPLE))
    except DataError:
        pass
    return found


def names_in(path: Path) -> dict[str, str]:
    """The classes that a Parquet file declares, by id; empty where it does not."""
    if path.suffix.lower() != PARQUET:
        return {}
    schema, _ = next(rows_in(path, _all), (None, {}))
    names: list[str] = [] if schema is None else next(classes_in(declared(schema.metadata or {})), [])
    return {str(at): name for at, name in enumerate(names)}


def _all(schema: Any) -> list[str]:
    return list(schema.names)
