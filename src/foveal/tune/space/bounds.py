"""What a setting allows, read from its own definition in RunConfig."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from foveal.config.schema import RunConfig
from foveal.tune.space.dimension import Value
from foveal.types.settings import Settings
from foveal.types.size import MAX_PX, MIN_PX, Size


@dataclass(frozen=True)
class Bounds:
    """What a setting allows.

    Attributes:
        low: The least number, which ``open_low`` excludes.
        high: The largest number, which ``open_high`` excludes.
        open_low: Whether ``low`` itself is not allowed.
        open_high: Whether ``high`` itself is not allowed.
        whole: Whether numbers are whole.
        words: Whether it is a text, such as the name of a backbone.
        values: The only ones that are allowed; empty: numbers, or texts.
        default: Of the setting.
    """

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    whole: bool = False
    words: bool = False
    values: tuple[Value, ...] = ()
    default: Any = None

    def holds(self, value: float) -> bool:
        """Whether a number is allowed."""
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    @property
    def numeric(self) -> bool:
        """Whether it is a number."""
        return not self.words and not self.values

    def allows(self, value: Value) -> bool:
        """Whether a value of any kind is allowed."""
        if not self.numeric:
            return isinstance(value, str) if self.words else value in self.values
        if isinstance(value, bool | str) or (self.whole and not isinstance(value, int)):
            return False
        return self.holds(value)

    @property
    def text(self) -> str:
        """For a message: ``above 0, at most 100``."""
        if self.words:
            return "any text"
        if self.values:
            return ", ".join(map(str, self.values))
        parts = []
        if math.isfinite(self.low):
            parts.append(f"above {self.low:g}" if self.open_low else f"at least {self.low:g}")
        if math.isfinite(self.high):
            parts.append(f"below {self.high:g}" if self.open_high else f"at most {self.high:g}")
        return ", ".join(parts) or "any number"


def bounds_of(key: str) -> Bounds | None:
    """What a setting allows; None: it is a list or the like.

    Args:
        key: Dotted, and known.
    """
    section, _, name = key.rpartition(".")
    settings: type[Settings] = RunConfig
    if section:
        kind = RunConfig.model_fields[section].annotation
        assert isinstance(kind, type) and issubclass(kind, Settings), "a section"
        settings = kind
    field = settings.model_fields[name]
    return _bounds(field.annotation, field.metadata, field.get_default())


def _bounds(kind: Any, metadata: Sequence[object], default: object) -> Bounds | None:
    while True:
        origin = get_origin(kind)
        if origin in (Union, UnionType):
            inner = [one for one in get_args(kind) if one is not NoneType]
            kind = inner[0]  # a number, and perhaps a word beside it, such as "backbone"
        elif origin is Annotated:
            kind, *more = get_args(kind)
            fields = [part for one in more for part in (one.metadata if isinstance(one, FieldInfo) else [one])]
            metadata = [*metadata, *fields]
        else:
            break
    if origin is Literal:
        return Bounds(values=get_args(kind), default=default)
    if kind is bool:
        return Bounds(values=(False, True), default=default)
    if kind is str:
        return Bounds(words=True, default=default)
    if kind is Size:  # a square's side
        return Bounds(low=MIN_PX, high=MAX_PX, whole=True, default=default)
    if kind not in (int, float):
        return None
    found: dict[str, Any] = {}
    for one in metadata:
        match one:
            case Ge():
                found |= {"low": float(str(one.ge))}
            case Gt():
                found |= {"low": float(str(one.gt)), "open_low": True}
            case Le():
                found |= {"high": float(str(one.le))}
            case Lt():
                found |= {"high": float(str(one.lt)), "open_high": True}
    return Bounds(**found, whole=kind is int, default=default)
