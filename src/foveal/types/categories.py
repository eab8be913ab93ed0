"""The class map: read once, saved in the model, enforced everywhere after."""

import colorsys
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from foveal.brief import brief
from foveal.errors import CategoryError


@dataclass(frozen=True)
class Categories:
    """Class names in order; a class's index is its id inside Foveal, 0 to K-1.

    Attributes:
        names: K unique, non-empty names.
        source_ids: The ids in the source, one per class; empty where the source has none.
        ignore_ids: Source ids whose pixels or objects are ignored.
        colors: Red, green and blue of each class, as the source draws them; empty where it has none.
    """

    names: tuple[str, ...]
    source_ids: tuple[int, ...] = field(default=())
    ignore_ids: tuple[int, ...] = ()
    colors: tuple[tuple[int, int, int], ...] = ()

    __repr__ = brief

    def __post_init__(self) -> None:
        """Check names and ids.

        Raises:
            CategoryError: A name is empty, not UTF-8 or appears twice, or the ids do not match the names.
        """
        if not self.names:
            raise CategoryError("There are no classes.", "Name at least one class.")
        seen: set[str] = set()
        for name in self.names:
            if not name.strip():
                raise CategoryError("A class has an empty name.", "Give every class a name.")
            if name in seen:
                raise CategoryError(f"The class {name!r} is listed twice.", "Give every class a unique name.")
            if any("\ud800" <= letter <= "\udfff" for letter in name):
                raise CategoryError(
                    f"The class name {name!r} is not UTF-8, so no model can store it.",
                    "Rename the class or its folder.",
                )
            seen.add(name)
        if self.source_ids and len(self.source_ids) != len(self.names):
            raise CategoryError(
                f"{len(self.names)} classes came with {len(self.source_ids)} ids.", "Give one id for each class."
            )
        if self.colors and len(self.colors) != len(self.names):
            raise CategoryError(
                f"{len(self.names)} classes came with {len(self.colors)} colours.", "Give one colour for each class."
            )
        both = sorted(set(self.source_ids) & set(self.ignore_ids))
        if both:
            raise CategoryError(f"The id {both[0]} is both a class and ignored.", "Remove one of the two.")
        if len(set(self.source_ids)) != len(self.source_ids):
            raise CategoryError("Two classes share one id.", "Give every class a unique id.")

    def __len__(self) -> int:
        """K, the number of classes."""
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        """The names, in order of id."""
        return iter(self.names)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    def __contains__(self, name: object) -> bool:
        """Whether a class of that name exists."""
        return name in self._ids

    def index(self, name: str, *, where: str = "") -> int:
        """The id of a class.

        Args:
            name: The class.
            where: The file, line or folder that names it, for the message.

        Raises:
            CategoryError: No such class; the message suggests the nearest name.
        """
        try:
            return self._ids[name]
        except KeyError:
            near = get_close_matches(name, self.names, n=1)
            known = ", ".join(self.names[:10]) + (", ..." if len(self.names) > 10 else "")
            raise CategoryError(
                f"{where + ': ' if where else ''}unknown class {name!r}.",
                f"Did you mean {near[0]!r}? Known classes: {known}." if near else f"Known classes: {known}.",
            ) from None

    def color(self, index: int) -> tuple[int, int, int]:
        """An RGB colour for a class: the source's own, or one distinct from its neighbours' (golden-angle hues)."""
        if self.colors:
            return self.colors[index]
        hue = (index * 0.61803398875 + 0.58) % 1.0
        red, green, blue = colorsys.hsv_to_rgb(hue, 0.72 if index % 2 else 0.86, 0.92 if index % 3 else 0.78)
        return round(red * 255), round(green * 255), round(blue * 255)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "names": list(self.names),
            "source_ids": list(self.source_ids),
            "ignore_ids": list(self.ignore_ids),
            "colors": [list(color) for color in self.colors],
        }
