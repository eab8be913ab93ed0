"""How values are written in one line under 200 characters, however much is inside; for ``repr``. Imports nothing.

A class takes it as ``__repr__ = brief``.
"""

import reprlib
from collections.abc import Iterable
from itertools import islice
from typing import Any

LINE_CHARACTERS = 160
"""Fields beyond it are left out."""


class _Short(reprlib.Repr):
    """The values of fields: few items, short strings, and of arrays the type and shape."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 2
        self.maxtuple = self.maxlist = self.maxdict = self.maxset = 3
        self.maxstring, self.maxother = 100, 60

    def repr_ndarray(self, array: Any, level: int) -> str:  # noqa: ARG002  called by name of the type
        """For example ``float64 (20, 4)``."""
        return f"{array.dtype} {array.shape}"


_SHORT = _Short()
_LONG = _Short()
_LONG.maxstring = LINE_CHARACTERS
_FEW = _Short()
_FEW.maxstring = 40


def brief(value: Any) -> str:
    """One line: the fields of a dataclass or a pydantic model that are not at their defaults, cut where they are long.

    For example ``BoxTruth(boxes=float64 (20, 4), labels=int32 (20,), flags=uint8 (20,), areas=float64 (20,))``.
    """
    return one_line(type(value).__name__, ((name, item) for name, item in _fields(value)))


def one_line(kind: str, fields: Iterable[tuple[str, Any]]) -> str:
    """For example ``Finding(severity='note', text='All 20 images are right.')``."""
    parts: list[str] = []
    for name, item in fields:
        part = f"{name}={_SHORT.repr(item)}"
        if sum(map(len, parts)) + len(part) > LINE_CHARACTERS - 4 * len(parts):
            parts.append("...")
            break
        parts.append(part)
    return f"{kind}({', '.join(parts)})".replace("\n", " ")


def sentence(kind: str, text: str) -> str:
    """A name and one text, which may fill the line: ``ImageError('a.jpg: is empty.')``."""
    return f"{kind}({_LONG.repr(text)})"


def listed(items: Iterable[Any]) -> str:
    """The first of several: ``('ants/1.jpg', 'ants/2.jpg', 'ants/3.jpg', ...)``."""
    return _FEW.repr(tuple(islice(items, _FEW.maxtuple + 1)))


def _fields(value: Any) -> Iterable[tuple[str, Any]]:
    model = getattr(type(value), "model_fields", None)
    described = value.__dataclass_fields__ if model is None else model
    for name, field in described.items():
        item = getattr(value, name)
        if not (item is field.default or (isinstance(item, str | int | float | tuple) and item == field.default)):
            yield name, item
