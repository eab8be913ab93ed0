"""YOLO: ``data.yaml``, and for ``images/a.jpg`` a ``labels/a.txt`` with one object a line.

A line is ``class x y width height`` (the centre of the box), or ``class x y x y x y ...`` (a polygon), all as parts of
the image's width and height: x = 0 is the left edge of the first pixel, x = 1 the right edge of the last. An image
without a text file, or with an empty one, has no objects. A class is its place in the list of names.
"""

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.objects import Object
from foveal.data.catalog.segmentations import extent, polygon_area
from foveal.data.formats import layout
from foveal.data.formats.annotations.draft import Draft, assemble, look, unlisted
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.sidecar import writer as beside
from foveal.data.notes import plural
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories

NAME = "yolo"
YAML_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
NAME_FILES = ("classes.txt", "obj.names", "labels/classes.txt")
IMAGES, LABELS = "images", "labels"
SPLIT_KEYS = {"train": "train", "val": "val", "valid": "val", "test": "test"}
KNOWN_KEYS = frozenset({"path", "names", "nc", *SPLIT_KEYS})
BOX_FIELDS, LEAST_POLYGON = 5, 7


@dataclass
class Layout:
    """Where everything is.

    Attributes:
        root: The data set.
        title: What messages call the file that says so.
        names: Class ids of the source and their names.
        images: Names of the images, and the code of the split of each.
        listed: Where each image that a text file lists stands in it, by name.
        folders: Folders of images that were given as a whole.
        about: What else the YAML says.
        notes: Remarks.
    """

    root: Path
    title: str
    names: dict[int, str]
    images: list[tuple[str, int]] = field(default_factory=list)
    listed: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read(path: Path, *, categories: Categories | None = None, repairs: Repairs | None = None) -> Catalog:
    """Read a YOLO data set.

    Args:
        path: The YAML file; the folder it lies in; or a folder with ``images``, ``labels`` and ``classes.txt``.
        categories: A model's class map to enforce; some classes may then be missing.
        repairs: What becomes of faulty annotations; None: clipped where possible, else dropped.

    Raises:
        DataError: A YAML file or a list that cannot be read, no image that can be used, or a fault under the policy
            ``error``; the message names file and line.
        CategoryError: A class that the class map lacks, no class, or one that stands twice.
    """
    repairs = repairs or Repairs()
    found = _lay_out(path)
    root, aside = found.root, beside.load(found.root, NAME)
    own = categories or _class_map(found)
    if aside is not None and categories is None:
        own = aside.class_map(own.names, own)
    drafts = [Draft(name, found.listed.get(name, found.title), split) for name, split in found.images]
    there = [
        draft
        for draft in look(drafts, root, repairs)
        if _take_lines(root, draft, found.names, own, repairs, fixed=categories is not None)
    ]
    notes = found.notes
    if aside is not None:
        notes += aside.merge(there, own, repairs, known=found.names.values())
    known = {label_file(draft.name) for draft in drafts}
    _tell_strays(root, found, {draft.name for draft in drafts}, known, repairs)
    about = beside.join_about({NAME: found.about} if found.about else {}, aside)
    return assemble(there, root=root, format=NAME, categories=own, repairs=repairs, about=about, notes=notes)


def find(path: Path) -> Path | None:
    """The YAML or the folder to read; None where this is no YOLO data set."""
    if path.is_file():
        return path if path.suffix.lower() in (".yaml", ".yml") else None
    for name in YAML_NAMES:
        if (path / name).is_file():
            return path / name
    others = [file for file in sorted(path.glob("*.y*ml")) if _tells_classes(file)]
    if len(others) == 1:
        return others[0]
    texts = (path / LABELS).rglob("*.txt")
    return path if (path / IMAGES).is_dir() and next(texts, None) is not None else None


def label_file(image: str) -> str:
    """Where an image's objects are told: the last ``images`` of its path becomes ``labels``, its suffix ``.txt``."""
    folders = image.split("/")
    for at in reversed(range(len(folders) - 1)):
        if folders[at] == IMAGES:
            folders[at] = LABELS
            break
    return posixpath.splitext("/".join(folders))[0] + ".txt"


