"""RunConfig: every setting of a run. Flags, recipes and config.toml are this and nothing else. No torch."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from foveal.data.config import AugmentConfig, DataConfig, InputConfig
from foveal.engine.config import OptimConfig, RuntimeConfig, ScheduleConfig, TrainConfig
from foveal.errors import ConfigError
from foveal.models.config import ModelConfig
from foveal.tasks.classify.config import ClassifyConfig
from foveal.tasks.detect.config import DetectConfig
from foveal.tasks.instance.config import InstanceConfig
from foveal.tasks.segment.config import SegmentConfig
from foveal.types.settings import Settings


class RunConfig(Settings):
    """One run."""

    task: Literal["auto", "classify", "detect", "segment", "instance"] = "auto"
    """What is learnt; auto: what the data set's annotations are for."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Of everything random: split, order, augmentation, head layers, dropout."""
    data: DataConfig = DataConfig()
    """Where the images are and how they are loaded."""
    input: InputConfig = InputConfig()
    """How an image becomes the network's input."""
    augment: AugmentConfig = AugmentConfig()
    """Random changes to training images."""
    model: ModelConfig = ModelConfig()
    """The backbone."""
    classify: ClassifyConfig = ClassifyConfig()
    """Pooling, head and loss of a classifier."""
    detect: DetectConfig = DetectConfig()
    """Pyramid, anchors, losses and NMS of a detector."""
    segment: SegmentConfig = SegmentConfig()
    """Decoder and losses of semantic segmentation."""
    instance: InstanceConfig = InstanceConfig()
    """A detector's settings, and those of its masks."""
    optim: OptimConfig = OptimConfig()
    """The optimiser and which layers it trains."""
    schedule: ScheduleConfig = ScheduleConfig()
    """How the learning rate moves."""
    train: TrainConfig = TrainConfig()
    """How long to train."""
    runtime: RuntimeConfig = RuntimeConfig()
    """Device, precision and memory format."""


def parse_config(values: Mapping[str, Any], *, where: str) -> RunConfig:
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
                f"Did you mean {near[0]!r}?" if near else "`foveal train --help` lists all keys.",
            ) from None
        message = first["msg"][:1].lower() + first["msg"][1:]
        raise ConfigError(
            f"{where}: {key} = {first['input']!r} is not allowed: {message}.",
            "`foveal train --help` lists what each key allows.",
        ) from None


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


def merge(base: Mapping[str, Any], *layers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested sections laid over each other; later ones win."""
    out = dict(base)
    for layer in layers:
        for key, value in layer.items():
            old = out.get(key)
            out[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return out
