"""One door for every data set: look at it, then read it."""

from pathlib import Path
from typing import Literal

from foveal.data.catalog import Catalog
from foveal.data.formats import image_folder, table
from foveal.errors import DataError
from foveal.types.categories import Categories

Format = Literal["auto", "image_folder", "table"]
READERS = {image_folder.NAME: image_folder.read, table.NAME: table.read}


def read(path: str | Path, *, format: Format = "auto", categories: Categories | None = None) -> Catalog:  # noqa: A002
    """Read a data set.

    Args:
        path: A folder or a table.
        format: How it is laid out; auto looks.
        categories: A model's class map to enforce instead of the data set's own; some classes may then be missing.

    Raises:
        DataError: No such path, or its content cannot be used; the message says what and where.
        CategoryError: A class that the class map lacks.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder.", _suggestion(path))
    kind, where = recognise(path) if format == "auto" else (format, path)
    if kind == image_folder.NAME and not where.is_dir():
        raise DataError(
            f"{where} is a file, not an image folder.", "Give the folder, or the format 'table' for a table."
        )
    if kind == table.NAME and not where.is_file():
        raise DataError(f"{where} is a folder, not a table.", "Give the CSV or TSV file itself.")
    return READERS[kind](where, categories=categories)


def recognise(path: Path) -> tuple[str, Path]:
    """Name of the format, and the file or folder to read: a folder that holds one table and no classes is that table.

    Raises:
        DataError: An empty folder, or a file that is no table.
    """
    if path.is_file():
        if path.suffix.lower() not in table.SUFFIXES:
            raise DataError(
                f"{path} is neither a folder nor a table.", "Give a folder of class folders, or a .csv or .tsv."
            )
        return table.NAME, path
    entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
    if not entries:
        raise DataError(f"{path} is an empty folder.", "Give a folder with one sub-folder of pictures a class.")
    tables = [entry for entry in entries if entry.suffix.lower() in (".csv", ".tsv") and entry.is_file()]
    pictures_alone = {entry.name for entry in entries if entry.is_dir()} <= {table.IMAGES}
    if len(tables) == 1 and (pictures_alone or not image_folder.looks_like(path)):
        return table.NAME, tables[0]
    return image_folder.NAME, path


def _suggestion(path: Path) -> str:
    """The nearest existing parent, which shows where a path went wrong."""
    parent = next((p for p in path.absolute().parents if p.is_dir()), None)
    return f"The nearest folder that exists is {parent}." if parent else "Check the path."
