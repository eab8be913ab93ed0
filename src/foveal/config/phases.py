"""Phases of a training: its input grows, and images are combined until shortly before its end.

A phase begins with an epoch, so that a resumed run makes the same batches. Small inputs first are progressive resizing
(Howard 2018; Tan and Le 2021, "EfficientNetV2", section 4.2), and mosaics that end before training does are YOLOX's (Ge
et al. 2021, section 2.1).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from foveal.config.schema import RunConfig
from foveal.data.config import AugmentConfig
from foveal.errors import ConfigError
from foveal.types.input_spec import InputSpec
from foveal.types.size import Size

COMBINED = ("mixup", "cutmix", "mosaic", "box_mixup", "copy_paste")
"""Settings that combine images."""
STEPS = 4
"""Sizes that a growing input goes through before its full one."""
MULTIPLE = 32
"""Sides of smaller inputs are multiples of this many pixels, as most networks like them."""


@dataclass(frozen=True)
class Phase:
    """How images are made from a fraction of the training on.

    Attributes:
        start: That fraction.
        spec: Sizes of the input.
        augment: Names and strengths.
    """

    start: float
    spec: InputSpec
    augment: AugmentConfig


def phases_of(config: RunConfig, spec: InputSpec) -> tuple[Phase, ...]:
    """The phases of a run in order; the first begins at 0, the last has the full size of the input.

    Args:
        config: Complete.
        spec: The input, at its full size.

    Raises:
        ConfigError: The input is to grow, and cannot.
    """
    schedule, augment = config.schedule, config.augment
    plain = augment.model_copy(update=dict.fromkeys(COMBINED, 0.0))
    starts = [0.0]
    if schedule.first_size < 1:
        starts += [round(schedule.full_size_from * (step + 1) / STEPS, 9) for step in range(STEPS)]
    if plain != augment:
        starts.append(augment.mix_until)
    phases: list[Phase] = []
    for start in sorted(set(starts)):
        mixes = start < augment.mix_until or augment.mix_until == 1
        phase = Phase(start, _at(spec, _share(config, start)), augment if mixes else plain)
        if not phases or (phase.spec, phase.augment) != (phases[-1].spec, phases[-1].augment):
            phases.append(phase)
    if schedule.first_size < 1:
        _check_growth(config, phases)
    return tuple(phases)


def _check_growth(config: RunConfig, phases: Sequence[Phase]) -> None:
    schedule, name = config.schedule, "--schedule.first-size"
    if not schedule.full_size_from:
        raise ConfigError(f"{name} has no use while --schedule.full-size-from is 0.", "Leave out one of the two.")
    if config.train.epochs == 1:
        raise ConfigError(f"{name} has no use in a single epoch.", "Leave it out, or train for more --epochs.")
    if len({phase.spec.train_size for phase in phases}) == 1:
        raise ConfigError(
            f"{name} {schedule.first_size:g} leaves inputs at their full size, {phases[-1].spec.train_size} px:"
            f" sides of smaller ones are multiples of {MULTIPLE} px.",
            "Use a smaller fraction, or leave it out.",
        )


def _share(config: RunConfig, progress: float) -> float:
    """Sides of the input as a fraction of the full ones: from the first size up in equal steps."""
    schedule = config.schedule
    if progress >= schedule.full_size_from:
        return 1.0
    done = int(progress / schedule.full_size_from * STEPS + 1e-9) / STEPS
    return schedule.first_size + (1 - schedule.first_size) * done


def _at(spec: InputSpec, share: float) -> InputSpec:
    """Both sizes times a share, so that objects are smaller and crops show as much."""
    if share == 1:
        return spec
    multiple = MULTIPLE if spec.whitening is None else math.lcm(MULTIPLE, spec.whitening.patch)
    sizes = {name: _smaller(getattr(spec, name), share, multiple) for name in ("size", "train_size")}
    return spec.model_copy(update=sizes)


def _smaller(full: Size, share: float, multiple: int) -> Size:
    sides = zip(full.times(share, multiple=multiple).sides, full.sides, strict=True)
    return Size(*(min(side) for side in sides))
