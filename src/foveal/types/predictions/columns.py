"""The columns of a table of predictions, in plain words, so that every file format makes the same of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Cell = Literal["text", "number", "whole", "flag", "rle"]
"""Text; a float; an integer; true or false; a mask as COCO's run lengths, ``{"size": [h, w], "counts": text}``."""


@dataclass(frozen=True)
class ListOf:
    """Any number of cells of one shape."""

    shape: "Shape"


Shape: TypeAlias = "Cell | ListOf | Mapping[str, Shape]"
"""A cell, a list, or several named ones."""
Columns = Mapping[str, Shape]
"""The columns by name, in order; each may be empty (null) in a row."""


def polygon_columns(shape: Shape) -> Shape:
    """The same columns with masks as polygons, ``[[x, y, x, y, ...], ...]``, in place of run lengths."""
    match shape:
        case "rle":
            return ListOf(ListOf("number"))
        case ListOf(inner):
            return ListOf(polygon_columns(inner))
        case Mapping():
            return {name: polygon_columns(inner) for name, inner in shape.items()}
    return shape
