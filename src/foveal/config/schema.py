"""RunConfig: every setting of a run. Flags, recipes and config.toml are all parsed into it. No torch."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError, create_model

from foveal.data.config import AugmentConfig, DataConfig, InputConfig
from foveal.engine.config import OptimConfig, RuntimeConfig, ScheduleConfig, TrainConfig
from foveal.errors import ConfigError
from foveal.models.config import ModelConfig
from foveal.tasks.table import STREAMS, TASKS, get_section
from foveal.types.settings import Settings

if TYPE_CHECKING:
    TaskName = str
else:
    TaskName = Literal["auto", *TASKS, *STREAMS]


class _Sections(Settings):
    """The sections of every run, up to the network."""

    task: TaskName = "auto"
    """What to train; auto: the task that the data set's annotations fit."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seed of the split, the order, the augmentation, the initial weights and dropout."""
    data: DataConfig = DataConfig()
    """The data set: location, format, splits and loading."""
    input: InputConfig = InputConfig()
    """Preprocessing: how an image becomes the network's input."""
    augment: AugmentConfig = AugmentConfig()
    """Augmentation of the training images; 0 switches an operation off, or 1 for a scale or a ratio."""
    model: ModelConfig = ModelConfig()
    """The backbone and its weights."""


def _with_task_sections(base: type[_Sections]) -> type[_Sections]:
    """A section for each task, under its name."""
    sections: dict[str, Any] = {}
    for name in (*TASKS, *STREAMS):
        settings = get_section(name).settings
        summary = (settings.__doc__ or "").partition("\n")[0]
        sections[name] = (settings, Field(default=settings(), description=summary))
    return create_model("_TaskSections", __base__=base, **sections)


if TYPE_CHECKING:
    _TaskSections = _Sections
else:
    _TaskSections = _with_task_sections(_Sections)


class RunConfig(_TaskSections):
    """One run. Each task has a section of its own, by its name."""

    optim: OptimConfig = OptimConfig()
    """The optimiser, and which layers it trains."""
    schedule: ScheduleConfig = ScheduleConfig()
    """The learning rate schedule."""
    train: TrainConfig = TrainConfig()
    """Length of the training, evaluation and checkpoints."""
    runtime: RuntimeConfig = RuntimeConfig()
    """Hardware, numerical precision and tracking."""

    def own(self, task: str) -> Settings:
        """The section of a task."""
        section: Settings = getattr(self, task)
        return section


def parse_config(values: Mapping[str, object], *, where: str) -> RunConfig:
    """Check values from a recipe, a config.toml or flags.

    Args:
        values: Nested sections.
        where: The file or "the command line", for messages.

    Raises:
        ConfigError: An unknown key (the message suggests one), or a value out of its bounds.
    """
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = option_names()
            near = get_close_matches(key, known, n=1, cutoff=0.5) or [
                name for name in known if name.rsplit(".", 1)[-1] == key.rsplit(".", 1)[-1]
            ]
            raise ConfigError(
                f"{where}: unknown key {key!r}.",
                f"Did you mean {near[0]!r}?" if near else "`foveal train --help-all` lists all keys.",
            ) from None
        raise ConfigError(
            f"{where}: {key} = {first['input']!r} is not allowed: {in_words(first['msg'])}.",
            "`foveal train --help-all` lists what each key allows.",
        ) from None


def in_words(message: str) -> str:
    """What pydantic says of a value, to follow a colon: "it should be greater than 0"."""
    message = message.removeprefix("Value error, ").replace("Input should", "it should", 1)
    return message[:1].lower() + message[1:]


def option_names(section: type[Settings] = RunConfig, prefix: str = "") -> list[str]:
    """Every key, dotted, in order."""
    names: list[str] = []
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Settings):
            names += option_names(kind, f"{prefix}{name}.")
        else:
            names.append(f"{prefix}{name}")
    return names


def merge(base: Mapping[str, object], *layers: Mapping[str, object]) -> dict[str, object]:
    """Nested sections laid over each other; later ones win."""
    out = dict(base)
    for layer in layers:
        for key, value in layer.items():
            old = out.get(key)
            out[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return out
