"""The model card: all that describes a trained model besides its weights. No torch.

Only what holds for every model is checked here; ``tasks.card`` checks what belongs to a task.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from foveal.errors import ArtifactError, FovealError
from foveal.types.categories import Categories
from foveal.types.input_spec import InputSpec
from foveal.types.settings import Settings
from foveal.types.streams.series_spec import SeriesSpec
from foveal.types.streams.text_spec import TextSpec
from foveal.version import __version__

FORMAT = 2
"""Version of the card; a file with a later one is refused."""
DAMAGED = "The file is damaged; use another copy."


class CategoriesCard(Settings):
    """The class map as it is stored."""

    names: tuple[str, ...]
    """Class names, in order of id."""
    source_ids: tuple[int, ...] = ()
    """The ids the data set used."""
    ignore_ids: tuple[int, ...] = ()
    """The data set's ids of what is ignored."""
    colors: tuple[tuple[int, int, int], ...] = ()
    """The data set's colours."""

    @property
    def categories(self) -> Categories:
        """The class map; checks itself."""
        return Categories(self.names, self.source_ids, self.ignore_ids, self.colors)


class SplitCard(Settings):
    """How samples are held out for validation, where the data set has no validation split."""

    seed: Annotated[int, Field(ge=0, lt=2**63)]
    """Seed of the split."""
    val_fraction: Annotated[float, Field(gt=0, lt=1)]
    """Fraction of each class."""
    groups: str = ""
    """Rule for samples that hang together and are never parted; empty: each stands alone."""
    folds: Annotated[int, Field(ge=0)] = 0
    """Parts of a cross-validation, one of which was held out; 0: a fraction was."""
    fold: Annotated[int, Field(ge=1)] = 1
    """That part."""
    train_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Fraction of the other samples that was trained on."""
    fraction_seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seed of that choice."""


Input = Annotated[InputSpec | SeriesSpec | TextSpec, Field(discriminator="kind")]
"""All kinds of input; a new one is a class with its own ``kind``, listed here."""
InputT = TypeVar("InputT", InputSpec, SeriesSpec, TextSpec)


class Card(Settings):
    """The header of a model file."""

    format: int = FORMAT
    """Version of this card."""
    foveal: str = __version__
    """Version of Foveal that wrote it."""
    task: str
    """Name of the task."""
    classes: CategoriesCard | None = None
    """The class map, where the task has one."""
    input: Input
    """The input and its preprocessing."""
    model: dict[str, Any]
    """Settings of the backbone or, where there is none, of the network."""
    own: dict[str, Any]
    """The task's own settings."""
    decode: dict[str, Any]
    """How raw outputs become predictions."""
    outputs: dict[str, str] = Field(default={})
    """What each output of an exported graph is, for programs that read the card."""
    metrics: dict[str, tuple[float, float, float]] = Field(default={})
    """Headline numbers on the validation split: value, low, high."""
    data: dict[str, Any] = Field(default={})
    """Fingerprint of the data set and samples per split."""
    split: SplitCard | None = None
    """How training held samples out."""
    versions: dict[str, str] = Field(default={})
    """Versions of the libraries that trained it."""
    evidence: dict[str, tuple[int, int]] = Field(default={})
    """Of an exported file: outputs that say where the evidence for a class lies, and the (columns, rows) of each."""

    @property
    def categories(self) -> Categories:
        """The class map of a task that has classes."""
        assert self.classes is not None, "the card of a task with classes"
        return self.classes.categories

    @property
    def of_model(self) -> "Card":
        """The card of the model itself, without what an exported file adds."""
        return self.model_copy(update={"evidence": {}, "outputs": {}})

    def input_as(self, kind: type[InputT]) -> InputT:
        """The input, of the kind that the task takes."""
        assert isinstance(self.input, kind), f"the card of a task that takes {kind.__name__}"
        return self.input


def parse_card(text: str, *, where: str) -> Card:
    """Read a card.

    Args:
        text: JSON.
        where: The file, for messages.

    Raises:
        ArtifactError: Not a card, or one of another version; the message names the file and the field.
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
            f"{where}: the model card's field 'format' is {version!r}, not the whole number {FORMAT}.", DAMAGED
        )
    if version != FORMAT:
        raise ArtifactError(
            f"{where}: written by Foveal {values.get('foveal', '?')}, whose card format is {version}; this Foveal reads"
            f" {FORMAT}.",
            "Install a newer Foveal: pip install --upgrade foveal" if version > FORMAT else "Train the model again.",
        )
    try:
        card = Card.model_validate(values)
        if card.classes is not None:
            card.classes.categories  # noqa: B018  checks itself
    except ValidationError as error:
        raise wrong_field(error, where=where) from None
    except FovealError as error:
        raise wrong_card(error, where=where) from None
    return card


def wrong_field(error: ValidationError, *, where: str, section: str = "") -> ArtifactError:
    """The error for a card with an invalid field.

    Args:
        error: What pydantic found.
        where: The file.
        section: The card's field that was checked on its own; empty: the whole card.
    """
    first = error.errors()[0]
    place = first["loc"]
    if section:
        place = (section, *place)
    elif place[0] == "input":
        place = (place[0], *place[2:])  # pydantic puts the kind of the input between
    field = ".".join(map(str, place))
    return ArtifactError(f"{where}: the model card's field {field!r} is wrong ({first['msg']}).", DAMAGED)


def wrong_card(error: FovealError, *, where: str) -> ArtifactError:
    """The error for a card that contradicts itself."""
    return ArtifactError(f"{where}: the model card is wrong. {error.what}", DAMAGED)
