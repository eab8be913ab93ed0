"""Class tables of mask data sets: the name, and perhaps the pixel value and colour, of each class.

Formats: comma-separated names; text files of lines such as ``name``, ``id name``, ``r g b name`` (as CamVid
has it), ``name r g b`` or CVAT's ``name:r,g,b::``; CSV with the columns name and, optionally, id and r, g, b or color;
TOML; and nnU-Net's dataset.json.
"""

import csv
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.data.catalog.pixel_values import Color
from foveal.errors import CategoryError, DataError

BESIDE = (
    "classes.txt",
    "classes.csv",
    "class_dict.csv",
    "labels.txt",
    "label_colors.txt",
    "labelmap.txt",
    "classes.toml",
    "class_names.txt",
    "codes.txt",
    "class_dict_seg.csv",
    "label_class_dict.csv",
)
"""Names of class tables in a data set; the first that exists is used."""
PER_SPLIT = "_classes.csv"
"""Roboflow's class table of masks, in the folder of each split."""
NNUNET = "dataset.json"
"""nnU-Net's description of a data set, with the classes in it."""
TABLES = frozenset({*BESIDE, PER_SPLIT, NNUNET})
"""Names of all of them."""
SUFFIXES = (".txt", ".csv", ".tsv", ".toml")
NAME_COLUMNS = ("name", "class", "class_name", "label")
ID_COLUMNS = ("id", "code", "value", "index", "class_id", "pixel value", "pixel_value")
RGB_COLUMNS = (("r", "g", "b"), ("red", "green", "blue"))
COLOR_COLUMNS = ("color", "colour", "hex")
DELIMITERS = ",\t;"
CVAT = re.compile(r"([^:]+):(\d+),(\d+),(\d+):[^:]*:[^:]*")
RGB_NAME = re.compile(r"(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\D.*)")
NAME_RGB = re.compile(r"(\D.*?)[\s,:]+(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})")
ID_NAME = re.compile(r"(\d+)\s*[\s,:;=]\s*(\S.*)")
UNLABELLED = "__ignore__"
"""First line of LabelMe's labels.txt, which counts from the second."""
HEX = re.compile(r"(?:#|0x)?([0-9a-fA-F]{6})")


@dataclass(frozen=True)
class NamedClass:
    """One row of a class table.

    Attributes:
        name: Class name.
        id: Its pixel value in gray and palette masks; None: its row in the table.
        color: Its colour in RGB masks; None: not in the table.
    """

    name: str
    id: int | None = None
    color: Color | None = None


@dataclass(frozen=True)
class ClassTable:
    """The rows, and their source for messages: the file, or the setting."""

    title: str
    rows: tuple[NamedClass, ...]


def read_classes(given: str, root: Path, folders: Sequence[str] = ()) -> ClassTable | None:
    """The class table from a setting, or from the data set.

    Args:
        given: Comma-separated names, or a file, relative to the working directory or the data set; empty: look in the
            data set.
        root: The data set.
        folders: Its folders of masks, relative to it.

    Raises:
        DataError: No such file, not a class table, or those of two folders differ.
        CategoryError: A class has no name, or only some have an id.
    """
    if not given.strip():
        there = next((root / name for name in BESIDE if (root / name).is_file()), None)
        return _in_folders(root, folders) if there is None else read_file(there)
    for file in (Path(given), root / given):
        if file.is_file():
            return read_file(file)
    if "," not in given and Path(given).suffix.lower() in SUFFIXES:
        raise DataError(f"{given}: no such file.", "Give a file of classes, or comma-separated names.")
    return _checked("data.classes", [NamedClass(name.strip()) for name in given.split(",")])


def _in_folders(root: Path, folders: Sequence[str]) -> ClassTable | None:
    """Roboflow's table, the same in each folder; or nnU-Net's."""
    files = [root / folder / PER_SPLIT for folder in dict.fromkeys(("", *folders))]
    tables = [read_file(file) for file in files if file.is_file()]
    for other in tables[1:]:
        if other.rows != tables[0].rows:
            raise DataError(
                f"{other.title} and {tables[0].title} have different classes.",
                "Export all splits with one list of classes, or give one with --classes (in training --data.classes).",
            )
    if tables:
        return tables[0]
    return read_file(root / NNUNET) if (root / NNUNET).is_file() else None


