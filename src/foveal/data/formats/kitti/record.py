"""One line of KITTI's ``label_2``: a type, 14 numbers, and perhaps a score."""

import re

from foveal.data.formats.listings.documents import number
from foveal.data.formats.listings.listing import Thing
from foveal.data.formats.listings.shapes import Shape
from foveal.types.flags import Flag

NAME = "kitti"
FIELDS = (
    "truncated", "occluded", "alpha", "x1", "y1", "x2", "y2",
    "height", "width", "length", "x", "y", "z", "rotation_y", "score",
)  # fmt: skip
"""After the type; the size and the place of the object in metres."""
MIN_FIELDS = len(FIELDS)
"""Without a score, with the type."""
IGNORED = "dontcare"
"""The type of regions whose objects are not labelled, in lower case."""
LINE = re.compile(r"[^\s,;]*[^\W\d][^\s,;]*(?:[ \t]+[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?){14,15}[ \t]*\r?")
TRACKED = re.compile(r"\d+ -?\d+ [^\W\d]\S*(?: [-+]?[\d.eE+-]+){14,15}\s*")
"""A line of the tracking benchmark: frame and track come first."""


def thing_of(line: str, where: str) -> Thing:
    """A line as an object; a region to be ignored has no class.

    Raises:
        ValueError: It has another number of fields, or a field is not a number.
    """
    title, *texts = line.split()
    if len(texts) not in (MIN_FIELDS - 1, MIN_FIELDS):
        raise ValueError(f"it has {len(texts) + 1} fields, not {MIN_FIELDS} or {MIN_FIELDS + 1}")
    values = {name: number(text, name) for name, text in zip(FIELDS, texts, strict=False)}
    box = (values["x1"], values["y1"], values["x2"], values["y2"])
    extras = {name: value for name, value in values.items() if name not in ("x1", "y1", "x2", "y2")}
    if title.lower() == IGNORED:
        return Thing("", Shape(box), where, line.strip(), int(Flag.IGNORE))
    flags = Flag.TRUNCATED if values["truncated"] > 0 else 0
    return Thing(title, Shape(box), where, line.strip(), int(flags), extras)
