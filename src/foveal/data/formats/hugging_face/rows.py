"""The rows of metadata.jsonl: one JSON object per image."""

import json
import unicodedata
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.splits import split_of
from foveal.data.formats.table.text import lines_of
from foveal.data.formats.table.titles import LABEL_TITLES, SPLIT_TITLES, plain
from foveal.errors import DataError

FILE_NAME = ("file_name", "image_file_name", "filename", "image", "path")
"""Keys of the image's path; the first is Hugging Face's."""
OBJECTS = "objects"
BBOX = ("bbox", "bboxes", "boxes")
CATEGORY = (
    "categories",
    "category",
    "label",
    "labels",
    "class",
    "classes",
    "category_id",
    "class_label",
    "name",
    "id_",
)
CLASS_KEYS = frozenset({*CATEGORY, *LABEL_TITLES})


def rows_of(path: Path) -> Generator[tuple[int, dict[str, object]], None, None]:
    """Each row with the number of its line.

    Args:
        path: The file.

    Raises:
        DataError: A line is no JSON object; the message names it.
    """
    with closing(lines_of(path)) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(
                    f"{path}, line {number}, column {error.colno}: not JSON ({error.msg}).",
                    "Write one JSON object per line.",
                ) from None
            except (RecursionError, ValueError):
                raise DataError(f"{path}, line {number}: not JSON.", "Write one JSON object per line.") from None
            if not isinstance(row, dict):
                raise DataError(f"{path}, line {number}: not a JSON object.", "Write one per line.")
            yield number, row


def path_key(rows: list[dict[str, object]]) -> str:
    """The key of the image's path, which at least half of the rows have; empty: there is none."""
    counts = {key: sum(isinstance(row.get(key), str) for row in rows) for key in FILE_NAME}
    return next((key for key, count in counts.items() if count and 2 * count >= len(rows)), "")


def label_key(rows: list[dict[str, object]]) -> str:
    """The key of labels; empty: there is none."""
    keys = {plain(key): key for row in rows for key in row}
    return next((keys[word] for word in LABEL_TITLES if word in keys), "")


def has_objects(rows: list[dict[str, object]]) -> bool:
    """Whether rows have boxes."""
    return any(isinstance(row.get(OBJECTS), dict | list) or _is_flat(row) for row in rows)


def unread_keys(rows: list[dict[str, object]], read: Collection[str]) -> list[str]:
    """Keys of rows, and of their objects if these are read, that are not read themselves.

    Args:
        rows: The first rows.
        read: Keys of rows that are read.
    """
    flat = {*BBOX, *CATEGORY} if OBJECTS in read and any(map(_is_flat, rows)) else set()
    found = dict.fromkeys(key for row in rows for key in row if key not in {*read, *flat})
    for row in rows if OBJECTS in read else ():
        value = row.get(OBJECTS)
        items = value if isinstance(value, list) else [value]
        inside = (key for item in items if isinstance(item, dict) for key in item)
        found |= dict.fromkeys(f"{OBJECTS}.{key}" for key in inside if key not in {*BBOX, *CATEGORY})
    return list(found)


def objects_of(row: Mapping[str, object]) -> Iterator[tuple[object, object]]:
    """The box and the class of each object, as written.

    Raises:
        ValueError: There are not as many classes as boxes, or neither is a list.
    """
    value = row if _is_flat(row) else row.get(OBJECTS)
    if value is None:
        return
    if isinstance(value, list):
        for item in value:
            if not isinstance(item, dict):
                raise ValueError(f"{OBJECTS} holds {json.dumps(item)[:40]}, which is no JSON object")
            yield _first(item, BBOX), _first(item, CATEGORY)
        return
    if not isinstance(value, dict):
        raise ValueError(f"{OBJECTS} is {json.dumps(value)[:40]}, neither an object nor a list")
    boxes, classes = _first(value, BBOX), _first(value, CATEGORY)
    if not isinstance(boxes, list) or not isinstance(classes, list):
        raise ValueError(f"{OBJECTS} has no lists {BBOX[0]!r} and {CATEGORY[0]!r}")
    if len(boxes) != len(classes):
        raise ValueError(f"{OBJECTS} has {len(boxes)} boxes and {len(classes)} classes")
    yield from zip(boxes, classes, strict=True)


def _is_flat(row: Mapping[str, object]) -> bool:
    """Whether a row has the lists of its objects itself."""
    boxes = _first(row, BBOX)
    return OBJECTS not in row and isinstance(boxes, list) and all(isinstance(box, list) for box in boxes)


def box_of(value: object) -> tuple[float, float, float, float]:
    """A box as x, y, width and height; numbers written as text are numbers.

    Raises:
        ValueError: It is not four numbers.
    """
    if isinstance(value, list) and len(value) == 4 and not any(isinstance(side, bool) for side in value):
        try:
            x, y, width, height = map(float, value)
        except (TypeError, ValueError, OverflowError):
            pass
        else:
            return x, y, width, height
    raise ValueError(f"bbox is {json.dumps(value)[:60]}, not four numbers")


def title_of(value: object, names: Mapping[str, str]) -> str:
    """A class's name; ids are looked up in the card's names.

    Raises:
        ValueError: It is no text and no whole number.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"the class is {json.dumps(value)[:40]}, neither text nor a whole number")
    text = unicodedata.normalize("NFC", str(value).strip())
    return names.get(text, text)


def split_key(rows: list[dict[str, object]]) -> str:
    """The key of splits' words; empty: there is none."""
    keys = {plain(key): key for row in rows for key in row}
    found = (keys[word] for word in SPLIT_TITLES if word in keys)
    return next((key for key in found if any(split_of(str(row.get(key))) != UNASSIGNED for row in rows)), "")


def split_in(file: str, written: str, word: object = None) -> int:
    """The split that a row's own word or else the folders of the metadata file or of the image name."""
    if isinstance(word, str) and (own := split_of(word)) != UNASSIGNED:
        return own
    parts = [*file.split("/")[:-1], *written.replace("\\", "/").split("/")[:-1]]
    return next((code for part in parts if (code := split_of(part)) != UNASSIGNED), UNASSIGNED)


def unnamed(where: str, key: str) -> DataError:
    """The error for a row without an image."""
    return DataError(f"{where}: {key!r} is missing or not the name of a file.", "Name the image's file.")


def _first(item: Mapping[str, object], keys: tuple[str, ...]) -> object:
    return next((item[key] for key in keys if key in item), None)