def read_file(file: Path) -> ClassTable:
    """The table in a file.

    Raises:
        DataError: The file cannot be read or is not a class table.
        CategoryError: A class has no name, or only some have an id.
    """
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    except UnicodeDecodeError:
        raise DataError(f"{file}: not UTF-8 text.", "Save it as UTF-8.") from None
    readers: dict[str, Callable[[str, Path], list[NamedClass]]] = {
        ".csv": _csv,
        ".tsv": _csv,
        ".toml": _toml,
        ".json": _nnunet,
    }
    return _checked(str(file), readers.get(file.suffix.lower(), _text)(text, file))


def _checked(title: str, rows: Sequence[NamedClass]) -> ClassTable:
    if not rows:
        raise CategoryError(f"{title}: no classes.", "Give one name per line.")
    for at, row in enumerate(rows, 1):
        if not row.name:
            raise CategoryError(f"{title}: class {at} has no name.", "Give every class a name.")
        for value in row.color or ():
            if not 0 <= value <= 255:
                raise CategoryError(f"{title}: {row.name!r} has the colour {row.color}.", "Colours go from 0 to 255.")
    without = [row.name for row in rows if row.id is None]
    if 0 < len(without) < len(rows):
        raise CategoryError(f"{title}: {without[0]!r} has no id, but others do.", "Give every class an id, or none.")
    return ClassTable(title, tuple(rows))


