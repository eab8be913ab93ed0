"""The table of tasks, and how their parts are opened.

A new task is a folder and one line of ``TASKS``. A folder has a module ``spec`` with a ``TaskSpec`` named
``SPEC``; it is imported on first use, and torch only with ``open_task``.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias, cast

from foveal.artifact.card import Card
from foveal.errors import ConfigError, MissingExtraError
from foveal.tasks.contract import Output, SomeTruth, TaskSpec
from foveal.types.predictions.prediction import Prediction
from foveal.types.settings import Settings

if TYPE_CHECKING:
    from foveal.data.catalog.catalog import Annotation
    from foveal.models.contract import Model
    from foveal.tasks.contract import Task

AnyOutput: TypeAlias = Output[SomeTruth, Prediction]
"""The output of any task."""
AnySpec: TypeAlias = "TaskSpec[Settings, AnyOutput, Model]"
AnyTask: TypeAlias = "Task[Settings, AnyOutput, Model]"

TASKS: Mapping[str, str] = {
    "classify": "foveal.tasks.classify",
    "detect": "foveal.tasks.detect",
    "segment": "foveal.tasks.segment",
    "instance": "foveal.tasks.instance",
}
"""The package of each task, by name; of two that learn from the same annotations the first is the default."""


@cache
def get_spec(name: str) -> AnySpec:
    """What is known of a task without data or a model.

    Raises:
        ConfigError: Unknown task.
    """
    if name not in TASKS:
        raise ConfigError(f"Unknown task {name!r}.", f"Tasks: {', '.join(TASKS)}.")
    spec = import_module(f"{TASKS[name]}.spec").SPEC
    assert isinstance(spec, TaskSpec), f"{TASKS[name]}.spec.SPEC is a TaskSpec"
    # A spec's settings, output and network fit each other; nothing outside mixes those of two tasks.
    return cast(AnySpec, spec)


def task_for(annotation: "Annotation") -> str:
    """The task that learns from an annotation unless another is asked for."""
    return next(name for name in TASKS if get_spec(name).annotations[0] == annotation)


def open_output(card: Card) -> AnyOutput:
    """The part of a trained model that needs no torch."""
    return get_spec(card.task).open(card.categories, card.decode)


def open_task(card: Card) -> AnyTask:
    """The part of a trained model that needs torch.

    Raises:
        MissingExtraError: torch or another training package is not installed.
    """
    spec = get_spec(card.task)
    return bind_task(spec.name, spec.settings.model_validate(card.own), open_output(card))


def bind_task(name: str, own: Settings, output: AnyOutput) -> AnyTask:
    """The part that needs torch of a task about to be trained.

    Raises:
        MissingExtraError: torch or another training package is not installed.
    """
    try:
        return get_spec(name).task(own, output)
    except ModuleNotFoundError as error:
        raise MissingExtraError("train or run a network", error.name or "torch") from None
