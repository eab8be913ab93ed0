"""Lines of label files, read into objects or reported."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.yolo.lines import Kind
from foveal.data.formats.yolo.record import BOX_FIELDS, corners_of, fields_of, object_of
from foveal.data.notes import plural
from foveal.types.categories import Categories

LARGEST_ID = 1e9
NONE = -1
"""An id that no class has."""


@dataclass
class Reading:
    """What lines are read with, and what is told of them.

    Attributes:
        root: The data set.
        names: Class ids of the source and their names.
        own: The class map of the catalog.
        fixed: Whether it is a model's, that the data set must keep.
        repairs: Collects faults.
        kind: What lines are.
        lines: Number of lines that are not blank.
        long: Number of lines of more than a box's fields that were read.
        named: Number of lines that name their class instead of its id.
        commas: Number of lines with commas.
        in_pixels: Number of lines of DOTA's form.
    """

    root: Path
    names: dict[int, str]
    own: Categories
    fixed: bool
    repairs: Repairs
    kind: Kind = field(default_factory=Kind)
    lines: int = 0
    long: int = 0
    named: int = 0
    commas: int = 0
    in_pixels: int = 0

    def __post_init__(self) -> None:
        """Index the names in one Unicode form."""
        self.ids = {form(name): key for key, name in self.names.items()}
        self.forms = {form(name): name for name in self.own.names}

    def take(self, draft: Draft, number: int, line: str) -> None:
        """Add the object of a line to its image."""
        assert draft.seen is not None, "find_images comes first"
        where, fields = f"{draft.where}, line {number}", fields_of(line)
        corners = corners_of(fields)
        if corners is not None and (title := self.names.get(self.ids.get(form(corners.name), NONE))) is not None:
            draft.add(corners.object(self._label(title, draft, number)), where, " ".join(fields))
            self.in_pixels += 1
            return
        shape = self.kind.shape_of(len(fields))
        if shape is None:
            message = f"the line has {plural(len(fields), 'field')}; {self.kind.words}"
            self.repairs.add(draft.name, where, "malformed", message, "dropped")
            return
        key, numbers = self._class_id(fields[0]), numbers_of(fields[1:])
        if numbers is None or key is None or (not _is_number(fields[0]) and max(numbers) > 1):
            message = f"the line {line.strip()[:60]!r} has fields that are not numbers"
            self.repairs.add(draft.name, where, "malformed", message, "dropped")
            return
        title = self.names.get(int(key)) if abs(key) < LARGEST_ID and key == int(key) else None
        if title is None:
            known = f"classes are {min(self.names)} to {max(self.names)}"
            message = f"the class {fields[0]} does not exist; {known}"
            self.repairs.add(draft.name, where, "unknown_class", message, "dropped")
            return
        label = self._label(title, draft, number)
        draft.add(object_of(numbers, label, draft.seen, shape), where, " ".join(fields))
        self.long += len(fields) > BOX_FIELDS
        self.commas += "," in line

    def notes(self) -> list[str]:
        """What is told of the lines."""
        out = [self.kind.note.format(plural(self.long, "object"))] if self.kind.note and self.long else []
        if self.named:
            out.append(f"{plural(self.named, 'line')} with the name of a class instead of its id.")
        if self.in_pixels:
            count = plural(self.in_pixels, "object")
            out.append(f"{count} with corners in pixels and a class name, as in DOTA: read as the boxes around them.")
        if self.commas:
            out.append(f"{plural(self.commas, 'line')} with commas between or in the numbers.")
        return out

    def _label(self, title: str, draft: Draft, number: int) -> int:
        title = self.forms.get(form(title), title)
        return self.own.index(title, where=f"{self.root / draft.where}, line {number}" if self.fixed else "")

    def _class_id(self, text: str) -> float | None:
        """The id of a class that is given by it or by its name; None: neither."""
        named = self.ids.get(form(text))
        try:
            key = float(text)
        except ValueError:
            self.named += named is not None
            return named
        return key if math.isfinite(key) else LARGEST_ID


def _is_number(text: str) -> bool:
    return numbers_of([text]) is not None


def numbers_of(fields: Sequence[str]) -> list[float] | None:
    """Fields as numbers; None: one of them is none."""
    try:
        return [float(text) for text in fields]
    except ValueError:
        return None


def form(name: str) -> str:
    """The Unicode form in which class names are compared."""
    return unicodedata.normalize("NFC", name)
