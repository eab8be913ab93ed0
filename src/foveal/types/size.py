"""The size of a network's input, in pixels: a square, or width x height as sizes of photographs are written."""

import re
from collections.abc import Sequence
from typing import Any, Final, Self

from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import core_schema

from foveal.errors import ConfigError

MIN_PX, MAX_PX = 8, 4096
"""Bounds of a side."""
WRITTEN = re.compile(r"\s*(\d+)\s*[xX\N{MULTIPLICATION SIGN}]\s*(\d+)\s*")


class Size:
    """Width and height in pixels; never changed.

    As a setting it is read from ``416`` (a square), ``"480x352"`` (width x height) or ``[480, 352]``. It is written as
    a number where it is square, else as ``[480, 352]``. No dataclass: the command line would make it two options.

    Args:
        width: Columns.
        height: Rows.
    """

    __slots__ = ("height", "width")

    def __init__(self, width: int, height: int) -> None:
        self.width: Final = width
        self.height: Final = height

    @classmethod
    def square(cls, side: int) -> Self:
        """As wide as high."""
        return cls(side, side)

    @classmethod
    def of(cls, plain: int | Sequence[int]) -> Self:
        """From what ``plain`` gives."""
        return cls.square(plain) if isinstance(plain, int) else cls(plain[0], plain[-1])

    @classmethod
    def of_aspect(cls, side: int, aspect: float, *, multiple: int = 1) -> Self:
        """About as many pixels as a square of a side, and of an aspect.

        Args:
            side: Of the square, in pixels.
            aspect: Width over height; beyond 4:1 and 1:4 it is taken as those.
            multiple: What both sides are a multiple of, in pixels.
        """
        root = min(max(aspect, 1 / 4), 4.0) ** 0.5
        width, height = (max(1, round(length / multiple)) * multiple for length in (side * root, side / root))
        return cls(width, height)

    @property
    def is_square(self) -> bool:
        """Whether it is as wide as high."""
        return self.width == self.height

    @property
    def sides(self) -> tuple[int, int]:
        """(width, height)."""
        return self.width, self.height

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width): rows and columns, as arrays have them."""
        return self.height, self.width

    @property
    def longer(self) -> int:
        """The longer side."""
        return max(self.sides)

    @property
    def area(self) -> int:
        """Pixels."""
        return self.width * self.height

    @property
    def plain(self) -> int | list[int]:
        """As JSON and TOML have it: the side of a square, else [width, height]."""
        return self.width if self.is_square else [self.width, self.height]

    @property
    def in_px(self) -> str:
        """For a screen: ``480 x 352 px``."""
        return f"{self.width} x {self.height} px"

    def scale(self, width: float, height: float) -> float:
        """The largest scale at which an image of this width and height is all inside."""
        return min(self.width / width, self.height / height)

    def times(self, factor: float, *, multiple: int = 1) -> "Size":
        """Both sides times a factor, to the nearest multiple of so many pixels, at least one of it."""
        width, height = (max(1, round(side * factor / multiple)) * multiple for side in self.sides)
        return Size(width, height)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Size) and self.sides == other.sides

    def __hash__(self) -> int:
        return hash(self.sides)

    def __str__(self) -> str:
        """As it is given on the command line: ``416`` or ``480x352``."""
        return str(self.width) if self.is_square else f"{self.width}x{self.height}"

    __repr__ = __str__

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """A side is checked as a number with bounds, so that messages are those of any number."""
        return core_schema.no_info_wrap_validator_function(
            cls._read,
            core_schema.int_schema(ge=MIN_PX, le=MAX_PX),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda size: size.plain),
        )

    @classmethod
    def _read(cls, value: object, side: core_schema.ValidatorFunctionWrapHandler) -> Self:
        sides: tuple[Any, ...]
        match value:
            case Size():
                sides = value.sides
            case [width, height]:
                sides = (width, height)
            case str() if (written := WRITTEN.fullmatch(value)) is not None:
                sides = written.groups()
            case str() if not value.strip().lstrip("+-").isdigit():
                raise ValueError("a size is a side in pixels, such as 416, or width x height, such as 480x352")
            case _:
                return cls.square(side(value))
        try:
            return cls(*map(side, sides))
        except ValidationError:  # of a side: the whole is what was given
            raise ValueError(f"width and height must be whole pixels from {MIN_PX} to {MAX_PX}") from None


def read_size(text: str) -> Size:
    """A size as it is given on the command line.

    Raises:
        ConfigError: No size, or one out of its bounds.
    """
    try:
        return TypeAdapter(Size).validate_python(text)
    except ValidationError as error:
        raise ConfigError(
            f"--size {text} is not allowed.",
            f"Use a side of {MIN_PX} to {MAX_PX:,} pixels, such as 416, or width x height, such as 480x352.",
        ) from error
