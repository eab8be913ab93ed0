"""The table of tasks, and how their parts are opened.

A new task is a folder and one line of ``TASKS``, or of ``STREAMS`` if it is not on images. A folder has a module
``spec`` with a ``TaskSpec`` or ``StreamSpec`` named ``SPEC``; it is imported on first use, and torch only with
``open_task``.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from foveal.artifact.card import Card
from foveal.errors import ConfigError, MissingExtraError
from foveal.tasks.contract import Configured, TaskSpec
from foveal.tasks.output import Output, SomeTruth
from foveal.types.predictions.prediction import Prediction
from foveal.types.settings import Settings

if TYPE_CHECKING:
    from foveal.data.catalog.catalog import Annotation
    from foveal.models.contract import Model
    from foveal.tasks.contract import Task
    from foveal.tasks.stream import AnyStreamOutput, AnyStreamSpec

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
"""The package of each task on images, by name; of two that learn from the same annotations the first is the default."""
STREAMS: Mapping[str, str] = {"sequence": "foveal.tasks.sequence", "forecast": "foveal.tasks.forecast"}
"""The package of each task on streams, texts and series, by name."""


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


@cache
def get_stream(name: str) -> "AnyStreamSpec":
    """What is known of a task on streams without data or a model.

    Raises:
        ConfigError: Unknown task.
    """
    if name not in STREAMS:
        raise ConfigError(f"Unknown task {name!r}.", f"Tasks on streams: {', '.join(STREAMS)}.")
    spec = import_module(f"{STREAMS[name]}.spec").SPEC
    assert isinstance(spec, Configured), f"{STREAMS[name]}.spec.SPEC is a StreamSpec"
    return cast("AnyStreamSpec", spec)


def get_section(name: str) -> Configured[Settings]:
    """What any task has in the configuration.

    Raises:
        ConfigError: Unknown task.
    """
    section = get_stream(name) if name in STREAMS else get_spec(name)
    return cast("Configured[Settings]", section)


def stream_for(path: Path) -> str | None:
    """The task on streams that data is for, as its beginning shows; None: none, as for images."""
    return next((name for name in STREAMS if get_stream(name).reads(path)), None)


def open_stream(card: Card) -> "AnyStreamOutput":
    """The part of a model on streams that needs no torch."""
    return get_stream(card.task).open(card)


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
    return bind_task(spec.name, spec.settings.model_validate(spec.kept(card.own)), open_output(card))


def bind_task(name: str, own: Settings, output: AnyOutput) -> AnyTask:
    """The part that needs torch of a task about to be trained.

    Raises:
        MissingExtraError: torch or another training package is not installed.
    """
    try:
        return get_spec(name).task(own, output)
    except ModuleNotFoundError as error:
        raise MissingExtraError("train or run a network", error.name or "torch") from None