def object_of(numbers: Sequence[float], label: int, size: tuple[int, int]) -> Object:
    """A line's coordinates as an object.

    Args:
        numbers: Four for a box, else a polygon, as parts of the image.
        label: Class id.
        size: (width, height) of the image in pixels.
    """
    width, height = size
    if len(numbers) == BOX_FIELDS - 1:
        x, y, w, h = numbers
        return Object(((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height), label)
    polygon = [value * size[at % 2] for at, value in enumerate(numbers)]
    return Object(extent([polygon]), label, area=polygon_area(polygon), outline=[polygon])


def _class_map(found: Layout) -> Categories:
    ids = tuple(found.names)
    try:
        return Categories(tuple(found.names.values()), () if ids == tuple(range(len(ids))) else ids)
    except CategoryError as error:
        raise CategoryError(
            f"{found.root / found.title}: {error.what[0].lower()}{error.what[1:]}", error.hint
        ) from None


def _take_lines(
    root: Path, draft: Draft, names: dict[int, str], own: Categories, repairs: Repairs, *, fixed: bool
) -> bool:
    """Put an image's objects into its draft; whether its text file could be read."""
    assert draft.seen is not None, "look comes first"
    file = label_file(draft.name)
    try:
        lines = list(_lines(root / file))
    except DataError as error:
        reason = error.what.removeprefix(f"{root / file}: ").rstrip(".")
        repairs.add(draft.name, file, "broken", f"has a label file that cannot be used ({reason})", "dropped")
        return False
    draft.where = file
    for number, line in lines:
        where, fields = f"{file}, line {number}", line.split()
        if not (len(fields) == BOX_FIELDS or (len(fields) >= LEAST_POLYGON and len(fields) % 2)):
            message = f"the line has {plural(len(fields), 'field')}; a box has 5, a polygon an odd number from 7 on"
            repairs.add(draft.name, where, "malformed", message, "dropped")
            continue
        try:
            key, numbers = float(fields[0]), [float(text) for text in fields[1:]]
        except ValueError:
            message = f"not everything in the line {line[:60]!r} is a number"
            repairs.add(draft.name, where, "malformed", message, "dropped")
            continue
        title = names.get(int(key)) if key == key and abs(key) < 1e9 and key == int(key) else None
        if title is None:
            known = f"classes go from {min(names)} to {max(names)}"
            repairs.add(draft.name, where, "unknown_class", f"the class {fields[0]} does not exist; {known}", "dropped")
            continue
        label = own.index(title, where=f"{root / file}, line {number}") if fixed else own.index(title)
        draft.add(object_of(numbers, label, draft.seen), where, " ".join(fields))
    return True


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    except UnicodeDecodeError:
        raise DataError(f"{file}: not UTF-8 text.", "Save it as UTF-8.") from None
    yield from ((number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())


def _lay_out(path: Path) -> Layout:
    where = find(path)
    if where is None:
        raise DataError(
            f"{path} holds no YOLO data set.",
            f"Give a data.yaml, or a folder with {IMAGES}, {LABELS} and {NAME_FILES[0]}.",
        )
    return _from_folder(where) if where.is_dir() else _from_yaml(where)


def _from_folder(root: Path) -> Layout:
    file = next((root / name for name in NAME_FILES if (root / name).is_file()), None)
    if file is None:
        raise DataError(
            f"{root} does not say what its classes are called.",
            f"Add a data.yaml, or a {NAME_FILES[0]} with one name a line.",
        )
    names = {at: line.strip() for at, (_, line) in enumerate(_lines(file))}
    found = Layout(root, layout.relative(file, root), names)
    splits = [folder for folder in sorted((root / IMAGES).iterdir()) if folder.is_dir()]
    whole = any(layout.split_of(folder.name) == UNASSIGNED for folder in splits) or not splits
    for folder in [root / IMAGES] if whole else splits:
        _take_folder(found, folder, UNASSIGNED if whole else layout.split_of(folder.name))
    return found


def _from_yaml(file: Path) -> Layout:
    document = _load_yaml(file)
    root = file.parent
    found = Layout(root, file.name, _names(document.get("names"), file))
    found.about = {k: v for k, v in document.items() if k not in KNOWN_KEYS and _is_plain(v)}
    keys = [key for key in SPLIT_KEYS if document.get(key)]
    if not keys:
        raise DataError(f"{file}: there is no 'train', 'val' or 'test'.", "Say where the images of each split are.")
    for key in keys:
        given = document[key]
        for text in given if isinstance(given, list) else [given]:
            place = _resolve(root, document.get("path"), str(text))
            if place is None:
                if key == "test" and found.images:  # exports name one whether there is one or not
                    found.notes.append(f"{file.name} names a test split, {str(text)!r}, that is not there.")
                    continue
                raise DataError(
                    f"{file}: {key} is {str(text)!r}, and there is no such file or folder.",
                    "Paths are relative to 'path', or to the folder of the YAML file.",
                )
            code = SPLITS.index(SPLIT_KEYS[key])
            if place.is_dir():
                _take_folder(found, place, code)
            else:
                _take_list(found, place, code)
    return found


def _take_folder(found: Layout, folder: Path, split: int) -> None:
    found.folders.append(layout.relative(folder, found.root))
    found.images += [(name, split) for name in layout.images_in(found.root, folder)]


def _take_list(found: Layout, file: Path, split: int) -> None:
    for number, line in _lines(file):
        text = line.strip().replace("\\", "/")
        if not layout.is_file_name(text):
            raise DataError(f"{file}, line {number}: {text!r} cannot be the name of a file.", "Mend the line.")
        candidates = [file.parent / text, found.root / text]
        path = next((c for c in candidates if os.path.isfile(c)), candidates[0])  # noqa: PTH113  (False for names too long)
        name = layout.relative(path, found.root)
        found.images.append((name, split))
        found.listed.setdefault(name, f"{layout.relative(file, found.root)}, line {number}")


def _resolve(root: Path, base: Any, text: str) -> Path | None:
    """A path of the YAML; exports often lead one folder too far up."""
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
            f"{file}{at}: not YAML ({getattr(error, 'problem', None) or 'unreadable'}).", "Repair it."
        ) from None
    if not isinstance(document, dict):
        raise DataError(f"{file}: the YAML is no mapping.", "Give it train, val and names.")
    return document


def _names(given: Any, file: Path) -> dict[int, str]:
    """Class ids and names, by id.

    Raises:
        CategoryError: There are none, or ids that are no whole numbers.
    """
    if isinstance(given, list) and given:
        return {at: str(name) for at, name in enumerate(given)}
    if isinstance(given, dict) and given:
        try:
            return {int(key): str(given[key]) for key in sorted(given, key=int)}
        except (TypeError, ValueError):
            raise CategoryError(f"{file}: 'names' has an id that is no whole number.", "Number the classes.") from None
    raise CategoryError(f"{file}: there are no 'names'.", "Give a list of class names, in the order of their ids.")


def _tells_classes(file: Path) -> bool:
    try:
        document = _load_yaml(file)
    except DataError:
        return False
    return "names" in document and any(key in document for key in SPLIT_KEYS)


def _is_plain(value: Any) -> bool:
    """Whether JSON can hold it as it is."""
    if isinstance(value, dict):
        return all(isinstance(k, str) and _is_plain(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool)


def _tell_strays(root: Path, found: Layout, names: set[str], known: Iterable[str], repairs: Repairs) -> None:
    """Label files without an image, and images that nothing names."""
    known = set(known)
    folders = {posixpath.dirname(name) for name in known if (root / name).is_file()}
    folders |= {label_file(f"{folder}/x").rpartition("/")[0] for folder in found.folders}
    for folder in sorted(folders):
        for file in sorted((root / folder).glob("*.txt")):
            name = layout.relative(file, root)
            if name not in known and name not in NAME_FILES and file.name != "classes.txt":
                repairs.add("", name, "missing", "there is no image for this label file", "left out")
    inside = {
        name
        for folder in {posixpath.dirname(name) for name in found.listed}
        for name in layout.images_in(root, root / folder, deep=False)
    }
    if sum(map(_tells_classes, root.glob("*.y*ml"))) <= 1:  # else other files may name them
        tops = {top for name in names if (top := _top(posixpath.dirname(name)))}
        inside |= {name for top in tops for name in layout.images_in(root, root / top)}
    unlisted(root, sorted(inside - names), found.title, repairs)


def _top(folder: str) -> str:
    """The folder of all images that a folder belongs to: up to the last ``images`` of its path."""
    head, there, _ = f"/{folder}/".rpartition(f"/{IMAGES}/")
    return f"{head}/{IMAGES}"[1:] if there else ""
