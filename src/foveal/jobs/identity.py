"""What a job is: model, options and images. Another job never goes on with what this one has written."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from foveal.data.notes import plural
from foveal.inference.load import file_to_run
from foveal.jobs.inputs import Inputs, items_of
from foveal.jobs.items import Item, shown_name
from foveal.jobs.work import Work
from foveal.types.selection import flag_of
from foveal.version import __version__

LAYOUT = 1
"""Of the folder of parts and of the table."""


@dataclass(frozen=True)
class Identity:
    """What decides on the rows of a table.

    Attributes:
        model: SHA-256 of the model's file that is run.
        options: How it predicts.
        num_images: How many images.
        inputs: SHA-256 of their names, sizes and ages.
        columns: Of the table.
        per_part: Images in a part.
        version: Of Foveal.
        layout: Of the folder.
    """

    model: str
    options: Mapping[str, object]
    num_images: int
    inputs: str
    columns: str
    per_part: int
    version: str = __version__
    layout: int = LAYOUT

    @classmethod
    def of(cls, work: Work, inputs: Inputs, columns: object) -> Self:
        """Of a job that is about to begin or to go on."""
        with file_to_run(work.model, work.engine).open("rb") as file:
            model = hashlib.file_digest(file, "sha256").hexdigest()
        shape = json.dumps(columns, default=lambda each: [each.shape])
        return cls(model, work.options(), inputs.count, inputs.digest, shape, inputs.per_part)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of ``to_json``.

        Raises:
            ValueError: It is not what ``to_json`` gives.
        """
        try:
            return cls(**json.loads(text))
        except TypeError as error:
            raise ValueError(str(error)) from None

    def to_json(self) -> str:
        """One document."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def differences(self, now: "Identity") -> list[str]:
        """What another job has otherwise, in words; empty: it is the same. Of images see ``first_difference``."""
        found = []
        if self.model != now.model:
            found.append("the model's file is another")
        for name in dict.fromkeys([*self.options, *now.options]):
            before, after = self.options.get(name), now.options.get(name)
            if before != after:
                found.append(f"{flag_of(name)} was {_in_words(before)} and is {_in_words(after)}")
        if self.inputs != now.inputs:
            counts = f"{plural(self.num_images, 'image')} then, {now.num_images:,} now"
            found.append(f"the images are others ({counts})")
        if self.version != now.version:
            found.append(f"Foveal was {self.version} and is {now.version}")
        if not found and self != now:
            found.append("its table has another layout")
        return found


def first_difference(before: Path, after: Path) -> str:
    """Where two lists of images begin to differ, in words."""
    old, new = items_of(before), items_of(after)
    while True:
        then, now = next(old, None), next(new, None)
        if then == now and then is not None:
            continue
        if then is None or now is None:
            rest = then or now
            return f"{_named(rest)} is {'new' if then is None else 'gone'}" if rest else "none"
        if then.name == now.name:
            return f"{_named(now)} has changed"
        return f"{_named(now)} is where {_named(then)} was"


def _named(item: Item) -> str:
    return shown_name(item.name)


def _in_words(value: object) -> str:
    match value:
        case None | [] | False:
            return "not given"
        case True:
            return "given"
        case list():
            return " ".join(map(str, value))
    return str(value)
