"""The document of a ``data.yaml``: its class names, its splits, what its lines are."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_name
from foveal.data.formats.text_file import read_text
from foveal.data.formats.yolo.class_files import class_files, names_in
from foveal.data.formats.yolo.layouts.layout import Lines
from foveal.data.notes import listed
from foveal.errors import CategoryError, DataError

YAML_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
SUFFIXES = (".yaml", ".yml")
OWN_KEYS = ("path", "names", "nc", "kpt_shape", "flip_idx", "task")
TASKS: dict[str, Lines] = {
    "det": "boxes",
    "seg": "polygons",
    "inst": "polygons",
    "pose": "pose",
    "keypoint": "pose",
    "obb": "oriented",
}
"""How words under ``task`` begin, and what lines of more than five fields then are."""
POLYGONS_TASK = "segmentation"
ORIENTED = re.compile(r"(?:^|[\W_])obb(?:$|[\W_])|oriented[\W_]?bounding|(?:^|[\W_])dota", re.IGNORECASE)
"""In names of folders: a data set of oriented boxes."""
ERRORS = (ValueError, TypeError, AttributeError, RecursionError, OverflowError)
"""What the YAML library raises besides its own errors, such as for a date that does not exist."""


@dataclass(frozen=True)
class Document:
    """A YAML file.

    Attributes:
        file: It.
        values: Its entries.
        written: The same with every scalar as the text that is written.
    """

    file: Path
    values: dict[str, Any]
    written: dict[str, Any]

    @property
    def splits(self) -> list[str]:
        """Keys that stand for splits; a mapping under one is a note on training."""
        return [key for key in self.values if split_name(str(key)) and not isinstance(self.values[key], dict)]

    @property
    def tells_classes(self) -> bool:
        """Whether it names classes and splits."""
        return "names" in self.values and any(split_name(str(key)) for key in self.values)

    def names(self) -> tuple[dict[int, str], list[str]]:
        """Class ids and names by id, and notes on them.

        Raises:
            CategoryError: There are none, or ids that are not whole numbers.
        """
        given, number = self.written.get("names"), _whole(self.written.get("nc"))
        beside = Tree(self.file.parent)
        if given in (None, "") or (isinstance(given, str) and given in beside.folder().others):
            files = [given] if given else class_files(beside, ["", "labels"])[:1]
            if files:
                return names_in(beside, files), [f"The class names are those of {files[0]}."]
        if isinstance(given, str) and given.strip():
            parts = [part.strip() for part in given.split(",")]
            if len(parts) != number:
                raise CategoryError(
                    f"{self.file}: 'names' is the text {given[:60]!r}.",
                    "Make it a list of class names, in order of id.",
                )
            given = parts
        if isinstance(given, list) and given:
            names = {at: self._name(name) for at, name in enumerate(given)}
        elif isinstance(given, dict) and given:
            try:
                names = {int(key): self._name(given[key]) for key in sorted(given, key=int)}
            except (TypeError, ValueError):
                raise CategoryError(
                    f"{self.file}: 'names' has an id that is not a whole number.", "Use whole numbers as ids."
                ) from None
        else:
            raise CategoryError(f"{self.file}: 'names' is missing.", "Add a list of class names, in order of id.")
        return names, [*self._converted(names), *self._count(names)]

    def key_points(self) -> tuple[int, int]:
        """``kpt_shape``: the number of key points and of numbers for each; (0, 0): there is none.

        Raises:
            DataError: It is something else.
        """
        given = self.written.get("kpt_shape")
        if given in (None, "", "null", "~"):
            return 0, 0
        parts = re.findall(r"[^\s,\[\]()]+", given) if isinstance(given, str) else given
        sizes = [_whole(part) for part in parts] if isinstance(parts, list) else []
        if len(sizes) != 2 or not sizes[0] or sizes[0] < 1 or sizes[1] not in (2, 3):
            raise DataError(
                f"{self.file}: kpt_shape is {str(self.values['kpt_shape'])[:60]}.",
                "Give the number of key points, and 2 or 3 numbers for each, such as [17, 3].",
            )
        return sizes[0], sizes[1]

    def lines(self) -> tuple[Lines, str]:
        """What the lines are, and what says so."""
        name = self.file.name
        if self.key_points() != (0, 0):
            return "pose", f"kpt_shape in {name}"
        task = str(self.written.get("task", "")).strip().lower()
        known = next((lines for beginning, lines in TASKS.items() if task.startswith(beginning)), None)
        if known is not None:
            return known, f"task in {name}"
        if self.written.get("obb") or ORIENTED.search(str(self.written.get("path", ""))) or ORIENTED.search(name):
            return "oriented", name
        if ORIENTED.search(self.file.absolute().parent.name):
            return "oriented", "the name of the folder"
        return "", ""

    def more(self) -> dict[str, Any]:
        """Entries that are nothing to Foveal, and are kept."""
        own = {*OWN_KEYS, *self.splits}
        return {str(k): v for k, v in self.values.items() if k not in own}

    def _name(self, given: Any) -> str:
        if not isinstance(given, str):
            raise CategoryError(
                f"{self.file}: 'names' has {str(given)[:60]} as the name of a class.",
                "Give each class one name.",
            )
        return given

    def _converted(self, names: dict[int, str]) -> list[str]:
        given = self.values.get("names")
        typed = [*given.values()] if isinstance(given, dict) else given if isinstance(given, list) else []
        others = [name for name, value in zip(names.values(), typed, strict=False) if not isinstance(value, str)]
        if not others:
            return []
        are = "class name of {} is" if len(others) == 1 else "class names of {} are"
        return [f"{len(others):,} {are.format(self.file.name)} read as written: {listed(others)}."]

    def _count(self, names: dict[int, str]) -> list[str]:
        given = self.written.get("nc")
        if given is None or _whole(given) == len(names):
            return []
        return [f"{self.file.name} says that nc is {str(given)[:60]}; it names {len(names)} classes, which are used."]


class _Written(yaml.BaseLoader):
    """Loads every scalar as the text that is written, and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping, see the base class."""
        met = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in met:
                problem = f"the key {key.value!r} is there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            met.add(key.value)
        return super().construct_mapping(node, deep)


def load_yaml(file: Path) -> Document:
    """A YAML file.

    Raises:
        DataError: It cannot be read, or is no mapping.
    """
    text = read_text(file)
    try:
        values, written = yaml.safe_load(text), yaml.load(text, _Written)  # noqa: S506  (texts alone)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise DataError(
            f"{file}{at}: not YAML ({getattr(error, 'problem', None) or 'unreadable'}).", "Correct the file."
        ) from None
    except ERRORS as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise DataError(f"{file}: not YAML ({reason}).", "Correct the file.") from None
    if not isinstance(values, dict) or not isinstance(written, dict):
        raise DataError(f"{file}: the YAML is not a mapping.", "Add train, val and names.")
    return Document(file, values, written)


def find_yaml(tree: Tree) -> tuple[Document | None, list[str]]:
    """The YAML file of a data set, and others beside it that name classes and splits.

    Raises:
        DataError: The one that is called like it is invalid, or several could be it.
    """
    names = tree.folder().with_suffix(*SUFFIXES)
    usual = next((name for name in YAML_NAMES if name in names), None)
    own = load_yaml(tree.path(usual)) if usual else None
    if own is not None and not any(key == "names" or split_name(str(key)) for key in own.values):
        own = None
    told = [load_yaml(tree.path(name)) for name in names if name != usual and tells_classes(tree.path(name))]
    if own is None and len(told) > 1:
        listing = ", ".join(found.file.name for found in told)
        raise DataError(f"{tree.root} has {len(told)} YAML files with classes and splits: {listing}.", "Name one.")
    if own is None and told:
        own = told.pop()
    return own, [found.file.name for found in told]


def tells_classes(file: Path) -> bool:
    """Whether a YAML file names classes and splits."""
    try:
        return load_yaml(file).tells_classes
    except DataError:
        return False


def _whole(given: Any) -> int | None:
    try:
        return int(given)
    except (TypeError, ValueError, OverflowError):
        return None
