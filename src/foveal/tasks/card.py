"""The sections of a model card that depend on its task. No torch."""

from collections.abc import Callable

from pydantic import ValidationError

from foveal.artifact.card import DAMAGED, Card, wrong_card, wrong_field
from foveal.errors import ArtifactError, FovealError
from foveal.models.config import ModelConfig
from foveal.tasks.table import STREAMS, get_spec, get_stream


def check_card(card: Card, *, where: str) -> None:
    """Check the sections of a card that belong to its task, before anything is built from them.

    Args:
        card: As the artifact read it.
        where: The file, for messages.

    Raises:
        ArtifactError: Unknown task, or values that it does not accept; file and field are named.
    """
    if card.task in STREAMS:
        raise ArtifactError(
            f"{where}: a model on {get_stream(card.task).data}, not on images.",
            "`foveal evaluate` and `foveal export` take it, and `foveal"
            f" {'generate' if get_stream(card.task).generates else 'predict'}`.",
        )
    try:
        spec = get_spec(card.task)
    except FovealError as error:
        raise wrong_card(error, where=where) from None
    if card.classes is None:
        raise ArtifactError(f"{where}: the model card's field 'classes' is wrong (Field required).", DAMAGED)
    if card.input.kind != "image":
        raise ArtifactError(
            f"{where}: the model card's field 'input.kind' is wrong ({card.input.kind!r} for a task on images).",
            DAMAGED,
        )
    checks: dict[str, Callable[[], object]] = {
        "model": lambda: ModelConfig.model_validate(card.model),
        "own": lambda: spec.settings.model_validate(spec.kept(card.own)),
        "decode": lambda: spec.open(card.categories, card.decode),
    }
    for section, check in checks.items():
        try:
            check()
        except ValidationError as error:
            raise wrong_field(error, where=where, section=section) from None
        except FovealError as error:
            raise wrong_card(error, where=where) from None


def check_stream_card(card: Card, *, where: str) -> None:
    """The same of a model on streams.

    Raises:
        ArtifactError: A model on images, or values that its task does not accept; file and field are named.
    """
    if card.task not in STREAMS:
        raise ArtifactError(f"{where}: a model on images ({card.task}).", "Use `foveal predict` with it.")
    kind = get_stream(card.task).kind
    if card.input.kind != kind:
        raise ArtifactError(
            f"{where}: the model card's field 'input.kind' is wrong ({card.input.kind!r}, not {kind!r}).", DAMAGED
        )
    try:
        get_stream(card.task).open(card)
    except ValidationError as error:
        raise wrong_field(error, where=where, section="own") from None
    except FovealError as error:
        raise wrong_card(error, where=where) from None
