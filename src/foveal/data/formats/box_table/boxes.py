"""The boxes of all tables of a data set, collected into drafts of its images."""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.catalog.objects import Object
from foveal.data.formats import layout
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.box_table.classes import ClassTable
from foveal.data.formats.box_table.columns import BoxColumns, box_columns_of
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.table.corners import Kind
from foveal.data.formats.table.images import Images
from foveal.data.formats.table.one_hot import YES
from foveal.data.formats.table.text import rows_of, sample_of
from foveal.types.categories import Categories
from foveal.types.flags import Flag

DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
MOST_DIGITS = 18
"""Of a width and a height together."""
LARGEST_FRACTION = 1.001
"""Largest coordinate of boxes that are fractions of the image's sides, with room for rounding."""


@dataclass
class Boxes:
    """The boxes of all tables.

    Attributes:
        images: Finds their images.
        request: What the caller asks.
        drafts: Each image, by its name.
        titles: The class of each object, as a name.
        fractions: Whether all coordinates so far can be fractions.
        broken: Whether a coordinate so far has a fraction.
        decimal_commas: Number of rows with decimal commas in coordinates.
    """

    images: Images
    request: Request
    drafts: dict[str, Draft] = field(default_factory=dict)
    titles: dict[str, int] = field(default_factory=dict)
    fractions: bool = True
    broken: bool = False
    decimal_commas: int = 0

    def add(self, table: Path, name: str, code: int, classes: ClassTable) -> BoxColumns:
        """Add the boxes of a table, in the order and the unit in which it has them.

        Raises:
            DataError: A column is missing, or a row is not text.
            CategoryError: A class that the model's class map lacks.
        """
        sample = sample_of(table)
        columns = box_columns_of(table, sample)
        for line, fields in rows_of(table, sample):
            where = f"{name}, line {line}"
            split = columns.splits.code(fields, f"{table}, line {line}", code)
            written = fields[columns.path].strip()
            if not layout.is_file_name(written):
                message = f"the path {written!r} is not the name of a file"
                self.request.repairs.add("", where, "malformed", message, "dropped")
                continue
            found = self.images.find(written, split)
            if found and split == UNASSIGNED and not columns.splits.columns:
                split = self.images.split_of(found)
            draft = self.drafts.get(found or written)
            if draft is None:
                draft = Draft(found or self.images.resolver.likely(written), where, split)
                if not found and (why := self.images.resolver.why_not(written)) != "does not exist":
                    draft.lost = f"is listed but {why}"
                draft.size = _size(columns, fields)
                self.drafts[found or written] = draft
            elif draft.split != split:
                self.request.repairs.add(draft.name, where, "two_splits", "is in two splits", "kept in the first")
            if sample.delimiter != ",":
                fields = self._with_points(fields, columns)
            self._add_box(draft, columns, fields, where, f"{table}, line {line}", classes)
        return columns

    def _with_points(self, fields: list[str], columns: BoxColumns) -> list[str]:
        """The fields of a row, with points for the decimal commas of coordinates."""
        changed = [at for at in columns.corners.columns if DECIMAL_COMMA.fullmatch(fields[at].strip())]
        self.decimal_commas += bool(changed)
        return [field.replace(",", ".") if at in changed else field for at, field in enumerate(fields)]

    def _add_box(
        self, draft: Draft, columns: BoxColumns, fields: Sequence[str], where: str, place: str, classes: ClassTable
    ) -> None:
        texts = [fields[at].strip() for at in columns.corners.columns]
        written = unicodedata.normalize("NFC", fields[columns.label].strip())
        if not any(texts):
            return
        try:
            box = tuple(map(float, texts))
        except ValueError:
            message = f"the box {', '.join(texts)} is not four numbers"
            self.request.repairs.add(draft.name, where, "malformed", message, "dropped")
            return
        title = classes.titles.get(written, written)
        if not title:
            self.request.repairs.add(draft.name, where, "unknown_class", "the class name is missing", "dropped")
            return
        if self.request.categories is not None:
            label = self.request.categories.index(title, where=place)
        else:
            label = self.titles.setdefault(title, len(self.titles))
        self.fractions &= all(abs(value) <= LARGEST_FRACTION for value in box if math.isfinite(value))
        self.broken |= any(value % 1 for value in box if math.isfinite(value))
        flags = [flag for at, flag in columns.flags if fields[at].strip().lower() in YES]
        draft.add(Object((box[0], box[1], box[2], box[3]), label, int(sum(flags, Flag(0)))), where, where)


def finish(
    drafts: Sequence[Draft],
    boxes: Boxes,
    kind: Kind,
    *,
    fractions: bool,
    order: Categories,
    fixed: Categories | None,
) -> None:
    """Boxes as corners in pixels, labels as the class map has them."""
    places = list(range(len(order))) if fixed else [order.index(title) for title in boxes.titles]
    for draft in drafts:
        width, height = draft.seen if fractions and draft.seen else (1, 1)
        draft.objects = [
            replace(item, box=_corners(item.box, kind, width, height), label=places[item.label])
            for item in draft.objects
        ]


def _corners(
    box: tuple[float, float, float, float], kind: Kind, width: float, height: float
) -> tuple[float, float, float, float]:
    x, y, a, b = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    match kind:
        case "corners":
            return x, y, a, b
        case "corner and size":
            return x, y, x + a, y + b
    return x - a / 2, y - b / 2, x + a / 2, y + b / 2


def _size(columns: BoxColumns, fields: Sequence[str]) -> tuple[int, int] | None:
    """The image's size as the row has it."""
    if columns.size is None:
        return None
    width, height = (fields[at].strip() for at in columns.size)
    return (
        (int(width), int(height)) if width.isdecimal() and height.isdecimal() and int(width) and int(height) else None
    )
