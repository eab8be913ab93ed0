"""Settings that concern other tasks or formats than a run's own are refused rather than ignored."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from foveal.data.config import AugmentConfig
from foveal.errors import ConfigError
from foveal.tasks.table import STREAMS, TASKS, get_section

FORMATS = {"data.bad": ("coco", "voc", "yolo")}
"""Settings that only some formats of data sets have a use for."""


def check_concerned(given: Mapping[str, object], task: str, *, data_format: str = "") -> None:
    """Check that a task uses every setting that a user gave; defaults and recipes are not theirs.

    An augmentation that is given as switched off is fine for every task.

    Args:
        given: Nested sections, from flags or from Python.
        task: The task of the run.
        data_format: Format of the data set; empty: unknown.

    Raises:
        ConfigError: The message names the tasks that have the setting.
    """
    for key, value in flat(given):
        section, _, name = key.partition(".")
        if section in (*TASKS, *STREAMS):
            theirs = [section] if section != task else []
        elif not has_use(key, task) and not _switched_off(section, name, value):
            theirs = [other for other in (*TASKS, *STREAMS) if has_use(key, other)]
        else:
            theirs = []
        if theirs:
            raise ConfigError(
                f"--{flag(key)} is a setting of {_either(theirs)}, and the task is {task}.",
                f"Leave it out, or train with --task {theirs[0]}." if theirs == [section] else "Leave it out.",
            )
        if data_format and data_format not in FORMATS.get(key, (data_format,)):
            raise ConfigError(
                f"--{flag(key)} is a setting for {_either(FORMATS[key])} data sets, and this is"
                f" {_article(data_format)} {data_format.replace('_', ' ')}.",
                "Leave it out.",
            )


def _switched_off(section: str, name: str, value: object) -> bool:
    """Whether it is an augmentation that is given as it is anyway."""
    return section == "augment" and value == AugmentConfig.model_fields[name].default


def has_use(key: str, task: str) -> bool:
    """Whether a task has a use for a dotted setting outside the tasks' own sections."""
    return not any(fnmatchcase(key, pattern) for pattern in get_section(task).unused)


def flat(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Dotted keys and their values."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def flag(key: str) -> str:
    """A key as it is typed, without the dashes before it."""
    return key.replace("_", "-")


def _either(names: list[str] | tuple[str, ...]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"
