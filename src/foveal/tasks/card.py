"""The sections of a model card that depend on its task. No torch."""

from collections.abc import Callable

from pydantic import ValidationError

from foveal.artifact.card import DAMAGED, Card, wrong_card, wrong_field
from foveal.errors import ArtifactError, FovealError
from foveal.models.config import ModelConfig
from foveal.tasks.table import get_spec


def check_card(card: Card, *, where: str) -> None:
    """Check the sections of a card that belong to its task, before anything is built from them.

    Args:
        card: As the artifact read it.
        where: The file, for messages.

    Raises:
        ArtifactError: Unknown task, or values that it does not accept; file and field are named.
    """
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
        "own": lambda: spec.settings.model_validate(card.own),
        "decode": lambda: spec.open(card.categories, card.decode),
    }
    for section, check in checks.items():
        try:
            check()
        except ValidationError as error:
            raise wrong_field(error, where=where, section=section) from None
        except FovealError as error:
            raise wrong_card(error, where=where) from None
