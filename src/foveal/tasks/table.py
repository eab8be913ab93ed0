"""Which tasks there are. Adding one is two lines in each function."""

from typing import TYPE_CHECKING

from foveal.data.catalog.catalog import Annotation
from foveal.errors import ConfigError, MissingExtraError
from foveal.tasks.contract import Output
from foveal.types.settings import Settings

if TYPE_CHECKING:
    from foveal.tasks.contract import Task

TASKS = ("classify", "detect", "segment", "instance")
"""Names of all tasks."""


def task_for(annotation: Annotation) -> str:
    """The task that learns from an annotation unless another is asked for."""
    match annotation:
        case "labels":
            return "classify"
        case "boxes":
            return "detect"
        case "masks":
            return "segment"


def get_output(name: str) -> Output:
    """The half of a task that needs no torch.

    Raises:
        ConfigError: No such task.
    """
    match name:
        case "classify":
            from foveal.tasks.classify.output import ClassifyOutput

            return ClassifyOutput()
        case "detect":
            from foveal.tasks.detect.output import DetectOutput

            return DetectOutput()
        case "segment":
            from foveal.tasks.segment.output import SegmentOutput

            return SegmentOutput()
        case "instance":
            from foveal.tasks.instance.output import InstanceOutput

            return InstanceOutput()
    raise ConfigError(f"There is no task {name!r}.", f"Tasks: {', '.join(TASKS)}.")


def get_task(name: str) -> "Task":
    """The whole task.

    Raises:
        ConfigError: No such task.
        MissingExtraError: torch or another training package is not installed.
    """
    try:
        match name:
            case "classify":
                from foveal.tasks.classify.task import Classify

                return Classify()
            case "detect":
                from foveal.tasks.detect.task import Detect

                return Detect()
            case "segment":
                from foveal.tasks.segment.task import Segment

                return Segment()
            case "instance":
                from foveal.tasks.instance.task import Instance

                return Instance()
    except ModuleNotFoundError as error:
        raise MissingExtraError("train or to run a network itself", error.name or "torch") from None
    raise ConfigError(f"There is no task {name!r}.", f"Tasks: {', '.join(TASKS)}.")


def get_settings(name: str) -> type[Settings]:
    """The task's own section of the configuration.

    Raises:
        ConfigError: No such task.
    """
    match name:
        case "classify":
            from foveal.tasks.classify.config import ClassifyConfig

            return ClassifyConfig
        case "detect":
            from foveal.tasks.detect.config import DetectConfig

            return DetectConfig
        case "segment":
            from foveal.tasks.segment.config import SegmentConfig

            return SegmentConfig
        case "instance":
            from foveal.tasks.instance.config import InstanceConfig

            return InstanceConfig
    raise ConfigError(f"There is no task {name!r}.", f"Tasks: {', '.join(TASKS)}.")