def _text(text: str, file: Path) -> list[NamedClass]:
    """Parse by the first format that fits every line; a plain list of names fits no other."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if lines and all(":" in line for line in lines) and any(CVAT.fullmatch(line) for line in lines):
        return [_cvat(line, file) for line in lines]
    if lines and all(RGB_NAME.fullmatch(line) for line in lines):
        found = [RGB_NAME.fullmatch(line) for line in lines]
        return [NamedClass(m[4].strip(), color=(int(m[1]), int(m[2]), int(m[3]))) for m in found if m]
    if lines and all(NAME_RGB.fullmatch(line) for line in lines):
        found = [NAME_RGB.fullmatch(line) for line in lines]
        return [NamedClass(m[1].strip(), color=(int(m[2]), int(m[3]), int(m[4]))) for m in found if m]
    if lines and all(ID_NAME.fullmatch(line) for line in lines):
        return [NamedClass(m[2].strip(), int(m[1])) for m in (ID_NAME.fullmatch(line) for line in lines) if m]
    if len(lines) > 1 and lines[0] == UNLABELLED:
        del lines[0]
    return [NamedClass(line) for line in lines]


def _cvat(line: str, file: Path) -> NamedClass:
    match = CVAT.fullmatch(line)
    if match is None:
        raise DataError(f"{file}: {line!r} is not name:r,g,b::.", "Write every line of the table in the same format.")
    return NamedClass(match[1].strip(), color=(int(match[2]), int(match[3]), int(match[4])))


def _csv(text: str, file: Path) -> list[NamedClass]:
    lines = text.splitlines()
    delimiter = max(DELIMITERS, key=lines[0].count) if lines else ","
    header, *rows = [*csv.reader(lines, delimiter=delimiter, skipinitialspace=True)] or [[]]
    at = {title.strip().lower(): i for i, title in reversed(list(enumerate(header)))}
    name = _first(at, NAME_COLUMNS)
    if name is None:
        raise DataError(
            f"{file} has no name column ({', '.join(NAME_COLUMNS[:-1])} or {NAME_COLUMNS[-1]}).",
            f"Its columns: {', '.join(header) or 'none'}.",
        )
    number, color = _first(at, ID_COLUMNS), _first(at, COLOR_COLUMNS)
    channels = next((tuple(at[c] for c in names) for names in RGB_COLUMNS if set(names) <= set(at)), None)
    out = []
    for line, row in enumerate(rows, 2):
        if not any(field.strip() for field in row):
            continue
        where = f"{file}, line {line}"
        if len(row) < len(header):
            raise DataError(f"{where}: {len(row)} fields under a header of {len(header)}.", "Fill the line in.")
        paint = None
        if channels is not None:
            red, green, blue = (_whole(row[i], where) for i in channels)
            paint = (red, green, blue)
        elif color is not None and row[color].strip():
            paint = color_of(row[color], where)
        out.append(NamedClass(row[name].strip(), None if number is None else _whole(row[number], where), paint))
    return out


def _toml(text: str, file: Path) -> list[NamedClass]:
    hint = 'Write classes = ["road", "tree"], or [[classes]] with name, id and color.'
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{file}: not TOML ({error}).", hint) from None
    classes = document.get("classes")
    if isinstance(classes, Mapping):
        pairs = classes.items()
        return [_entry({"name": k, **(v if isinstance(v, Mapping) else {"id": v})}, file, hint) for k, v in pairs]
    if isinstance(classes, list):
        return [_entry(v if isinstance(v, Mapping) else {"name": v}, file, hint) for v in classes]
    raise DataError(f"{file}: the list or table {'classes'!r} is missing.", hint)


def _entry(values: Mapping[str, Any], file: Path, hint: str) -> NamedClass:
    name, number, color = values.get("name"), values.get("id"), values.get("color")
    where = f"{file}, {name!r}"
    if not isinstance(name, str) or (number is not None and (not isinstance(number, int) or isinstance(number, bool))):
        raise DataError(f"{file}: {dict(values)} is not a class.", hint)
    if color is None or isinstance(color, str):
        return NamedClass(name.strip(), number, None if color is None else color_of(color, where))
    if not isinstance(color, list) or len(color) != 3 or not all(isinstance(value, int) for value in color):
        raise DataError(f"{where}: {color!r} is not a colour.", "Write [128, 64, 128] or '#804080'.")
    return NamedClass(name.strip(), number, (color[0], color[1], color[2]))


def _nnunet(text: str, file: Path) -> list[NamedClass]:
    """``labels`` of a dataset.json: names to values, or in its first version values to names."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: not JSON ({error}).", "Correct it, or remove it.") from None
    labels = document.get("labels") if isinstance(document, Mapping) else None
    pairs = labels.items() if isinstance(labels, Mapping) else ()
    rows = []
    for one, other in pairs:
        name, value = (other, one) if str(one).isdecimal() else (one, other)
        if not isinstance(name, str) or isinstance(value, bool) or not str(value).isdecimal():
            raise DataError(f"{file}: labels has {one!r}: {other!r}, not a name and one pixel value.", "Correct it.")
        rows.append(NamedClass(name.strip(), int(value)))
    if not rows:
        raise DataError(f"{file}: labels, which names the classes, is missing.", "Correct it, or remove it.")
    return rows


def color_of(text: str, where: str) -> Color:
    """``#rrggbb``, or three numbers separated by commas or blanks, as a colour.

    Raises:
        DataError: It is neither.
    """
    match = HEX.fullmatch(text.strip())
    if match:
        red, green, blue = bytes.fromhex(match[1])
        return red, green, blue
    parts = re.split(r"[\s,]+", text.strip(" ()[]"))
    if len(parts) == 3 and all(part.isdecimal() for part in parts):
        return int(parts[0]), int(parts[1]), int(parts[2])
    raise DataError(f"{where}: {text.strip()!r} is not a colour.", "Write #rrggbb, or red, green and blue.")


def _whole(text: str, where: str) -> int:
    if not text.strip().isdecimal():
        raise DataError(f"{where}: {text.strip()!r} is not a whole number.", "Correct the line.")
    return int(text)


def _first(at: Mapping[str, int], names: Sequence[str]) -> int | None:
    return next((at[name] for name in names if name in at), None)
