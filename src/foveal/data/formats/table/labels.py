"""The classes of a table, in order of appearance, and the class map they make."""

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from foveal.data.notes import listed, plural
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories


@dataclass
class Labels:
    """Class names in order of appearance, in one Unicode form.

    Attributes:
        fixed: A model's class map, to which no class is added.
        ids: Provisional id of each name, or the given map's.
        first: Where each class is first named.
        trained: Whether a row of the training split, or without a split, has it.
        forms: Names as written that differ from another in nothing but their Unicode form.
    """

    fixed: Categories | None = None
    ids: dict[str, int] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)
    trained: list[bool] = field(default_factory=list)
    forms: dict[str, set[str]] = field(default_factory=dict)

    def id(self, written: str, where: str, *, trained: bool) -> int:
        """The id of a name; a new name gets the next one."""
        name = unicodedata.normalize("NFC", written)
        self.forms.setdefault(name, set()).add(written)
        if self.fixed is not None:
            return self.fixed.index(written if written in self.fixed else name, where=where)
        if name not in self.ids:
            self.ids[name] = len(self.ids)
            self.first.append(where)
            self.trained.append(trained)
        label = self.ids[name]
        self.trained[label] |= trained
        return label

    def class_map(self, path: Path, *, rows_of_train: bool, least: int = 2) -> tuple[str, ...]:
        """Class names in order; where there are training rows, they alone make the map.

        Args:
            path: The table or the data set, for messages.
            rows_of_train: Whether there is a row of the training split, or without a split.
            least: How many classes there are at least: one where some image is of no class.

        Raises:
            DataError: There are too few classes.
            CategoryError: A class has no training row.
        """
        if self.fixed is not None:
            return self.fixed.names
        order = tuple(sorted(self.ids))
        for name, label in self.ids.items():
            if rows_of_train and not self.trained[label]:
                known = [other for other in order if self.trained[self.ids[other]]]
                raise CategoryError(
                    f"{self.first[label]}: the class {name!r} has no training images.",
                    f"Classes of the training split: {listed(known)}.",
                )
        if len(order) < least:
            only = f"only one class, {order[0]!r}" if order else "no labels at all"
            raise DataError(f"{path} has {only}; classification needs at least two.", "Add images of other classes.")
        return order

    def notes(self) -> list[str]:
        """A note on names that are written in two Unicode forms."""
        twins = sorted(name for name, written in self.forms.items() if len(written) > 1)
        if not twins:
            return []
        verb = "is" if len(twins) == 1 else "are"
        return [f"{plural(len(twins), 'class')} {verb} written in two Unicode forms, read as one: {listed(twins)}."]
