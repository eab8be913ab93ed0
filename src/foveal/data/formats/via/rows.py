"""VIA's CSV: a row for each region, of versions 1, 2 and 3."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from foveal.data.formats.listings.documents import items, mapping
from foveal.data.formats.via.files import File, Region, video
from foveal.errors import DataError

COLUMNS = ("filename", "region_shape_attributes", "region_attributes")
COLUMNS_3 = ("metadata_id", "file_list", "flags", "temporal_coordinates", "spatial_coordinates", "metadata")
MARK = "# CSV_HEADER = "
"""Before the header of version 3, which is a comment."""


@dataclass(frozen=True)
class Rows:
    """A table.

    Attributes:
        header: Names of the columns.
        rows: Line and values of each row.
    """

    header: list[str]
    rows: list[tuple[int, list[str]]]


def load_rows(path: Path) -> Rows:
    """Read a CSV file; an empty header: it is not VIA's.

    Raises:
        DataError: It cannot be read.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines(keepends=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text.", "Save it as UTF-8.") from None
    header = header_of("".join(lines[:20]))
    reader, rows = csv.reader(lines), []
    try:
        rows = [(reader.line_num, row) for row in reader if row and not row[0].startswith(("#", "filename"))]
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}.", "Correct the line.") from None
    return Rows(header, rows)


def header_of(head: str) -> list[str]:
    """The names of the columns; none: it is not VIA's."""
    for line in head.splitlines():
        if line.startswith(MARK):
            return line.removeprefix(MARK).strip().split(",")
        names = line.lstrip("#").strip().split(",")
        if {*COLUMNS} <= {*names}:
            return names
    return []


def files_of_rows(table: Rows, title: str) -> list[File] | None:
    """The files of a table; None: it is not VIA's.

    Raises:
        DataError: It annotates a video.
    """
    if not table.header:
        return None
    files: dict[str, File] = {}
    for line, row in table.rows:
        where = f"{title}, line {line}"
        values = dict(zip(table.header, row, strict=False))
        version_3 = "file_list" in table.header
        try:
            cells = {key: json.loads(text) if text[:1] in "[{" else text for key, text in values.items() if text}
        except (ValueError, RecursionError):
            cells = {}
        names = items(cells.get("file_list")) if version_3 else [values.get("filename", "")]
        if version_3 and items(cells.get("temporal_coordinates")):
            raise video(where)
        for name in names[:1] or [""]:
            file = files.setdefault(str(name), File(name, where))
            if not cells or len(row) != len(table.header):
                file.faults.append(
                    (where, f"{len(row)} values that are not all valid, under a header of {len(table.header)}")
                )
                continue
            given = cells.get("spatial_coordinates" if version_3 else "region_shape_attributes")
            own = mapping(cells.get("metadata" if version_3 else "region_attributes"))
            file.attributes.update(mapping(cells.get("file_attributes")))
            if given:
                file.regions.append(Region(where, own, f"{given}", given))
            elif version_3:
                file.attributes.update(own)
    return list(files.values())
