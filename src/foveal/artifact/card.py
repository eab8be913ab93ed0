"""What a trained model is, in words: everything but the weights. No torch."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from foveal.errors import ArtifactError, FovealError
from foveal.models.config import ModelConfig
from foveal.tasks.table import get_output, get_settings
from foveal.types.categories import Categories
from foveal.types.input_spec import InputSpec
from foveal.types.settings import Settings
from foveal.version import __version__

FORMAT = 1
"""Version of the card; a file with a later one is refused."""
DAMAGED = "The file is damaged; use another copy."


class CategoriesCard(Settings):
    """The class map as it is stored."""

    names: tuple[str, ...]
    """Class names, in order of id."""
    source_ids: tuple[int, ...] = ()
    """The ids the data set used."""
    ignore_ids: tuple[int, ...] = ()
    """The data set's ids of what counts nowhere."""
    colors: tuple[tuple[int, int, int], ...] = ()
    """The data set's colours."""


class SplitCard(Settings):
    """How images are held out to validate with, where the data set does not say which."""

    seed: Annotated[int, Field(ge=0, lt=2**63)]
    """Of the choice."""
    val_fraction: Annotated[float, Field(gt=0, lt=1)]
    """Part of each class."""


class Card(Settings):
    """The header of a model file."""

    format: int = FORMAT
    """Version of this card."""
    foveal: str = __version__
    """Version of Foveal that wrote it."""
    task: str
    """Name of the task."""
    classes: CategoriesCard
    """The class map."""
    input: InputSpec
    """The preparation."""
    model: dict[str, Any]
    """Settings of the backbone."""
    own: dict[str, Any]
    """The task's own settings."""
    decode: dict[str, Any]
    """How raw outputs become answers."""
    metrics: dict[str, tuple[float, float, float]] = Field(default={})
    """Headline numbers on the validation split: value, low, high."""
    data: dict[str, Any] = Field(default={})
    """Fingerprint of the data set and images per split."""
    split: SplitCard | None = None
    """How training kept images back."""
    versions: dict[str, str] = Field(default={})
    """Versions of the libraries that trained it."""

    @property
    def categories(self) -> Categories:
        """The class map."""
        own = self.classes
        return Categories(own.names, own.source_ids, own.ignore_ids, own.colors)


def parse_card(text: str, *, where: str) -> Card:
    """Read a card.

    Args:
        text: JSON.
        where: The file, for messages.

    Raises:
        ArtifactError: Not a card, or one of a later version; the message names the file and the field.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise ArtifactError(f"{where}: the model card is not JSON.", DAMAGED) from None
    if not isinstance(values, Mapping):
        raise ArtifactError(f"{where}: the model card is not an object.", DAMAGED)
    version = values.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ArtifactError(
            f"{where}: the model card's field 'format' is {version!r}, not a whole number from 1 to {FORMAT}.", DAMAGED
        )
    if version > FORMAT:
        raise ArtifactError(
            f"{where}: written by Foveal {values.get('foveal', '?')} (card format {version}; this Foveal reads up to"
            f" {FORMAT}).",
            "Install a newer Foveal: pip install --upgrade foveal",
        )
    section = ""
    try:
        card = Card.model_validate(values)
        card.categories  # noqa: B018  checks itself
        output = get_output(card.task)
        section = "model."
        ModelConfig.model_validate(card.model)
        section = "own."
        get_settings(card.task).model_validate(card.own)
        section = "decode."
        output.decode(card.decode)
    except ValidationError as error:
        first = error.errors()[0]
        field = section + ".".join(str(part) for part in first["loc"])
        raise ArtifactError(f"{where}: the model card's field {field!r} is wrong ({first['msg']}).", DAMAGED) from None
    except FovealError as error:
        raise ArtifactError(f"{where}: the model card is wrong. {error.what}", DAMAGED) from None
    return card
