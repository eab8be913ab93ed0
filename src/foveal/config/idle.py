"""Settings that another one switches off are refused rather than ignored."""

from collections.abc import Mapping
from typing import Any

from foveal.config.concerns import flag, flat
from foveal.config.phases import COMBINED
from foveal.config.schema import RunConfig
from foveal.errors import ConfigError
from foveal.tasks.table import STREAMS, TASKS, get_section

NEEDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "data.cache_dir": ("data.cache", ("disk",)),
    "data.val_fraction": ("data.folds", ("0",)),
    "input.crop_fraction": ("input.fit", ("crop",)),
    "input.whitening_patch": ("input.normalize", ("pca", "zca")),
    "augment.policy_magnitude": ("augment.policy", ("rand",)),
    "schedule.final": ("schedule.name", ("cosine", "onecycle", "plateau")),
    "schedule.step_epochs": ("schedule.name", ("step",)),
    "schedule.gamma": ("schedule.name", ("step", "plateau")),
    "schedule.plateau_patience": ("schedule.name", ("plateau",)),
}
"""A setting, and another one with the values at which it has a use; those of a task are in its ``TaskSpec.needs``."""

BESIDE: Mapping[str, tuple[str, ...]] = {
    "schedule.full_size_from": ("schedule.first_size",),
    "augment.mix_until": tuple(f"augment.{name}" for name in COMBINED),
}
"""A setting, and others of which one must be on, that is, not at its default."""


def needs() -> dict[str, tuple[str, tuple[str, ...]]]:
    """The same of all sections."""
    own = {
        f"{task}.{name}": (f"{task}.{other}", uses)
        for task in (*TASKS, *STREAMS)
        for name, (other, uses) in get_section(task).needs.items()
    }
    return {**NEEDS, **own}


def check_used(given: Mapping[str, object], config: RunConfig) -> None:
    """Check that every setting a user gave has a use beside the others; one given at its default is fine.

    Args:
        given: Nested sections, from flags or from Python.
        config: With the task's defaults.

    Raises:
        ConfigError: The hint names the setting that switches it on.
    """
    known, defaults = needs(), RunConfig()
    for key, value in flat(given):
        others = BESIDE.get(key, ())
        off = all(_value(config, other) == _value(defaults, other) for other in others)
        if others and off and value != _value(defaults, key):
            raise ConfigError(
                f"--{flag(key)} has no use without --{flag(others[0])}{' and the like' if others[1:] else ''}.",
                f"Leave it out, or set {' or '.join(f'--{flag(other)}' for other in others)}.",
            )
        if key not in known or value == _value(defaults, key):
            continue
        other, uses = known[key]
        now = _value(config, other)
        if set(uses).isdisjoint(map(str, now if isinstance(now, tuple) else (now,))):
            shown = " ".join(now) if isinstance(now, tuple) else now
            raise ConfigError(
                f"--{flag(key)} has no use while --{flag(other)} is {shown}.",
                f"Leave it out, or set --{flag(other)} {' or '.join(uses)}.",
            )


def _value(config: RunConfig, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(config, section), name)
