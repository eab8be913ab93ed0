"""The layout of a YOLO data set, from its YAML or its folders; lists and label files."""

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.layout import images_in, is_file_name, relative
from foveal.data.formats.splits import split_name, split_of
from foveal.errors import CategoryError, DataError

YAML_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
NAME_FILES = ("classes.txt", "obj.names", "labels/classes.txt")
IMAGES, LABELS = "images", "labels"
OWN_KEYS = ("path", "names", "nc")


@dataclass
class Layout:
    """The layout of a YOLO data set.

    Attributes:
        root: The data set.
        title: The file that defines it, for messages.
        names: Class ids of the source and their names.
        images: Names of the images, and their split codes.
        listed: File and line that list an image, by name.
        folders: Folders of images that are used in full.
        about: Further fields of the YAML.
        notes: Notes.
    """

    root: Path
    title: str
    names: dict[int, str]
    images: list[tuple[str, int]] = field(default_factory=list)
    listed: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find(path: Path) -> Path | None:
    """The YAML or the folder to read; None: not a YOLO data set."""
    if path.is_file():
        return path if path.suffix.lower() in (".yaml", ".yml") else None
    for name in YAML_NAMES:
        if (path / name).is_file():
            return path / name
    others = [file for file in sorted(path.glob("*.y*ml")) if tells_classes(file)]
    if len(others) == 1:
        return others[0]
    texts = (path / LABELS).rglob("*.txt")
    return path if (path / IMAGES).is_dir() and next(texts, None) is not None else None


def label_file(image: str) -> str:
    """The label file of an image: the last ``images`` of its path becomes ``labels``, its suffix ``.txt``."""
    folders = image.split("/")
    for at in reversed(range(len(folders) - 1)):
        if folders[at] == IMAGES:
            folders[at] = LABELS
            break
    return posixpath.splitext("/".join(folders))[0] + ".txt"


def lay_out(path: Path) -> Layout:
    """The layout of a data set.

    Raises:
        DataError: Not a YOLO data set, or its YAML or one of its lists is invalid.
        CategoryError: No class names, or ids that are not whole numbers.
    """
    where = find(path)
    if where is None:
        raise DataError(
            f"{path} is not a YOLO data set.",
            f"Use a data.yaml, or a folder with {IMAGES}, {LABELS} and {NAME_FILES[0]}.",
        )
    return _from_folder(where) if where.is_dir() else _from_yaml(where)


def _from_folder(root: Path) -> Layout:
    file = next((root / name for name in NAME_FILES if (root / name).is_file()), None)
    if file is None:
        raise DataError(
            f"{root} has no class names.",
            f"Add a data.yaml, or a {NAME_FILES[0]} with one name per line.",
        )
    names = {at: line.strip() for at, (_, line) in enumerate(numbered_lines(file))}
    found = Layout(root, relative(file, root), names)
    splits = [folder for folder in sorted((root / IMAGES).iterdir()) if folder.is_dir()]
    whole = any(split_of(folder.name) == UNASSIGNED for folder in splits) or not splits
    for folder in [root / IMAGES] if whole else splits:
        _take_folder(found, folder, UNASSIGNED if whole else split_of(folder.name))
    return found


def _from_yaml(file: Path) -> Layout:
    document = _load_yaml(file)
    root = file.parent
    found = Layout(root, file.name, _names(document.get("names"), file))
    # A mapping under such a key is a note on training.
    words = [key for key in document if split_name(str(key)) and not isinstance(document[key], dict)]
    found.about = {k: v for k, v in document.items() if k not in {*OWN_KEYS, *words} and _is_plain(v)}
    keys = [key for key in words if document.get(key)]
    if not keys:
        raise DataError(f"{file}: 'train', 'val' and 'test' are missing.", "Add the paths of the images of each split.")
    for key in keys:
        given = document[key]
        for text in given if isinstance(given, list) else [given]:
            place = _resolve(root, document.get("path"), str(text))
            if place is None:
                if split_name(key) == "test" and found.images:  # exports name one whether it exists or not
                    found.notes.append(f"{file.name} names a test split that does not exist: {text}.")
                    continue
                raise DataError(
                    f"{file}: {key} is {str(text)!r}, which does not exist.",
                    "Paths are relative to 'path', or to the folder of the YAML file.",
                )
            code = split_of(key)
            if place.is_dir():
                _take_folder(found, place, code)
            else:
                _take_list(found, place, code)
    return found


def _take_folder(found: Layout, folder: Path, split: int) -> None:
    found.folders.append(relative(folder, found.root))
    found.images += [(name, split) for name in images_in(found.root, folder)]


def _take_list(found: Layout, file: Path, split: int) -> None:
    for number, line in numbered_lines(file):
        text = line.strip().replace("\\", "/")
        if not is_file_name(text):
            raise DataError(f"{file}, line {number}: {text!r} is not a valid file name.", "Correct the line.")
        candidates = [file.parent / text, found.root / text]
        path = next((c for c in candidates if os.path.isfile(c)), candidates[0])  # noqa: PTH113  (False for names too long)
        name = relative(path, found.root)
        found.images.append((name, split))
        found.listed.setdefault(name, f"{relative(file, found.root)}, line {number}")


def _resolve(root: Path, base: Any, text: str) -> Path | None:
    """A path in the YAML; exports often point one folder too far up."""
    bases = [root / str(base), root] if base else [root]
    stripped = text
    while stripped.startswith(("../", "./")):
        stripped = stripped.partition("/")[2]
    candidates = [folder / t for t in dict.fromkeys((text, stripped)) for folder in bases]
    return next((c for c in candidates if os.path.exists(c)), None)  # noqa: PTH110  (False for names too long)


def _load_yaml(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text("utf-8-sig"))
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    except UnicodeDecodeError:
        raise DataError(f"{file}: not UTF-8 text.", "Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise DataError(
            f"{file}{at}: not YAML ({getattr(error, 'problem', None) or 'unreadable'}).", "Correct the file."
        ) from None
    if not isinstance(document, dict):
        raise DataError(f"{file}: the YAML is not a mapping.", "Add train, val and names.")
    return document


def _names(given: Any, file: Path) -> dict[int, str]:
    """Class ids and names, by id.

    Raises:
        CategoryError: There are none, or ids that are not whole numbers.
    """
    if isinstance(given, list) and given:
        return {at: str(name) for at, name in enumerate(given)}
    if isinstance(given, dict) and given:
        try:
            return {int(key): str(given[key]) for key in sorted(given, key=int)}
        except (TypeError, ValueError):
            raise CategoryError(
                f"{file}: 'names' has an id that is not a whole number.", "Use whole numbers as ids."
            ) from None
    raise CategoryError(f"{file}: 'names' is missing.", "Add a list of class names, in order of id.")


def tells_classes(file: Path) -> bool:
    """Whether a YAML file names classes and splits."""
    try:
        document = _load_yaml(file)
    except DataError:
        return False
    return "names" in document and any(split_name(str(key)) for key in document)


def _is_plain(value: Any) -> bool:
    """Whether it is a plain JSON value."""
    if isinstance(value, dict):
        return all(isinstance(k, str) and _is_plain(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool)


def numbered_lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file that are not blank, counted from 1; none where there is no such file.

    Raises:
        DataError: It cannot be read.
    """
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    except UnicodeDecodeError:
        raise DataError(f"{file}: not UTF-8 text.", "Save it as UTF-8.") from None
    yield from ((number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())
